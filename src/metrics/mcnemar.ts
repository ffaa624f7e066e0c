import { clusterBootstrap, clustersOf, designEffect, hull, signFlipTest } from './clusters';
import { bonettPrice, type Interval, wilson } from './intervals';
import type { ResampleOptions } from './resample';
import { logChoose } from './special';

/** Rows by who gets them right: `b` only A, `c` only B. */
export interface PairedCounts {
  readonly bothRight: number;
  readonly aOnly: number;
  readonly bOnly: number;
  readonly bothWrong: number;
}

export function pairedCounts(
  gold: ArrayLike<number>,
  predictedA: ArrayLike<number>,
  predictedB: ArrayLike<number>,
): PairedCounts {
  let bothRight = 0;
  let aOnly = 0;
  let bOnly = 0;
  for (let i = 0; i < gold.length; i++) {
    const a = predictedA[i] === gold[i];
    const b = predictedB[i] === gold[i];
    if (a && b) bothRight++;
    else if (a) aOnly++;
    else if (b) bOnly++;
  }
  return { bothRight, aOnly, bOnly, bothWrong: gold.length - bothRight - aOnly - bOnly };
}

/** C(m, i) / 2^m. */
const half = (i: number, m: number) => Math.exp(logChoose(m, i) - m * Math.LN2);

/** Two-sided exact binomial tail: 2 · sum_{i<=k} C(m,i)/2^m. */
function doubledTail(k: number, m: number): number {
  let sum = 0;
  // The terms fall towards i = 0; what no longer changes the sum is left out.
  for (let i = k; i >= 0; i--) {
    const term = half(i, m);
    sum += term;
    if (term < 1e-17 * sum) break;
  }
  return 2 * sum;
}

/** Exact McNemar test: m = b+c, k = min(b,c), p = min(1, 2·sum_{i<=k} C(m,i)/2^m); no discordant rows -> 1. */
export function mcnemarExact(b: number, c: number): number {
  const m = b + c;
  return m === 0 ? 1 : Math.min(1, doubledTail(Math.min(b, c), m));
}

/** Mid-p McNemar test: the exact p less the probability of the observed counts. Source: Fagerland, Lydersen & Laake 2013. */
export function mcnemarMidP(b: number, c: number): number {
  const m = b + c;
  if (m === 0) return 1;
  const k = Math.min(b, c);
  return b === c ? 1 - half(k, m) / 2 : doubledTail(k, m) - half(k, m);
}

export interface AccuracyComparison extends PairedCounts {
  readonly difference: number;
  readonly ci95: Interval;
  readonly p: number;
  readonly midP: number;
  /** How many rows count as one, for the difference; 1 if every row is a trial. */
  readonly designEffect: number;
}

/**
 * Accuracy of B minus that of A on the same rows, with its Bonett-Price interval and exact McNemar p. Where rows belong
 * together, whole groups are the trials: the p is that of the sign-flip test, and the interval holds the cluster bootstrap
 * too, which alone has no width where the prompts agree on every row.
 */
export function accuracyComparison(
  gold: ArrayLike<number>,
  predictedA: ArrayLike<number>,
  predictedB: ArrayLike<number>,
  { groups, ...how }: ResampleOptions,
): AccuracyComparison {
  const counts = pairedCounts(gold, predictedA, predictedB);
  const { aOnly, bOnly } = counts;
  const n = gold.length;
  const difference = n === 0 ? 0 : (bOnly - aOnly) / n;
  const ci95 = bonettPrice(aOnly, bOnly, n);
  if (!groups || n === 0)
    return {
      ...counts,
      difference,
      ci95,
      p: mcnemarExact(aOnly, bOnly),
      midP: mcnemarMidP(aOnly, bOnly),
      designEffect: 1,
    };
  const gains = Array.from(gold, (g, i) => Number(predictedB[i] === g) - Number(predictedA[i] === g));
  const clusters = clustersOf(gains, groups);
  return {
    ...counts,
    difference,
    ci95: hull(ci95, clusterBootstrap(clusters, how)),
    ...signFlipTest(clusters.sums),
    designEffect: designEffect(clusters.sums, aOnly + bOnly),
  };
}

/** Accuracy's interval: Wilson, and where rows belong together the one that holds the cluster bootstrap too. */
export function accuracyInterval(
  gold: ArrayLike<number>,
  predicted: ArrayLike<number>,
  { groups, ...how }: ResampleOptions,
): Interval {
  const right = Array.from(gold, (g, i) => Number(predicted[i] === g));
  const ci95 = wilson(
    right.reduce((sum, one) => sum + one, 0),
    right.length,
  );
  return groups && right.length > 0 ? hull(ci95, clusterBootstrap(clustersOf(right, groups), how)) : ci95;
}

/** Exact sign test on wins and losses, ties apart: the same sum as McNemar's. */
export const signTest = (wins: number, losses: number): number => mcnemarExact(wins, losses);

/** Holm's step-down adjusted p-values, in the order given. Source: Holm 1979. */
export function holm(pValues: readonly number[]): number[] {
  const order = pValues.map((p, i) => ({ p, i })).sort((a, b) => a.p - b.p);
  const adjusted = new Array<number>(pValues.length).fill(1);
  let highest = 0;
  order.forEach(({ p, i }, rank) => {
    highest = Math.max(highest, Math.min(1, (pValues.length - rank) * p));
    adjusted[i] = highest;
  });
  return adjusted;
}
