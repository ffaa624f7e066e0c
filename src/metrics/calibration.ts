import { present } from '../lib/assert';
import { createRng } from '../lib/rng';
import { argmax, logSoftmax, logSumExp } from './classification';
import { exactLow, type Interval, wilson } from './intervals';
import { eachDraw, type ResampleOptions } from './resample';
import { bisected, quantile } from './special';

const probabilities = (logProbs: readonly number[]) => logProbs.map(Math.exp);

/** Mean of sum over classes (p − y)²; 0 is best, 2 is worst. Source: Brier 1950. */
export function brier(logProbs: readonly (readonly number[])[], gold: readonly number[]): number {
  const total = logProbs.reduce(
    (sum, row, i) => sum + probabilities(row).reduce((s, p, c) => s + (p - (c === gold[i] ? 1 : 0)) ** 2, 0),
    0,
  );
  return total / logProbs.length;
}

/** In nats. */
export const nll = (logProbs: readonly (readonly number[])[], gold: readonly number[]): number =>
  logProbs.reduce((sum, row, i) => sum - (row[gold[i] as number] as number), 0) / logProbs.length;

/**
 * A prompt's built-in bias toward each label is subtracted.
 * @param meanLogProbs mean log-probability of each label over rows, whose labels are not used; null = no calibration
 */
export const calibrated = (logProbs: readonly number[], meanLogProbs: readonly number[] | null): readonly number[] =>
  meanLogProbs ? logSoftmax(logProbs.map((value, c) => value - (meanLogProbs[c] as number))) : logProbs;

/** The one place from which every answer comes. */
export const labelProbabilities = (
  logProbs: readonly number[],
  meanLogProbs: readonly number[] | null,
): readonly number[] => probabilities(calibrated(logProbs, meanLogProbs));

/** `-sum_c p_c log p_c`, in nats. */
export const entropy = (shares: readonly number[]): number =>
  shares.reduce((sum, share) => (share > 0 ? sum - share * Math.log(share) : sum), 0);

/** `KL(q | p) = sum_c q_c (log q_c - log p_c)` of answers p from the probabilities q, in nats. */
export const divergence = (wanted: readonly number[], logProbs: readonly number[]): number =>
  wanted.reduce((sum, share, c) => (share > 0 ? sum - share * (logProbs[c] as number) : sum), -entropy(wanted));

/** A row each. */
type LogProbs = readonly (readonly number[])[];

const at = (logProbs: LogProbs, row: number, label: number) => logProbs[row]?.[label] as number;

/** softmax(Σ w log p): what several say together. Source: Genest & Zidek 1986. One alone keeps its answers to the bit. */
export function pooledAnswers(members: readonly LogProbs[], weights: readonly number[]): LogProbs {
  // no weight at all: zero times minus infinity would be no number
  const heard = members.flatMap((answers, m) => (weights[m] === 0 ? [] : [{ answers, weight: weights[m] as number }]));
  const [only] = heard;
  if (only && heard.length === 1 && only.weight === 1) return only.answers;
  return present(members[0], 'member').map((row, i) =>
    logSoftmax(row.map((_, c) => heard.reduce((sum, { answers, weight }) => sum + weight * at(answers, i, c), 0))),
  );
}

/** Rows whose answers are about as confident, and how often they are right. */
export interface ReliabilityBin {
  readonly rows: number;
  readonly meanConfidence: number;
  readonly accuracy: number;
  readonly accuracyCi95: Interval;
}

const MIN_CALIBRATION_ROWS = 100;

/** In bins of equal mass, M = min(15, floor(n/20)); null below 100 rows. Source: Roelofs et al. 2022. */
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

/** Mass-weighted |accuracy − confidence| over the bins of `reliability`. */
export function ece(logProbs: readonly (readonly number[])[], gold: readonly number[]): number | null {
  const bins = reliability(logProbs, gold);
  if (!bins) return null;
  return bins.reduce((sum, b) => sum + (b.rows / gold.length) * Math.abs(b.accuracy - b.meanConfidence), 0);
}

const binsOf = (n: number) => Math.max(1, Math.min(15, Math.floor(n / 20)));

/** By rising confidence. */
interface Ordered {
  readonly order: Int32Array;
  readonly confidence: Float64Array;
  readonly right: Uint8Array;
}

/**
 * Share right minus probability by bin, weighted by its rows; the sizes add up to the ECE. Ties fall into bins by their place
 * in `order`. @param times that each row was drawn. @param n rows drawn
 */
