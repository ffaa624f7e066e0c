import type { RunLimits } from '../tokens/buckets';
import { kvBytesPerToken } from './kv';
import { type ProgramSpec, takesPast } from './program';

/**
 * Tokens that one run may feed to the graph: activations, and their gradients, grow with them (about 1.7 MB a token in
 * training), while above 100 tokens nothing is gained in speed (docs/benchmarks.md).
 */
export const MAX_RUN_TOKENS = 128;
/** Bytes of keys and values that one run may feed. */
const MAX_PAST_BYTES = 64 * 1024 * 1024;

export function runLimits(spec: ProgramSpec): RunLimits {
  return {
    maxTokens: MAX_RUN_TOKENS,
    maxPast: Math.floor(MAX_PAST_BYTES / kvBytesPerToken(spec)),
    samePast: spec.inputs.positions === null && spec.inputs.bias === null,
  };
}

/** Where each token that is run is read over the whole vocabulary: at most 64 MB of logits. */
export function vocabularyLimits(spec: ProgramSpec): RunLimits {
  const limits = runLimits(spec);
  const reads = Math.floor((64 * 1024 * 1024) / (4 * spec.vocabulary));
  return { ...limits, maxTokens: Math.min(limits.maxTokens, takesPast(spec) ? reads : limits.maxTokens) };
}
