import type { CachePlan } from '../inference/cache-plan';
import { type Objective, pastLength, type Sequence, type StartedRow, withSoft } from '../inference/feeds';
import { isSequenceScored } from '../inference/label-scores';
import { type ProgramSpec, takesPast } from '../inference/program';
import { beforeRest, checkContext, checkKeys, tokensRead, unkeptTexts } from '../inference/rows';
import { lengthBuckets, type Program, type RunOutcome, run, runLimits, vocabularyLimits } from '../inference/run';
import { withTarget } from '../inference/score';
import type { TextCache } from '../inference/text-cache';
import { present } from '../lib/assert';
import { type Polled, uninterrupted } from '../lib/control';
import { entropy } from '../metrics/calibration';
import { logSumExp } from '../metrics/classification';
import { tagLoss } from '../metrics/tags';
import type { SoftPrompt } from '../prompt/soft-prompt';
import type { LabelTokens, TokenRow } from '../tokens/tokenizer';

export interface Gradient {
  /** Mean over the batch. */
  readonly loss: number;
  /** d loss / d vectors, in their own order; or of the adapters. */
  readonly gradient: Float32Array;
  /** d loss / d answer shift, `[labels, hidden]`; only for a prompt that has one. */
  readonly answerGradient?: Float32Array;
}

interface Target {
  readonly sequence: Sequence;
  readonly targets: Objective['targets'];
  /** Of the row. */
  readonly weight: number;
}

interface GradientOptions {
  readonly rows: readonly TokenRow[];
  readonly labels: readonly LabelTokens[];
  /** Null: the program trains its adapters. */
  readonly soft: SoftPrompt | null;
  /** The texts' keys and values (not with a prefix); null = every text is run. */
  readonly cached: { readonly cache: TextCache; readonly plan: CachePlan; readonly control: Polled } | null;
  /** By label. */
  readonly labelWeights?: readonly number[];
  /** Not over the answer words alone; needed where a word has several tokens. */
  readonly wholeVocabulary?: boolean;
}

export interface BatchOptions extends GradientOptions {
  readonly soft: SoftPrompt;
}

/**
 * Rows with a target: mean cross-entropy over its tokens. Single-token answer words: of the softmax over those words; others:
 * mean over the gold word's tokens, each over the whole vocabulary. Rows that are taught probabilities q: the divergence
 * `KL(q | p) = sum_c q_c log(q_c / p_c)` of the answers p from them (Hinton et al. 2015). Label weights multiply a row's part;
 * the sum is still divided by the number of rows. Rows with several labels: mean binary cross-entropy over the labels
 * (`metrics/tags`), whose slope the graph gets as the softmax less its target, in a second pass. A batch larger than a run is split into weighted sums.
 * @throws StudioError `too-long`, and as Runner.run
 */
export async function batchGradient(program: Program, options: GradientOptions): Promise<Gradient> {
  const { soft } = options;
  const answerShift = soft?.answerShift;
  let sum = new Float64Array(0);
  const answerSum = answerShift && new Float64Array(answerShift.length);
  let loss = 0;
  for (const part of await partsOf(program, options)) {
    const { sequences, candidates, tags } = part;
    const asked = { soft, candidates, answerShift, keepPresent: false };
    const tagged =
      tags && tagObjective(await run(program, sequences, { ...asked, objective: null }), part.objective, tags);
    const objective = tagged?.objective ?? part.objective;
    const outcome = await run(program, sequences, { ...asked, objective, keepStates: answerShift !== undefined });
    loss += tagged?.loss ?? outcome.loss - entropyOf(objective);
    const own = present(outcome.softGrad, 'gradient');
    if (sum.length === 0) sum = new Float64Array(own.length);
    own.forEach((g, i) => {
      sum[i] = (sum[i] as number) + g;
    });
    if (answerSum) addAnswerGradient(answerSum, outcome, objective, program.spec);
  }
  return { loss, gradient: Float32Array.from(sum), ...(answerSum && { answerGradient: Float32Array.from(answerSum) }) };
}

