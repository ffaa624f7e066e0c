import { mcnemarExact } from './mcnemar';
import { binomialCdf, binomialPmf, bisected, normalQuantile, normalTail } from './special';

const ALPHA = 0.05;

/** Largest k such that the exact test of (k, m−k) rejects at ALPHA / pairs (Holm's first step); −1 when none does. */
const criticalCache = new Map<number, Map<number, number>>();
function critical(m: number, pairs: number): number {
  const cache = criticalCache.get(pairs) ?? new Map<number, number>();
  criticalCache.set(pairs, cache);
  const known = cache.get(m);
  if (known !== undefined) return known;
  let low = -1;
  let high = Math.floor(m / 2);
  // p grows with k: binary search for the last k that rejects.
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (mcnemarExact(middle, m - middle) < ALPHA / pairs) low = middle;
    else high = middle - 1;
  }
  cache.set(m, low);
  return low;
}

/**
 * Of the two-sided exact McNemar test at 5%: sums over the number of discordant rows m ~ Bin(n, aOnly+bOnly), and in each over
 * B's part ~ Bin(m, bOnly/(aOnly+bOnly)). @param aOnly share of rows that are right only under A
 * @param pairs for which p is corrected by Holm: at worst it is multiplied by all of them
 */
export function mcnemarPower(n: number, aOnly: number, bOnly: number, pairs = 1): number {
  const discordant = aOnly + bOnly;
  if (discordant <= 0 || n <= 0) return 0;
  const share = bOnly / discordant;
  const mean = n * discordant;
  const spread = 8 * Math.sqrt(mean * (1 - Math.min(1, discordant)) + 1);
  const from = Math.max(0, Math.floor(mean - spread));
  const to = Math.min(n, Math.ceil(mean + spread));
  let power = 0;
  for (let m = from; m <= to; m++) {
    const k = critical(m, pairs);
    if (k < 0) continue;
    // Rejects when B's part is at most k or at least m − k.
    const rejects = binomialCdf(k, m, share) + binomialCdf(k, m, 1 - share);
    power += binomialPmf(m, n, discordant) * rejects;
  }
  return Math.min(1, power);
}

/** With its quantile of the standard normal. */
const POWER = 0.8;
const Z_POWER = 0.8416212335729143;

/** Above, the exact sum takes seconds; the normal approximation gives a gain that is less than 3% smaller. */
const EXACT_ROWS = 5000;

/** With power 80%: exactly, or by the normal approximation (Connor 1987). */
function isShown(n: number, aOnly: number, bOnly: number, pairs: number): boolean {
  if (n <= EXACT_ROWS) return mcnemarPower(n, aOnly, bOnly, pairs) >= POWER;
  const discordant = aOnly + bOnly;
  const difference = bOnly - aOnly;
  const z = normalQuantile(1 - ALPHA / pairs / 2);
  return Math.sqrt(n) * difference >= z * Math.sqrt(discordant) + Z_POWER * Math.sqrt(discordant - difference ** 2);
}

/** Share of rows that a better prompt still breaks (`docs/method/statistics.md`'s examples have 5%). */
const ASSUMED_BROKEN = 0.05;

/** The smallest gain (0 to 1) shown with power 80%; null when not even the largest could be. @param pairs as corrected for */
export function detectableDifference(n: number, pairs: number): number | null {
  const largest = 1 - 2 * ASSUMED_BROKEN;
  const shows = (gain: number) => isShown(n, ASSUMED_BROKEN, ASSUMED_BROKEN + gain, pairs);
  // to within 0.01%
  return shows(largest) ? bisected(0, largest, (gain) => !shows(gain), 14)[1] : null;
}

/** Above, "more rows" is no advice. */
const MOST_ROWS = 5000;

/**
 * About so many rows in all would show the difference that was seen, with power 80%; null when more than `MOST_ROWS`. Half a
 * row is added to each share of discordant rows, so that zero is not certain.
 */
export function rowsToSettle(aOnly: number, bOnly: number, n: number, pairs: number): number | null {
  const a = (aOnly + 0.5) / (n + 1);
  const b = (bOnly + 0.5) / (n + 1);
  if (!isShown(MOST_ROWS, a, b, pairs)) return null;
  let low = n;
  let high = MOST_ROWS;
  while (high - low > Math.max(1, 0.01 * high)) {
    const middle = Math.floor((low + high) / 2);
    if (isShown(middle, a, b, pairs)) high = middle;
    else low = middle;
  }
  return high;
}

/** Points of the integration grid, and its reach below zero in standard deviations. */
const POINTS = 400;
const REACH = 8;

