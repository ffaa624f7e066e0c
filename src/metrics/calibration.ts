import { assert } from '../lib/assert';
import { argmax, logSoftmax } from './classification';
import { type Interval, wilson } from './intervals';

const probabilities = (logProbs: readonly number[]) => logProbs.map(Math.exp);

/** Mean over rows of sum over classes (p − y)²; 0 is best, 2 is worst. Source: Brier 1950. */
export function brier(logProbs: readonly (readonly number[])[], gold: readonly number[]): number {
  const total = logProbs.reduce(
    (sum, row, i) => sum + probabilities(row).reduce((s, p, c) => s + (p - (c === gold[i] ? 1 : 0)) ** 2, 0),
    0,
  );
  return total / logProbs.length;
}

/** Mean negative log-probability of the gold label, in nats. */
export const nll = (logProbs: readonly (readonly number[])[], gold: readonly number[]): number =>
  logProbs.reduce((sum, row, i) => sum - (row[gold[i] as number] as number), 0) / logProbs.length;

/**
 * Log-probabilities with a prompt's built-in bias toward each label subtracted, normalised again.
 * @param meanLogProbs mean log-probability of each label over rows, whose labels are not used; null = no calibration
 */
export const calibrated = (logProbs: readonly number[], meanLogProbs: readonly number[] | null): readonly number[] =>
  meanLogProbs ? logSoftmax(logProbs.map((value, c) => value - (meanLogProbs[c] as number))) : logProbs;

/** Probability of each label after calibration; they sum to 1. The one place from which every answer comes. */
export const labelProbabilities = (
  logProbs: readonly number[],
  meanLogProbs: readonly number[] | null,
): readonly number[] => probabilities(calibrated(logProbs, meanLogProbs));

/** `-sum_c p_c log p_c`, in nats. */
export const entropy = (shares: readonly number[]): number =>
  shares.reduce((sum, share) => (share > 0 ? sum - share * Math.log(share) : sum), 0);

/** `KL(q | p) = sum_c q_c (log q_c - log p_c)`, in nats: how far answers p are from the probabilities q. 0 where they are equal. */
export const divergence = (wanted: readonly number[], logProbs: readonly number[]): number =>
  wanted.reduce((sum, share, c) => (share > 0 ? sum - share * (logProbs[c] as number) : sum), -entropy(wanted));

/** Log-probabilities over the labels, a row each. */
type Answers = readonly (readonly number[])[];

const at = (answers: Answers, row: number, label: number) => answers[row]?.[label] as number;

/** The mean of log-probabilities over several prompts, normalised again (their geometric mean). */
export function meanAnswers(members: readonly Answers[]): Answers {
  const [first] = members;
  assert(first, 'a mean needs members');
  assert(
    members.every((answers) => answers.length === first.length),
    'members answered different rows',
  );
  // one prompt's answers stay as they are, to the bit
  if (members.length === 1) return first;
  return first.map((row, i) =>
    logSoftmax(row.map((_, c) => members.reduce((sum, answers) => sum + at(answers, i, c), 0) / members.length)),
  );
}

/** `weight` of the first and the rest of the second: softmax(w log p + (1 - w) log q). Source: Genest & Zidek 1986. */
export const mixedAnswers = (first: Answers, second: Answers, weight: number): Answers =>
  // no weight at all: zero times minus infinity would be no number
  weight === 0
    ? second
    : first.map((row, i) => logSoftmax(row.map((value, c) => weight * value + (1 - weight) * at(second, i, c))));

export interface ReliabilityBin {
  readonly rows: number;
  readonly meanConfidence: number;
  readonly accuracy: number;
  readonly accuracyCi95: Interval;
}

const MIN_CALIBRATION_ROWS = 100;

/**
 * Reliability diagram in bins of equal mass, M = min(15, floor(n/20)); null below 100 rows, where it says nothing.
 * Source: Roelofs et al. 2022.
 */
export function reliability(
  logProbs: readonly (readonly number[])[],
  gold: readonly number[],
): readonly ReliabilityBin[] | null {
  const n = logProbs.length;
  if (n < MIN_CALIBRATION_ROWS) return null;
  const rows = logProbs
    .map((row, i) => {
      const predicted = argmax(row);
      return { confidence: Math.exp(row[predicted] as number), correct: predicted === gold[i] ? 1 : 0 };
    })
    .sort((a, b) => a.confidence - b.confidence);
  const bins = Math.min(15, Math.floor(n / 20));
  return Array.from({ length: bins }, (_, b) => {
    const part = rows.slice(Math.round((b * n) / bins), Math.round(((b + 1) * n) / bins));
    const correct = part.reduce((sum, row) => sum + row.correct, 0);
    return {
      rows: part.length,
      meanConfidence: part.reduce((sum, row) => sum + row.confidence, 0) / part.length,
      accuracy: correct / part.length,
      accuracyCi95: wilson(correct, part.length),
    };
  });
}

