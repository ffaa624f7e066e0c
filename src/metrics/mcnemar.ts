import { bonettPrice, clipped, type Interval, wilson } from './intervals';
import type { ResampleOptions } from './resample';
import { logChoose, normalQuantile, normalTail, studentT, studentT975 } from './special';

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

/** m = b+c, k = min(b,c), p = min(1, 2·sum_{i<=k} C(m,i)/2^m); no discordant rows -> 1. */
export function mcnemarExact(b: number, c: number): number {
  const m = b + c;
  return m === 0 ? 1 : Math.min(1, doubledTail(Math.min(b, c), m));
}

/** The exact p less the probability of the observed counts. Source: Fagerland, Lydersen & Laake 2013. */
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
  /** How many rows count as one; 1 if every row is a trial. */
  readonly designEffect: number;
}

interface ComparisonOptions extends ResampleOptions {
  /** By cross-validation: each row's prompt was trained without its fold. */
  readonly folds?: ArrayLike<number> | undefined;
}

/**
 * B minus A on the same rows, with Bonett-Price interval and exact McNemar p. Where rows belong together, whole groups are the
 * trials: p by the sign-flip test. Folds widen both.
 */
export function accuracyComparison(
  gold: ArrayLike<number>,
  predictedA: ArrayLike<number>,
  predictedB: ArrayLike<number>,
  { groups, folds }: Pick<ComparisonOptions, 'groups' | 'folds'>,
): AccuracyComparison {
  const counts = pairedCounts(gold, predictedA, predictedB);
  const { aOnly, bOnly } = counts;
  const n = gold.length;
  const difference = n === 0 ? 0 : (bOnly - aOnly) / n;
  const ci95 = bonettPrice(aOnly, bOnly, n);
  const gains = Array.from(gold, (g, i) => Number(predictedB[i] === g) - Number(predictedA[i] === g));
  const whole = (found: AccuracyComparison) => (folds && n > 0 ? acrossFolds(found, gains, folds) : found);
  if (!groups || n === 0)
    return whole({
      ...counts,
      difference,
      ci95,
      p: mcnemarExact(aOnly, bOnly),
      midP: mcnemarMidP(aOnly, bOnly),
      designEffect: 1,
    });
  const clusters = clustersOf(gains, groups);
  return whole({
    ...counts,
    difference,
    ci95: hull(ci95, clusteredDifference(clusters)),
    ...signFlipTest(clusters.sums),
    designEffect: designEffect(clusters, aOnly + bOnly),
  });
}

/**
 * The folds' prompts differ, and share training rows. What their differences vary by beyond what their rows explain counts
 * 1/k + 1/(k − 1) times for k folds (Nadeau & Bengio 2003), on top of the variance over rows.
 */
function acrossFolds(found: AccuracyComparison, gains: ArrayLike<number>, folds: ArrayLike<number>) {
  const { sums, sizes } = clustersOf(gains, folds);
  const [n, k] = [gains.length, sums.length];
  const { aOnly, bOnly, difference, ci95 } = found;
  const overRows = (found.designEffect * ((aOnly + bOnly) / n - difference ** 2)) / n;
  if (k < 2 || overRows <= 0) return found;
  const between = sums.reduce((sum, own, f) => sum + (own / (sizes[f] as number) - difference) ** 2, 0) / (k - 1);
  const wider = 1 + Math.max(0, between / (k * overRows) - 1) * (1 + k / (k - 1));
  const larger = (p: number) => Math.min(1, 2 * normalTail(-normalQuantile(p / 2) / Math.sqrt(wider)));
  const [middle, half] = [(ci95.low + ci95.high) / 2, ((ci95.high - ci95.low) / 2) * Math.sqrt(wider)];
  return {
    ...found,
    ci95: clipped(middle, half),
    p: larger(found.p),
    midP: larger(found.midP),
    designEffect: found.designEffect * wider,
  };
}

/** Wilson; where rows belong together, on as many rows as the groups are worth. */
export function accuracyInterval(
  gold: ArrayLike<number>,
  predicted: ArrayLike<number>,
  { groups }: Pick<ResampleOptions, 'groups'>,
): Interval {
  const right = Array.from(gold, (g, i) => Number(predicted[i] === g));
  const correct = right.reduce((sum, one) => sum + one, 0);
  return groups && right.length > 0
    ? clusteredShare(clustersOf(right, groups), correct)
    : wilson(correct, right.length);
}

/** Step-down adjusted p-values, in the order given. Source: Holm 1979. */
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

/**
 * Rows of one author, thread or customer are one trial, which counts by its sum: rows that only B gets right less those of A.
 */
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

/** There are thousands of clusters above; the normal distribution is used then. */
const MOST_STEPS = 1e8;

