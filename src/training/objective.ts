import type { Control } from '../inference/control';
import { type Objective, pastLength, type Sequence } from '../inference/feeds';
import type { KvRow } from '../inference/kv';
import { isSequenceScored } from '../inference/label-scores';
import { runLimits } from '../inference/limits';
import { logSumExp } from '../inference/log-softmax';
import { takesPast } from '../inference/program';
import { type Program, run } from '../inference/run';
import { checkContext } from '../inference/score';
import { type MixedTokens, withSoft } from '../inference/sequence';
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

export interface BatchOptions {
  readonly rows: readonly TokenRow[];
  readonly labels: readonly LabelTokens[];
  readonly soft: SoftPrompt;
  /** Where the texts' keys and values are (suffix only); null = every text is run. */
  readonly cached: { readonly cache: TextCache; readonly plan: CachePlan; readonly control: Control } | null;
  /** Loss over the whole vocabulary instead of over the answer words; needed where a word has several tokens. */
  readonly wholeVocabulary?: boolean;
}

/**
 * Mean loss of labelled rows and its gradient. With single-token answer words: cross-entropy of the softmax over those
 * words. Otherwise: mean cross-entropy over the gold word's tokens, each over the whole vocabulary.
 *
 * A batch larger than a run may be is split; losses and gradients are weighted sums, so that the parts add up to the whole.
 * @throws StudioError `too-long`, and as Runner.run
 */
export async function batchGradient(program: Program, options: BatchOptions): Promise<Gradient> {
  const { soft } = options;
  const sum = new Float64Array(soft.vectors.length);
  let loss = 0;
  for (const { sequences, candidates, objective } of await partsOf(program, options)) {
    const outcome = await run(program, sequences, { soft, candidates, objective, keepPresent: false });
    loss += outcome.loss;
    present(outcome.softGrad, 'gradient').forEach((g, i) => {
      sum[i] = (sum[i] as number) + g;
    });
  }
  return { loss, gradient: Float32Array.from(sum) };
}

/** The same loss without its gradient: a fraction of the time, and in double precision from the logits on. */
export async function batchLoss(program: Program, options: BatchOptions): Promise<number> {
  let loss = 0;
  for (const { sequences, candidates, objective } of await partsOf(program, options)) {
    const asked = { soft: options.soft, candidates, objective: null, keepPresent: false };
    const { logits, columns } = await run(program, sequences, asked);
    objective.targets.forEach((target, r) => {
      const row = logits.subarray(r * columns, (r + 1) * columns);
      loss += (objective.weights[r] ?? 0) * (logSumExp(row) - (row[target] ?? Number.NaN));
    });
  }
  return loss;
}

/** What one run of a split batch is given. */
interface Part {
  readonly sequences: readonly Sequence[];
  readonly candidates: readonly number[] | null;
  readonly objective: Objective;
}

async function partsOf(program: Program, options: BatchOptions): Promise<readonly Part[]> {
  const { rows, labels, wholeVocabulary = isSequenceScored(labels) } = options;
  const texts = await textsOf(program, options);
  const targetOf = wholeVocabulary ? wordTarget : choiceTarget;
  const targets = rows.map((row, i) => targetOf(row, present(texts[i], 'text'), labels));
  const costs = targets.map(({ sequence }) => ({ tokens: sequence.tokens.length, past: pastLength(sequence) }));
  const candidates = wholeVocabulary ? null : labels.map((label) => present(label.tokenIds[0], 'token of a label'));
  return lengthBuckets(costs, runLimits(program.spec)).map((bucket) => {
    const chosen = bucket.map((index) => present(targets[index], 'target'));
    const objective = {
      targets: chosen.flatMap((target) => target.targets),
      weights: chosen.flatMap((target) => target.targets.map(() => 1 / (rows.length * target.targets.length))),
    };
    return { sequences: chosen.map((target) => target.sequence), candidates, objective };
  });
}

/** The part of a row that is run, up to where its label begins. */
interface Text {
  readonly tokens: MixedTokens;
  readonly past: KvRow | null;
}

async function textsOf(program: Program, { rows, soft, cached }: BatchOptions): Promise<readonly Text[]> {
  const whole = rows.map((row) => withSoft(row.ids, soft));
  checkContext(program.spec.contextLength, rows, whole, 0);
  if (!cached || soft.placement === 'prefix' || !takesPast(program.spec))
    return whole.map((tokens) => ({ tokens, past: null }));
  const pasts = await cached.cache.fetch(program, cached.plan, rows, cached.control);
  return rows.map((_, i) => ({ tokens: withSoft(new Int32Array(0), soft), past: pasts[i] ?? null }));
}

type TargetOf = (row: TokenRow, text: Text, labels: readonly LabelTokens[]) => Target;

const goldOf = (row: TokenRow) => present(row.label, `label of row ${row.rowId}`);

/** Which of the answer words comes next. */
const choiceTarget: TargetOf = (row, { tokens, past }) => ({
  sequence: { tokens, past, reads: [tokens.length - 1] },
  targets: [goldOf(row)],
});

/** Every token of the gold word, each after those before it. */
const wordTarget: TargetOf = (row, text, labels) => {
  const { tokenIds } = present(labels[goldOf(row)], 'label');
  const tokens = Int32Array.from([...text.tokens, ...tokenIds.slice(0, -1)]);
  const reads = tokenIds.map((_, t) => text.tokens.length - 1 + t);
  return { sequence: { tokens, past: text.past, reads }, targets: tokenIds };
};
