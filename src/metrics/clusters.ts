/**
 * Rows that are not independent: those of one author, thread or customer form a cluster, and clusters are the trials. Each
 * cluster counts by its sum (here: rows that only B gets right minus rows that only A gets right).
 */
import { createRng } from '../lib/rng';
import type { Interval } from './intervals';
import { DRAWS } from './resample';
import { normalTail, quantile } from './special';

/** Sum and number of rows of each cluster. */
export interface Clusters {
  readonly sums: readonly number[];
  readonly sizes: readonly number[];
}

export function clustersOf(values: ArrayLike<number>, groups: ArrayLike<number>): Clusters {
  const at = new Map<number, number>();
  const sums: number[] = [];
  const sizes: number[] = [];
  for (let i = 0; i < values.length; i++) {
    const group = groups[i] as number;
    const known = at.get(group);
    const k = known ?? sums.length;
    if (known === undefined) at.set(group, k);
    sums[k] = (sums[k] ?? 0) + (values[i] as number);
    sizes[k] = (sizes[k] ?? 0) + 1;
  }
  return { sums, sizes };
}

/** Steps of the exact distribution above which the normal one is used: there are thousands of clusters then. */
const MOST_STEPS = 1e8;

/**
 * Exact two-sided sign-flip test: if A and B do not differ, each cluster's sum is as likely with the other sign.
 * p = P(|S| >= |sum|) over all signs, by convolution; the mid-p counts half of P(|S| = |sum|). With clusters of one row
 * these are McNemar's exact p and mid-p. Sources: Pagano & Tritchler 1983 (the convolution); Canay, Romano & Shaikh 2017
 * (signs of clusters).
 * @param sums whole numbers
 */
export function signFlipTest(sums: readonly number[]): { readonly p: number; readonly midP: number } {
  const steps = sums.map(Math.abs).filter((sum) => sum > 0);
  const reach = steps.reduce((total, step) => total + step, 0);
  const seen = Math.abs(sums.reduce((total, sum) => total + sum, 0));
  if (reach === 0) return { p: 1, midP: 1 };
  if (steps.length * reach > MOST_STEPS) {
    const p = 2 * normalTail(seen / Math.sqrt(steps.reduce((total, step) => total + step * step, 0)));
    return { p, midP: p };
  }
  // probabilities of the sums from -reach to +reach
  let chances = new Float64Array(2 * reach + 1);
  chances[reach] = 1;
  let so = 0;
  for (const step of steps) {
    const next = new Float64Array(chances.length);
    for (let i = reach - so; i <= reach + so; i++) {
      const half = (chances[i] as number) / 2;
      next[i - step] = (next[i - step] as number) + half;
      next[i + step] = (next[i + step] as number) + half;
    }
    chances = next;
    so += step;
  }
  let beyond = 0;
  for (let s = seen + 1; s <= reach; s++) beyond += 2 * (chances[reach + s] as number);
  const equal = (seen === 0 ? 1 : 2) * (chances[reach + seen] as number);
  return { p: Math.min(1, beyond + equal), midP: Math.min(1, beyond + equal / 2) };
}

/**
 * Cluster bootstrap of a mean over rows: clusters are drawn with replacement, percentiles 2.5 and 97.5.
 * Source: Davison & Hinkley 1997, section 3.8.
 */
export function clusterBootstrap(
  { sums, sizes }: Clusters,
  { seed, draws = DRAWS }: { readonly seed: number; readonly draws?: number | undefined },
): Interval {
  const rng = createRng(seed);
  const n = sums.length;
  const means = new Float64Array(draws);
  for (let d = 0; d < draws; d++) {
    let sum = 0;
    let rows = 0;
    for (let g = 0; g < n; g++) {
      const k = rng.int(n);
      sum += sums[k] as number;
      rows += sizes[k] as number;
    }
    means[d] = sum / rows;
  }
  means.sort();
  return { low: quantile(means, 0.025), high: quantile(means, 0.975) };
}

/**
 * How many rows count as one: the variance of the sum over clusters as it is, against that of independent rows. At least 1.
 * Source: Kish 1965.
 * @param squares sum of squares of the rows' values
 */
export const designEffect = (sums: readonly number[], squares: number): number =>
  squares === 0 ? 1 : Math.max(1, sums.reduce((total, sum) => total + sum * sum, 0) / squares);

/** The interval that holds both. */
export const hull = (a: Interval, b: Interval): Interval => ({
  low: Math.min(a.low, b.low),
  high: Math.max(a.high, b.high),
});
