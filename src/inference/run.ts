import { assert, present } from '../lib/assert';
import { breathe, type Polled, throwIfInterrupted, uninterrupted } from '../lib/control';
import { StudioError } from '../lib/errors';
import type { SoftPrompt } from '../prompt/soft-prompt';
import type { HostTensor, Runner } from '../runtime/types';
import { atEnd, buildFeeds, type FeedOptions, layoutOf, type MixedTokens, pastLength, type Sequence } from './feeds';
import { type KvRow, kvBytesPerToken, unpackPresent } from './kv';
import { IO, type ProgramSpec, takesPast } from './program';

/** Runs must not overlap. */
export interface Program {
  readonly spec: ProgramSpec;
  readonly runner: Runner;
  /** Where the program trains adapters; undefined: zeros. */
  readonly adapter?: Float32Array | undefined;
  /** Keys and values of other tasks' prompts that came with the model: a start. */
  readonly transfer?: Float32Array | undefined;
}

export interface RunOptions extends Omit<FeedOptions, 'adapter'> {
  readonly keepPresent: boolean;
  readonly keepStates?: boolean;
}

export interface RunOutcome {
  /** Row-major `[reads, columns]`. */
  readonly logits: Float32Array;
  readonly columns: number;
  /** 0 without an objective. */
  readonly loss: number;
  /** Of the vectors, in their own order, or of the adapters; null without an objective. */
  readonly softGrad: Float32Array | null;
  /** Row-major `[reads, hidden]`; null if not kept. */
  readonly states: Float32Array | null;
  /** By row, the past included; empty if not kept. */
  readonly present: readonly KvRow[];
}

/** @throws StudioError as Runner.run */
export async function run(
  { spec, runner, adapter }: Program,
  sequences: readonly Sequence[],
  options: RunOptions,
): Promise<RunOutcome> {
  const gradient = options.soft?.heads ? IO.pastGrad : IO.softGrad;
  const fetches = [
    IO.logits,
    ...(options.objective ? [IO.loss, gradient] : []),
    ...(options.keepStates ? [IO.states] : []),
    ...(options.keepPresent ? [...spec.presentKeys, ...spec.presentValues] : []),
  ];
  const outputs = await runner.run(buildFeeds(spec, sequences, { ...options, adapter }), fetches);
  const { past } = layoutOf(sequences);
  return {
    logits: floats(outputs, IO.logits),
    columns: options.candidates?.length ?? spec.vocabulary,
    loss: options.objective ? present(floats(outputs, IO.loss)[0], IO.loss) : 0,
    softGrad: options.objective ? floats(outputs, gradient) : null,
    states: options.keepStates ? floats(outputs, IO.states) : null,
    present: options.keepPresent
      ? sequences.map((sequence, r) =>
          unpackPresent(
            outputs,
            spec,
            { r, past, pastLength: pastLength(sequence), tokens: sequence.tokens.length },
            sequence.past?.start,
          ),
        )
      : [],
  };
}

function floats(outputs: Readonly<Record<string, HostTensor>>, name: string): Float32Array {
  const tensor = present(outputs[name], name);
  assert(tensor.dtype === 'float32', `${name} is ${tensor.dtype}`);
  return tensor.data;
}

/** `[ids, hidden]`, after any scale; the model itself runs on a single token. */
export async function embeddingRows({ spec, runner }: Program, ids: readonly number[]): Promise<Float32Array> {
  const sequence: Sequence = { tokens: Int32Array.of(0), past: null, reads: [0] };
  const feeds = buildFeeds(spec, [sequence], { soft: null, candidates: [0], embeddingIds: ids });
  const outputs = await runner.run(feeds, [IO.tokenEmbeddings]);
  return floats(outputs, IO.tokenEmbeddings);
}

/** The logit of a hidden state h is `scale (h · vector + bias)`, bounded where it is capped. */
export interface OutputVectors {
  /** `[ids, hidden]`, row-major. */
  readonly vectors: Float32Array;
  readonly biases: readonly number[];
  readonly scale: number;
  readonly isCapped: boolean;
}

/** The model runs on a single token. @throws StudioError `model-unsupported` where the head keeps columns of 16 bits */
export async function outputVectors({ spec, runner }: Program, ids: readonly number[]): Promise<OutputVectors> {
  if (spec.headRows === 'hidden')
    throw new StudioError(
      'model-unsupported',
      'The vectors of the vocabulary are not readable while this model is held in 16 bits. Load it with fast weights.',
    );
  const sequence: Sequence = { tokens: Int32Array.of(0), past: null, reads: [0] };
  const { scale, softcap, bias } = spec.head;
  const feeds = buildFeeds(spec, [sequence], { soft: null, candidates: ids, embeddingIds: ids });
  const rows = spec.headRows === 'embedded' ? IO.tokenEmbeddings : IO.outputVectors;
  const outputs = await runner.run(feeds, [rows, IO.logits, IO.states]);
  const vectors = floats(outputs, rows);
  const [logits, state] = [floats(outputs, IO.logits), floats(outputs, IO.states)];
  const product = (i: number) => state.reduce((sum, h, f) => sum + h * (vectors[i * spec.hidden + f] as number), 0);
  return {
    vectors,
    biases: ids.map((_, i) => (bias === null ? 0 : (logits[i] as number) / (scale ?? 1) - product(i))),
    scale: scale ?? 1,
    isCapped: softcap !== null,
  };
}