export function gapsOfDraw(
  { order, confidence, right }: Ordered,
  times: Int32Array,
  n: number,
  bins = binsOf(n),
): Float64Array {
  const gaps = new Float64Array(bins);
  let [seen, bin, end] = [0, 0, Math.round(n / bins)];
  for (const row of order)
    for (let t = times[row] as number; t > 0; t--) {
      gaps[bin] = (gaps[bin] as number) + ((right[row] as number) - (confidence[row] as number)) / n;
      seen++;
      if (seen < end) continue;
      bin++;
      end = Math.round(((bin + 1) * n) / bins);
    }
  return gaps;
}

function ordered(logProbs: readonly (readonly number[])[], gold: readonly number[]): Ordered {
  const said = logProbs.map(argmax);
  const confidence = Float64Array.from(logProbs, (row, i) => Math.exp(row[said[i] as number] as number));
  const byConfidence = (x: number, y: number) => (confidence[x] as number) - (confidence[y] as number) || x - y;
  const right = Uint8Array.from(gold, (label, i) => Number(said[i] === label));
  return { order: Int32Array.from(gold.keys()).sort(byConfidence), confidence, right };
}

const sizeOf = (gaps: Float64Array): number => gaps.reduce((sum, gap) => sum + Math.abs(gap), 0);

const ECE_DRAWS = 1000;

/**
 * 95% interval of the ECE; null below 100 rows. An ECE of few rows is too high, and that of a draw even more so: percentiles
 * of draws would always leave out a true 0. The lower end is the ECE less what its bins can be off, as |ECE − true ECE| is at
 * most the sum over bins of |gap − true gap|: the 97.5th percentile of that sum over draws, or, where it is larger because
 * almost all rows are right, of the ECE of answers that are right as often as they say (Bröcker & Smith 2007). The upper end
 * is the draws' own percentile. Whole groups are drawn. `coverage.test.ts` has how often it holds the truth.
 */
export function eceInterval(
  logProbs: readonly (readonly number[])[],
  gold: readonly number[],
  { seed, draws = ECE_DRAWS, groups }: ResampleOptions,
): Interval | null {
  const value = ece(logProbs, gold);
  if (value === null) return null;
  const n = gold.length;
  const of = ordered(logProbs, gold);
  const bins = binsOf(n);
  const once = new Int32Array(n).fill(1);
  const gaps = gapsOfDraw(of, once, n, bins);
  const [drawn, off, asSaid] = [new Float64Array(draws), new Float64Array(draws), new Float64Array(draws)];
  const rng = createRng(seed + 1);
  const [times, luck, right] = [new Int32Array(n), new Float64Array(n), new Uint8Array(n)];
  const members = new Map(gold.map((_, i) => [groups?.[i] ?? i, i] as const).reverse());
  const first = Int32Array.from(gold, (_, i) => members.get(groups?.[i] ?? i) ?? i);
  eachDraw(n, { seed, draws, groups }, (rows, d) => {
    times.fill(0);
    for (const row of rows) times[row] = (times[row] as number) + 1;
    const found = gapsOfDraw(of, times, rows.length, bins);
    drawn[d] = sizeOf(found);
    off[d] = sizeOf(found.map((gap, b) => gap - (gaps[b] as number)));
    for (let i = 0; i < n; i++) luck[i] = rng.next();
    // rows of a group have the luck of its first row
    for (let i = 0; i < n; i++) right[i] = Number((luck[first[i] as number] as number) < (of.confidence[i] as number));
    asSaid[d] = sizeOf(gapsOfDraw({ ...of, right }, once, n, bins));
  });
  const most = (values: Float64Array) => quantile(values.sort(), 0.975);
  return {
    low: Math.max(0, value - Math.max(most(off), most(asSaid))),
    high: Math.min(1, Math.max(value, most(drawn))),
  };
}

const HOTTEST = 20;
const COLDEST = 0.05;

/**
 * Minimises the mean negative log-probability of the gold labels under softmax(log p / T), between 0.05 and 20. Fitted on
 * validation rows, never on test rows. Convex in 1/T, so the slope Σ p·log p' − log p'_gold is bisected. Source: Guo et al.
 * 2017.
 */
export function fitTemperature(logProbs: readonly (readonly number[])[], gold: readonly number[]): number {
  const slope = (beta: number) =>
    logProbs.reduce((sum, row, i) => {
      const log = logSumExp(row, beta);
      const mean = row.reduce((s, value) => s + Math.exp(beta * value - log) * value, 0);
      return sum + mean - (row[gold[i] as number] as number);
    }, 0);
  if (slope(1 / HOTTEST) >= 0) return HOTTEST;
  if (slope(1 / COLDEST) <= 0) return COLDEST;
  const [low, high] = bisected(1 / HOTTEST, 1 / COLDEST, (beta) => slope(beta) <= 0);
  return 2 / (low + high);
}