/**
 * Of several looks, each spends a part of one error rate: α*(t) = 2 − 2 Φ(z / √t), z the 1 − α/2 quantile, of a share t of the
 * rows, one-sided. Source: Lan & DeMets 1983, their function after O'Brien & Fleming.
 */
export const spent = (t: number, alpha: number): number =>
  t <= 0 ? 0 : Math.min(alpha, 2 * normalTail(normalQuantile(1 - alpha / 2) / Math.sqrt(Math.min(1, t))));

/** Of the statistic B(t) = Z √t, for what has not crossed a bound yet. */
interface Going {
  readonly t: number;
  readonly from: number;
  readonly step: number;
  readonly density: Float64Array;
}

const phi = (x: number) => Math.exp(-(x * x) / 2) / Math.sqrt(2 * Math.PI);

/** ∫ density(b) f(b) db, by Simpson's rule. */
function integral({ from, step, density }: Going, f: (b: number) => number): number {
  let sum = 0;
  for (let i = 0; i <= POINTS; i++) {
    const weight = i === 0 || i === POINTS ? 1 : i % 2 === 1 ? 4 : 2;
    sum += weight * (density[i] as number) * f(from + i * step);
  }
  return (sum * step) / 3;
}

/** B at `t` is above `bound`, not having crossed before. */
function crossing(going: Going | null, t: number, bound: number): number {
  if (going === null) return normalTail(bound / Math.sqrt(t));
  const sd = Math.sqrt(t - going.t);
  return integral(going, (b) => normalTail((bound - b) / sd));
}

/** Below `bound`. B's increments are independent: B(t) − B(s) ~ N(0, t − s). */
function continued(going: Going | null, t: number, bound: number): Going {
  const from = -REACH * Math.sqrt(t);
  const step = (bound - from) / POINTS;
  const sd = going === null ? Math.sqrt(t) : Math.sqrt(t - going.t);
  const at = (b: number) => (going === null ? phi(b / sd) / sd : integral(going, (a) => phi((b - a) / sd) / sd));
  return { t, from, step, density: Float64Array.from({ length: POINTS + 1 }, (_, i) => at(from + i * step)) };
}

/**
 * One-sided and group-sequential: where there is no difference, Z at look k crosses `bounds[k]`, not having crossed before,
 * with the probability that the look spends. Source: Armitage, McPherson & Rowe 1969; Jennison & Turnbull 2000, chapter 19.
 * @param fractions share of the planned rows at each look, rising, the last at most 1
 */
export function sequentialBounds(fractions: readonly number[], alpha: number): readonly number[] {
  const key = `${alpha}|${fractions.join()}`;
  const known = KNOWN.get(key) ?? integratedBounds(fractions, alpha);
  if (KNOWN.size >= MOST_KNOWN) KNOWN.clear();
  KNOWN.set(key, known);
  return known;
}

/** Integration takes some ten milliseconds, and one plan is asked for again and again. */
const KNOWN = new Map<string, readonly number[]>();
const MOST_KNOWN = 50;

function integratedBounds(fractions: readonly number[], alpha: number): readonly number[] {
  let going: Going | null = null;
  let before = 0;
  return fractions.map((t) => {
    const spend = spent(t, alpha) - before;
    before += spend;
    const [low, high] = bisected(0, 2 * REACH, (z) => crossing(going, t, z * Math.sqrt(t)) > spend);
    const bound = (low + high) / 2;
    going = continued(going, t, Math.min(bound, REACH) * Math.sqrt(t));
    return bound;
  });
}

/**
 * Z = (b − c − nδ) / sqrt(n (2 q + δ (1 − δ))) of the hypothesis that a new prompt's accuracy is the old one's plus δ on the
 * same rows; q, the probability that only the old one is right, maximises the likelihood under it: the larger root of 2n q² +
 * (−b − c + (2n − b + c) δ) q − c δ (1 − δ) = 0. Also for small tables and no discordant row. Source: Tango 1998. @param b
 * rows that only the new one gets right @param c only the old one @param margin δ, in (−1, 1)
 */
export function tangoScore(b: number, c: number, n: number, margin: number): number {
  const linear = -b - c + (2 * n - b + c) * margin;
  const constant = -c * margin * (1 - margin);
  const q = (Math.sqrt(linear * linear - 8 * n * constant) - linear) / (4 * n);
  const variance = n * (2 * q + margin * (1 - margin));
  return variance <= 0 ? 0 : (b - c - n * margin) / Math.sqrt(variance);
}