/** Expected calibration error: mass-weighted |accuracy − confidence| over the bins of `reliability`. */
export function ece(logProbs: readonly (readonly number[])[], gold: readonly number[]): number | null {
  const bins = reliability(logProbs, gold);
  if (!bins) return null;
  return bins.reduce((sum, b) => sum + (b.rows / gold.length) * Math.abs(b.accuracy - b.meanConfidence), 0);
}

/**
 * ECE of a bootstrap draw in linear time. Ties of confidence fall into bins by their place in `order`.
 * @param order rows by rising confidence
 * @param times how often each row was drawn
 * @param n rows drawn
 */
export function eceOfDraw(
  order: Int32Array,
  times: Int32Array,
  n: number,
  confidence: Float64Array,
  right: Uint8Array,
): number {
  const bins = Math.max(1, Math.min(15, Math.floor(n / 20)));
  let total = 0;
  let gap = 0;
  let seen = 0;
  let bin = 1;
  let end = Math.round(n / bins);
  for (const row of order)
    for (let t = times[row] as number; t > 0; t--) {
      gap += (right[row] as number) - (confidence[row] as number);
      seen++;
      if (seen < end) continue;
      total += Math.abs(gap);
      gap = 0;
      bin++;
      end = Math.round((bin * n) / bins);
    }
  return total / n;
}

const HOTTEST = 20;
const COLDEST = 0.05;

/**
 * The temperature T that minimises the mean negative log-probability of the gold labels under softmax(log p / T),
 * between 0.05 and 20. Fitted on validation rows, never on test rows. The loss is convex in 1/T, so its slope
 * Σ p·log p' − log p'_gold is bisected. Source: Guo et al. 2017.
 */
export function fitTemperature(logProbs: readonly (readonly number[])[], gold: readonly number[]): number {
  const slope = (beta: number) =>
    logProbs.reduce((sum, row, i) => {
      const p = logSoftmax(row.map((value) => beta * value)).map(Math.exp);
      const mean = row.reduce((s, value, c) => s + (p[c] as number) * value, 0);
      return sum + mean - (row[gold[i] as number] as number);
    }, 0);
  let low = 1 / HOTTEST;
  let high = 1 / COLDEST;
  if (slope(low) >= 0) return HOTTEST;
  if (slope(high) <= 0) return COLDEST;
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (slope(middle) > 0) high = middle;
    else low = middle;
  }
  return 2 / (low + high);
}

export const atTemperature = (logProbs: readonly number[], temperature: number): readonly number[] =>
  temperature === 1 ? logProbs : logSoftmax(logProbs.map((value) => value / temperature));

/** What happens when only answers with at least this probability are taken, and the rest goes to a person. */
export interface CoveragePoint {
  readonly threshold: number;
  readonly answered: number;
  readonly correct: number;
  /** Share of all rows that are answered. */
  readonly coverage: number;
  /** Of the answered rows; 1 with no row answered is not claimed: null. */
  readonly accuracy: number | null;
  /** Wilson, 95%. */
  readonly accuracyCi95: Interval;
}

const pointOf = (threshold: number, answered: number, correct: number, rows: number): CoveragePoint => ({
  threshold,
  answered,
  correct,
  coverage: rows === 0 ? 0 : answered / rows,
  accuracy: answered === 0 ? null : correct / answered,
  accuracyCi95: wilson(correct, answered),
});

export function coverageAt(
  confidences: readonly number[],
  right: readonly boolean[],
  threshold: number,
): CoveragePoint {
  let answered = 0;
  let correct = 0;
  confidences.forEach((confidence, i) => {
    if (confidence < threshold) return;
    answered++;
    if (right[i]) correct++;
  });
  return pointOf(threshold, answered, correct, confidences.length);
}

/** One point a distinct confidence, from all rows answered to the surest row alone. Source: El-Yaniv & Wiener 2010. */
export function coverageCurve(confidences: readonly number[], right: readonly boolean[]): readonly CoveragePoint[] {
  const order = confidences.map((confidence, i) => ({ confidence, right: right[i] === true }));
  order.sort((a, b) => b.confidence - a.confidence);
  const points: CoveragePoint[] = [];
  let correct = 0;
  order.forEach((row, i) => {
    if (row.right) correct++;
    // rows of one confidence are answered together or not at all
    if (order[i + 1]?.confidence === row.confidence) return;
    points.push(pointOf(row.confidence, i + 1, correct, order.length));
  });
  return points.toReversed();
}