export const atTemperature = (logProbs: readonly number[], temperature: number): readonly number[] =>
  temperature === 1 ? logProbs : logSoftmax(logProbs.map((value) => value / temperature));

export interface SureAndRight {
  readonly confidences: readonly number[];
  readonly right: readonly boolean[];
  /** Families count as one trial each. */
  readonly groups?: readonly number[] | undefined;
}

/** Where only answers with at least this probability are taken, and the rest goes to a person. */
export interface CoveragePoint {
  readonly threshold: number;
  readonly answered: number;
  readonly correct: number;
  /** Share of all rows. */
  readonly coverage: number;
  /** Of the answered rows; null where there are none. */
  readonly accuracy: number | null;
  readonly interval: Interval;
}

/** 95% or as promised; `rows`: among which thresholds are chosen. */
export type ShareInterval = (right: number, wrong: number, rows: number) => Interval;

/** Of a threshold that these rows did not choose. */
export const wilsonShare: ShareInterval = (right, wrong) => wilson(right, right + wrong);

/** How often a promise may be broken. */
const BROKEN = 0.1;
const levelAmong = (rows: number) => BROKEN / Math.max(1, Math.ceil(Math.log2(rows)));

/**
 * Of a threshold that these rows chose: each end holds in 90%, for every threshold at once. Exact binomial ends at level
 * 10% / ⌈log2 rows⌉, as many as there are thresholds that differ much: one halves the answered rows of the next. Source:
 * Geifman & El-Yaniv 2017, who search by bisection; that it holds for all thresholds is simulated in
 * `evaluation/classify/confidence.test.ts`. Trials that are right or wrong in part are counted against each end.
 */
export const promisedShare: ShareInterval = (right, wrong, rows) => {
  const trials = Math.floor(right + wrong + 1e-9);
  const low = (against: number) => exactLow(trials - Math.ceil(against - 1e-9), trials, levelAmong(rows));
  return trials === 0 ? { low: 0, high: 1 } : { low: low(wrong), high: 1 - low(right) };
};

/** All answered rightly. */
export function rowsToPromise(share: number): number {
  let rows = 2;
  while (promisedShare(rows, 0, rows).low < share) rows++;
  return rows;
}

/** Rows of a family may all be right or wrong together, so they are (Σs)² / Σs² trials of its sizes s. Source: Kish 1965. */
function tally({ right, groups }: SureAndRight, intervalOf: ShareInterval) {
  const sizes = new Map<number, number>();
  let [answered, correct, squares] = [0, 0, 0];
  return {
    add: (row: number) => {
      const group = groups?.[row] ?? row;
      const size = sizes.get(group) ?? 0;
      sizes.set(group, size + 1);
      squares += 2 * size + 1;
      answered++;
      if (right[row]) correct++;
    },
    point: (threshold: number): CoveragePoint => {
      const share = answered === 0 ? 0 : answered / squares;
      return {
        threshold,
        answered,
        correct,
        coverage: right.length === 0 ? 0 : answered / right.length,
        accuracy: answered === 0 ? null : correct / answered,
        interval: intervalOf(correct * share, (answered - correct) * share, right.length),
      };
    },
  };
}

export function coverageAt(
  of: SureAndRight,
  threshold: number,
  intervalOf: ShareInterval = wilsonShare,
): CoveragePoint {
  const counts = tally(of, intervalOf);
  of.confidences.forEach((confidence, i) => {
    if (confidence >= threshold) counts.add(i);
  });
  return counts.point(threshold);
}

/** One point a distinct confidence, from all rows answered to the surest row alone. Source: El-Yaniv & Wiener 2010. */
export function coverageCurve(of: SureAndRight, intervalOf: ShareInterval = wilsonShare): readonly CoveragePoint[] {
  const { confidences } = of;
  const at = (row: number | undefined) => confidences[row ?? -1] as number;
  const order = [...confidences.keys()].sort((a, b) => at(b) - at(a));
  const counts = tally(of, intervalOf);
  const points: CoveragePoint[] = [];
  order.forEach((row, i) => {
    counts.add(row);
    // rows of one confidence are answered together or not at all
    if (at(order[i + 1]) !== at(row)) points.push(counts.point(at(row)));
  });
  return points.toReversed();
}

/** Rounded down: "At least 76% of such answers are right on new rows, a promise that 9 of 10 prompts keep." */
export const promiseWords = ({ low }: Pick<Interval, 'low'>): string =>
  `At least ${Math.floor(100 * low + 1e-9)}% of such answers are right on new rows, a promise that 9 of 10 prompts keep.`;