/**
 * Exact and two-sided: if A and B do not differ, each cluster's sum is as likely with the other sign. p = P(|S| >= |sum|)
 * over all signs, by convolution; the mid-p counts half of P(|S| = |sum|). With clusters of one row these are McNemar's.
 * Sources: Pagano & Tritchler 1983 (the convolution); Canay, Romano & Shaikh 2017 (signs of clusters). @param sums whole
 * numbers
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

/** As many say as much where rows of a cluster are all alike: n² / Σ sizes². Source: Kish 1965. */
export function equalClusters({ sizes }: Pick<Clusters, 'sizes'>): number {
  const n = sizes.reduce((sum, size) => sum + size, 0);
  return n ** 2 / sizes.reduce((sum, size) => sum + size ** 2, 0);
}

/**
 * Mean over rows and its variance, with two clusters added, one of each extreme value and as large as the cluster of a row
 * drawn at random: without them clusters that all agree would be certain. Variance: Σ (sum − mean · size)² / n², the
 * linearised ratio estimator (Cochran 1977, section 6.4). With clusters of one row and values −1 to 1 these are the D and
 * the variance of Bonett & Price 2012. `t` has one degree of freedom fewer than there are clusters of equal size.
 */
function clusteredMean(clusters: Clusters, [least, most]: readonly [number, number]) {
  const { sums, sizes } = clusters;
  const count = equalClusters(clusters);
  const rows = sizes.reduce((sum, size) => sum + size, 0);
  const added = rows / count;
  const n = rows + 2 * added;
  const mean = (sums.reduce((total, sum) => total + sum, 0) + added * (least + most)) / n;
  const square = (sum: number, size: number) => (sum - mean * size) ** 2;
  const squares =
    sums.reduce((total, sum, k) => total + square(sum, sizes[k] as number), 0) +
    square(added * least, added) +
    square(added * most, added);
  return { mean, variance: squares / n ** 2, n, t: studentT975(count + 1) };
}

function clusteredDifference(clusters: Clusters): Interval {
  const { mean, variance, t } = clusteredMean(clusters, [-1, 1]);
  return clipped(mean, t * Math.sqrt(variance));
}

export interface PairedMeanOptions {
  /** Where both prompts are right or both wrong. */
  readonly centre: number;
  /** Added or taken where only one is right. */
  readonly spread: number;
  /** Rows of a group are one trial. */
  readonly groups?: ArrayLike<number> | undefined;
  /** Intervals that shall all hold at once. */
  readonly comparisons: number;
}

/**
 * One difference a row, at 1 − 5%/comparisons (Bonferroni): Bonett-Price in any unit, clipped to what a mean can be. Where rows
 * belong together, the interval holds that of groups too.
 */
export function pairedMean(values: ArrayLike<number>, options: PairedMeanOptions): Interval {
  const { centre, spread, groups, comparisons } = options;
  const z = normalQuantile(1 - 0.025 / comparisons);
  const interval = (clusters: Clusters, quantile: number): Interval => {
    const { mean, variance } = clusteredMean(clusters, [centre - spread, centre + spread]);
    // below 5 degrees of freedom the quantile is infinite
    const half = variance === 0 ? 0 : quantile * Math.sqrt(variance);
    return { low: Math.max(centre - spread, mean - half), high: Math.min(centre + spread, mean + half) };
  };
  const rows = interval({ sums: Array.from(values), sizes: Array.from(values, () => 1) }, z);
  if (!groups) return rows;
  const clusters = clustersOf(values, groups);
  return hull(rows, interval(clusters, studentT(z, equalClusters(clusters) + 1)));
}

/** Wilson on n divided by the design effect. Source: Korn & Graubard 1998, with Wilson in place of Clopper-Pearson. */
function clusteredShare(clusters: Clusters, correct: number): Interval {
  const { mean, variance, n, t } = clusteredMean(clusters, [0, 1]);
  const effect = Math.max(1, (variance * n) / (mean * (1 - mean)));
  const rows = clusters.sizes.reduce((sum, size) => sum + size, 0);
  return wilson(correct / effect, rows / effect, t);
}

/**
 * The variance of the sum over clusters against that of independent rows; at least 1. As many rows of each sign as two clusters
 * have are added, all alike: where nothing differs, clusters are the trials. Source: Kish 1965.
 * @param squares sum of squares of the rows' values
 */
export function designEffect(clusters: Clusters, squares: number): number {
  const { sums, sizes } = clusters;
  const added = sizes.reduce((sum, size) => sum + size, 0) / equalClusters(clusters);
  return Math.max(1, (sums.reduce((total, sum) => total + sum * sum, 0) + 2 * added * added) / (squares + 2 * added));
}

/** Holds both. */
const hull = (a: Interval, b: Interval): Interval => ({
  low: Math.min(a.low, b.low),
  high: Math.max(a.high, b.high),
});
