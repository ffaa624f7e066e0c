import type { Control } from '../inference/control';
import { pastLength, type Sequence } from '../inference/feeds';
import type { KvRow } from '../inference/kv';
import { isSequenceScored } from '../inference/label-scores';
import { runLimits } from '../inference/limits';
import { takesPast } from '../inference/program';
import { type Program, run } from '../inference/run';
import { checkContext } from '../inference/score';
import { withSoft } from '../inference/sequence';
import type { CachePlan, TextCache } from '../inference/text-cache';
import { present } from '../lib/assert';
import type { SoftPrompt } from '../prompt/types';
import { lengthBuckets } from '../tokens/buckets';
import type { LabelTokens, TokenRow } from '../tokens/types';

export interface Gradient {
  /** Mean over the batch. */
  readonly loss: number;
  /** d loss / d soft, `[virtual, hidden]`. */
  readonly gradient: Float32Array;
}

/** A row with what the head should find at each of its reads. */
interface Target {
  readonly sequence: Sequence;
  readonly targets: readonly number[];
}

/**
 * Mean loss of labelled rows and its gradient. With single-token answer words: cross-entropy of the softmax over those
 * words. Otherwise: mean cross-entropy over the gold word's tokens, each over the whole vocabulary.
 *
 * A batch larger than a run may be is split; losses and gradients are weighted sums, so that the parts add up to the whole.
 * @throws StudioError `too-long`, and as Runner.run
 */
export async function batchGradient(
  program: Program,
  rows: readonly TokenRow[],
  labels: readonly LabelTokens[],
  soft: SoftPrompt,
  cached: { readonly cache: TextCache; readonly plan: CachePlan; readonly control: Control } | null,
): Promise<Gradient> {
  const texts = await textsOf(program, rows, soft, cached);
  const targets = rows.map((row, i) => targetOf(row, present(texts[i], 'text'), labels));
  const costs = targets.map(({ sequence }) => ({ tokens: sequence.tokens.length, past: pastLength(sequence) }));
  const candidates = isSequenceScored(labels)
    ? null
    : labels.map((label) => present(label.tokenIds[0], 'token of a label'));
  const sum = new Float64Array(soft.vectors.length);
  let loss = 0;
  for (const bucket of lengthBuckets(costs, runLimits(program.spec))) {
    const chosen = bucket.map((index) => present(targets[index], 'target'));
    const objective = {
      targets: chosen.flatMap((target) => target.targets),
      weights: chosen.flatMap((target) => target.targets.map(() => 1 / (rows.length * target.targets.length))),
    };
    const sequences = chosen.map((target) => target.sequence);
    const outcome = await run(program, sequences, { soft, candidates, objective, keepPresent: false });
    loss += outcome.loss;
    present(outcome.softGrad, 'gradient').forEach((g, i) => {
      sum[i] = (sum[i] as number) + g;
    });
  }
  return { loss, gradient: Float32Array.from(sum) };
}

/** What is run of each row up to where its label begins. */
async function textsOf(
  program: Program,
  rows: readonly TokenRow[],
  soft: SoftPrompt,
  cached: Parameters<typeof batchGradient>[4],
): Promise<readonly { readonly tokens: Int32Array; readonly past: KvRow | null }[]> {
  const whole = rows.map((row) => withSoft(row.ids, soft));
  checkContext(program.spec.contextLength, rows, whole, 0);
  if (!cached || soft.placement === 'prefix' || !takesPast(program.spec))
    return whole.map((tokens) => ({ tokens, past: null }));
  const pasts = await cached.cache.fetch(program, cached.plan, rows, cached.control);
  return rows.map((_, i) => ({ tokens: withSoft(new Int32Array(0), soft), past: pasts[i] ?? null }));
}

function targetOf(
  row: TokenRow,
  { tokens, past }: { tokens: Int32Array; past: KvRow | null },
  labels: readonly LabelTokens[],
): Target {
  const gold = present(row.label, `label of row ${row.rowId}`);
  const end = tokens.length - 1;
  if (!isSequenceScored(labels)) return { sequence: { tokens, past, reads: [end] }, targets: [gold] };
  const { tokenIds } = present(labels[gold], 'label');
  const sequence = {
    tokens: Int32Array.from([...tokens, ...tokenIds.slice(0, -1)]),
    past,
    reads: tokenIds.map((_, t) => end + t),
  };
  return { sequence, targets: tokenIds };
}