/** Targets under which the graph's cross-entropy has the slope of the labels' own loss: softmax(l) − target = slope. */
function tagObjective(
  { logits, columns }: Pick<RunOutcome, 'logits' | 'columns'>,
  { weights }: Objective,
  tags: readonly (readonly number[])[],
): { readonly loss: number; readonly objective: Objective } {
  const rows = tags.map((own, r) => {
    const scores = Array.from(logits.subarray(r * columns, (r + 1) * columns));
    const { loss, slopes } = tagLoss(scores, own);
    const normaliser = logSumExp(scores);
    return { loss, target: scores.map((logit, c) => Math.exp(logit - normaliser) - (slopes[c] as number)) };
  });
  return {
    loss: rows.reduce((sum, { loss }, r) => sum + (weights[r] ?? 0) * loss, 0),
    objective: { targets: rows.map(({ target }) => target), weights },
  };
}

/**
 * The head is the last layer, so its shift needs no backward pass: with the hidden state h_r and the logits l_r of read r,
 *     d loss / d shift_c = sum_r weight_r (softmax(l_r)_c - [c is the target of r]) f(l_rc) h_r
 *
 * f is the slope of what the model does to a product with the head: scale (1 - (l / cap)^2), 1 for most models.
 */
function addAnswerGradient(
  sum: Float64Array,
  { logits, columns, states }: RunOutcome,
  { targets, weights }: Objective,
  { hidden, head: { scale, softcap } }: ProgramSpec,
): void {
  const kept = present(states, 'hidden states');
  const slope = (logit: number) => (scale ?? 1) * (softcap === null ? 1 : 1 - (logit / softcap) ** 2);
  for (const [r, target] of targets.entries()) {
    const row = logits.subarray(r * columns, (r + 1) * columns);
    const normaliser = logSumExp(row);
    for (const [c, logit] of row.entries()) {
      const residual = Math.exp(logit - normaliser) - shareOf(target, c);
      const factor = (weights[r] ?? 0) * residual * slope(logit);
      for (let i = 0; i < hidden; i++)
        sum[c * hidden + i] = (sum[c * hidden + i] as number) + factor * (kept[r * hidden + i] as number);
    }
  }
}

/**
 * Without the gradient, for each of several choices of the vectors, side by side as further virtual tokens of one run (keys and
 * values: a run each), and in double precision from the logits on.
 * @throws StudioError `too-long`, and as Runner.run
 */
export async function batchLosses(
  program: Program,
  options: BatchOptions,
  choices: readonly Float32Array[],
): Promise<number[]> {
  const losses = new Array<number>(choices.length).fill(0);
  if (options.soft.heads) {
    for (const [i, vectors] of choices.entries()) {
      const soft = { ...options.soft, vectors };
      for (const part of await partsOf(program, { ...options, soft })) {
        const [loss = Number.NaN] = await sideBySide(program, part, soft, [vectors]);
        losses[i] = (losses[i] ?? 0) + loss;
      }
    }
    return losses;
  }
  const { maxTokens } = runLimits(program.spec);
  for (const part of await partsOf(program, options)) {
    const tokens = part.sequences.length * Math.max(...part.sequences.map((sequence) => sequence.tokens.length));
    const together = Math.max(1, Math.floor(maxTokens / tokens));
    for (let from = 0; from < choices.length; from += together) {
      const found = await sideBySide(program, part, options.soft, choices.slice(from, from + together));
      for (const [i, loss] of found.entries()) losses[from + i] = (losses[from + i] ?? 0) + loss;
    }
  }
  return losses;
}

/** Choice c of virtual token j is virtual token `c * virtualTokens + j` of the run. */
async function sideBySide(
  program: Program,
  { sequences, candidates, objective, tags }: Part,
  { virtualTokens, answerShift, ...prompt }: SoftPrompt,
  choices: readonly Float32Array[],
): Promise<number[]> {
  const chosen = choices.flatMap((_, c) =>
    sequences.map((sequence) => ({
      ...sequence,
      tokens: sequence.tokens.map((token) => (token < 0 ? token - c * virtualTokens : token)),
    })),
  );
  const vectors = Float32Array.from(choices.flatMap((choice) => [...choice]));
  const soft = { ...prompt, vectors, virtualTokens: virtualTokens * choices.length };
  const asked = { soft, candidates, answerShift, objective: null, keepPresent: false };
  const { logits, columns } = await run(program, chosen, asked);
  const { targets, weights } = objective;
  const wanted = (row: Float32Array, target: Objective['targets'][number]) =>
    typeof target === 'number'
      ? (row[target] ?? Number.NaN)
      : target.reduce((sum, share, column) => sum + share * (row[column] ?? Number.NaN), 0);
  return choices.map((_, c) =>
    targets.reduce<number>(
      (loss, target, r) => {
        const begin = (c * targets.length + r) * columns;
        const row = logits.subarray(begin, begin + columns);
        if (tags) return loss + (weights[r] ?? 0) * tagLoss(Array.from(row), tags[r] ?? []).loss;
        return loss + (weights[r] ?? 0) * (logSumExp(row) - wanted(row, target));
      },
      tags ? 0 : -entropyOf(objective),
    ),
  );
}