/** A token takes about 1.7 MB in training, while more than 100 tokens gain no speed (docs/benchmarks.md). */
export const MAX_RUN_TOKENS = 128;
/** Of keys and values in one run. */
const MAX_PAST_BYTES = 64 * 1024 * 1024;

export function runLimits(spec: ProgramSpec): RunLimits {
  return {
    maxTokens: MAX_RUN_TOKENS,
    maxPast: Math.floor(MAX_PAST_BYTES / kvBytesPerToken(spec)),
    // Otherwise the graph derives positions from the length of the past, padding included.
    samePast: spec.inputs.positions === null && !spec.inputs.countsMask,
  };
}

/** For runs that read every token over the whole vocabulary: at most 64 MB of logits. */
export function vocabularyLimits(spec: ProgramSpec): RunLimits {
  const limits = runLimits(spec);
  const reads = Math.floor((64 * 1024 * 1024) / (4 * spec.vocabulary));
  return { ...limits, maxTokens: Math.min(limits.maxTokens, takesPast(spec) ? reads : limits.maxTokens) };
}

export interface RowCost {
  readonly tokens: number;
  /** Tokens whose keys and values are fed. */
  readonly past: number;
}

/** A larger row runs alone. */
export interface RunLimits {
  /** Padded tokens, batch x longest. */
  readonly maxTokens: number;
  /** Padded past tokens, batch x longest past. */
  readonly maxPast: number;
  /** Rows of one run must have pasts of equal length. */
  readonly samePast: boolean;
}

/** Rows of similar length, a run each. By the costs alone: same rows, same runs. */
export function lengthBuckets(rows: readonly RowCost[], limits: RunLimits): readonly (readonly number[])[] {
  const order = rows
    .map((row, index) => ({ ...row, index }))
    .sort((a, b) => a.tokens - b.tokens || a.past - b.past || a.index - b.index);
  if (limits.samePast) order.sort((a, b) => a.past - b.past || a.tokens - b.tokens || a.index - b.index);
  const buckets: number[][] = [];
  let current: RowCost = { tokens: 0, past: 0 };
  for (const row of order) {
    const bucket = buckets.at(-1);
    const joined = { tokens: Math.max(current.tokens, row.tokens), past: Math.max(current.past, row.past) };
    if (bucket && fits(joined, bucket.length + 1, limits) && !(limits.samePast && row.past !== current.past)) {
      bucket.push(row.index);
      current = joined;
    } else {
      buckets.push([row.index]);
      current = { tokens: row.tokens, past: row.past };
    }
  }
  return buckets;
}

const fits = (largest: RowCost, count: number, limits: RunLimits) =>
  count * largest.tokens <= limits.maxTokens && count * largest.past <= limits.maxPast;

/**
 * Runs sequences in parts that fit, and hands out what the head read of each: `[reads, columns]`.
 * @throws `cancelled`, and as Runner.run
 */
export async function runEach(
  program: Program,
  sequences: readonly Sequence[],
  limits: RunLimits,
  options: RunOptions,
  read: (index: number, logits: Float32Array, columns: number) => void,
  control: Polled = uninterrupted,
): Promise<void> {
  const costs = sequences.map((sequence) => ({ tokens: sequence.tokens.length, past: pastLength(sequence) }));
  for (const part of lengthBuckets(costs, limits)) {
    throwIfInterrupted(control);
    const chosen = part.map((i) => present(sequences[i], 'sequence'));
    const { logits, columns } = await run(program, chosen, options);
    let from = 0;
    for (const [i, { reads }] of chosen.entries()) {
      const to = from + reads.length * columns;
      read(present(part[i], 'part'), logits.subarray(from, to), columns);
      from = to;
    }
    await breathe();
  }
}

/** In pieces that fit a run. @throws `cancelled`, and as Runner.run */
export async function prefill(
  program: Program,
  tokens: MixedTokens,
  soft: SoftPrompt | null,
  past: KvRow | null = null,
  control: Polled = uninterrupted,
): Promise<KvRow> {
  let kv = past;
  for (let from = 0; from < tokens.length; from += MAX_RUN_TOKENS) {
    const piece = tokens.subarray(from, from + MAX_RUN_TOKENS);
    // The head needs a read; one candidate is cheap.
    const outcome = await run(program, [atEnd({ tokens: piece, past: kv })], {
      soft,
      candidates: [0],
      keepPresent: true,
    });
    kv = present(outcome.present[0], 'keys and values');
    await breathe();
    throwIfInterrupted(control);
  }
  return present(kv, 'a sequence to prefill');
}