const shareOf = (target: Objective['targets'][number], column: number): number =>
  typeof target === 'number' ? Number(column === target) : (target[column] ?? 0);

/** What the cross-entropy exceeds the divergence from taught probabilities by. 0 for labels. */
const entropyOf = ({ targets, weights }: Objective): number =>
  targets.reduce<number>(
    (sum, target, r) => (typeof target === 'number' ? sum : sum + (weights[r] ?? 0) * entropy(target)),
    0,
  );

interface Part {
  readonly sequences: readonly Sequence[];
  readonly candidates: readonly number[] | null;
  readonly objective: Objective;
  /** Of rows that may have several labels: the labels of each read. */
  readonly tags: readonly (readonly number[])[] | null;
}

async function partsOf(program: Program, options: GradientOptions): Promise<readonly Part[]> {
  const { rows, labels, wholeVocabulary = isSequenceScored(labels) } = options;
  const texts = await textsOf(program, options);
  const writes = rows.some(({ target }) => target);
  const isTagged = rows.some(({ tags }) => tags);
  const targetOf = writes ? writtenTarget : wholeVocabulary ? wordTarget : choiceTarget;
  const targets = rows.map((row, i) => ({
    ...targetOf(row, present(texts[i], 'text'), labels),
    weight: options.labelWeights?.[goldOf(row)] ?? 1,
  }));
  const costs = targets.map(({ sequence }) => ({ tokens: sequence.tokens.length, past: pastLength(sequence) }));
  const candidates =
    writes || wholeVocabulary ? null : labels.map((label) => present(label.tokenIds[0], 'token of a label'));
  const limits = writes ? vocabularyLimits(program.spec) : runLimits(program.spec);
  return lengthBuckets(costs, limits).map((bucket) => {
    const chosen = bucket.map((index) => present(targets[index], 'target'));
    const objective = {
      targets: chosen.flatMap((target) => target.targets),
      weights: chosen.flatMap(({ targets: own, weight }) => own.map(() => weight / (rows.length * own.length))),
    };
    const tags = isTagged ? bucket.map((index) => rows[index]?.tags ?? []) : null;
    return { sequences: chosen.map((target) => target.sequence), candidates, objective, tags };
  });
}

async function textsOf(program: Program, { rows, soft, cached }: GradientOptions): Promise<readonly StartedRow[]> {
  const whole = rows.map((row) => withSoft(row, soft));
  checkContext(program.spec, rows, soft, 0);
  checkKeys(program.spec, soft, rows);
  const texts = cached ?? unkeptTexts(program.spec, soft, rows);
  if (!texts || soft?.placement === 'prefix' || !takesPast(program.spec))
    return whole.map((tokens) => ({ tokens, past: null }));
  const pasts = await texts.cache.fetch(program, texts.plan, rows, cached?.control ?? uninterrupted);
  return rows.map((row, i) => ({
    tokens: present(whole[i], 'row').subarray(tokensRead(row, soft)),
    past: beforeRest(present(pasts[i], 'keys and values'), row, soft),
  }));
}

type TargetOf = (row: TokenRow, text: StartedRow, labels: readonly LabelTokens[]) => Omit<Target, 'weight'>;

const goldOf = (row: TokenRow) => present(row.label, `label of row ${row.rowId}`);

/** Of one answer word, or a probability for each. */
const choiceTarget: TargetOf = (row, { tokens, past }) => ({
  sequence: { tokens, past, reads: [tokens.length - 1] },
  targets: [row.taught ?? goldOf(row)],
});

/** Each token after those before it. */
const wordTarget: TargetOf = (row, text, labels) => {
  const { tokenIds } = present(labels[goldOf(row)], 'label');
  return { sequence: withTarget(text, Int32Array.from(tokenIds)), targets: tokenIds };
};

const writtenTarget: TargetOf = (row, text) => {
  const target = present(row.target, `target of row ${row.rowId}`);
  return { sequence: withTarget(text, target), targets: Array.from(target) };
};
