/**
 * Tests at several looks. Each look spends a part of one error rate, so that a difference that is not there
 * is found at any of the looks with probability alpha at most.
 */
import { normalQuantile, normalTail } from './special';

/** Points of the integration grid, and how far it reaches below zero in standard deviations. */
const POINTS = 400;
const REACH = 8;

/**
 * Error rate spent when a share `t` of the rows has arrived, one-sided: α*(t) = 2 − 2 Φ(z / √t), z the 1 − α/2 quantile. Little
 * is spent early. Source: Lan & DeMets 1983, their function after O'Brien & Fleming.
 * @param t in [0, 1]
 */
export const spent = (t: number, alpha: number): number =>
  t <= 0 ? 0 : Math.min(alpha, 2 * normalTail(normalQuantile(1 - alpha / 2) / Math.sqrt(Math.min(1, t))));

/** Density of the statistic B(t) = Z √t over a grid, for what has not crossed a bound yet. */
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

/** Probability that B at `t` lies above `bound`, not having crossed before. */
function crossing(going: Going | null, t: number, bound: number): number {
  if (going === null) return normalTail(bound / Math.sqrt(t));
  const sd = Math.sqrt(t - going.t);
  return integral(going, (b) => normalTail((bound - b) / sd));
}

/** Density of B at `t` below `bound`. Its increments are independent: B(t) − B(s) ~ N(0, t − s). */
function goOn(going: Going | null, t: number, bound: number): Going {
  const from = -REACH * Math.sqrt(t);
  const step = (bound - from) / POINTS;
  const sd = going === null ? Math.sqrt(t) : Math.sqrt(t - going.t);
  const at = (b: number) => (going === null ? phi(b / sd) / sd : integral(going, (a) => phi((b - a) / sd) / sd));
  return { t, from, step, density: Float64Array.from({ length: POINTS + 1 }, (_, i) => at(from + i * step)) };
}

/**
 * Bounds of a one-sided group-sequential test: Z at look k crosses `bounds[k]`, not having crossed before, with the
 * probability that the look spends, where there is no difference. By numerical integration.
 * Source: Armitage, McPherson & Rowe 1969; Jennison & Turnbull 2000, chapter 19.
 * @param fractions share of the planned rows at each look, rising, the last at most 1
 */
export function sequentialBounds(fractions: readonly number[], alpha: number): readonly number[] {
  const key = `${alpha}|${fractions.join()}`;
  const known = KNOWN.get(key) ?? integratedBounds(fractions, alpha);
  if (KNOWN.size >= MOST_KNOWN) KNOWN.clear();
  KNOWN.set(key, known);
  return known;
}

/** The integration takes some ten milliseconds, and one plan is asked for again and again. */
const KNOWN = new Map<string, readonly number[]>();
const MOST_KNOWN = 50;

function integratedBounds(fractions: readonly number[], alpha: number): readonly number[] {
  let going: Going | null = null;
  let before = 0;
  return fractions.map((t) => {
    const spend = spent(t, alpha) - before;
    before += spend;
    let [low, high] = [0, 2 * REACH];
    for (let i = 0; i < 60; i++) {
      const middle = (low + high) / 2;
      if (crossing(going, t, middle * Math.sqrt(t)) > spend) low = middle;
      else high = middle;
    }
    const bound = (low + high) / 2;
    going = goOn(going, t, Math.min(bound, REACH) * Math.sqrt(t));
    return bound;
  });
}

/**
 * Score statistic of the hypothesis that a new prompt's accuracy is the old one's plus `margin`, on the same rows:
 * Z = (b − c − nδ) / sqrt(n (2 q + δ (1 − δ))), where q, the probability of a row that only the old one gets right, maximises
 * the likelihood under the hypothesis: the larger root of 2n q² + (−b − c + (2n − b + c) δ) q − c δ (1 − δ) = 0.
 * Also for small tables and for no discordant row at all. Source: Tango 1998.
 * @param b rows that only the new one gets right
 * @param c rows that only the old one gets right
 * @param margin δ, in (−1, 1)
 * @returns 0 where nothing speaks either way
 */
export function tangoScore(b: number, c: number, n: number, margin: number): number {
  const linear = -b - c + (2 * n - b + c) * margin;
  const constant = -c * margin * (1 - margin);
  const q = (Math.sqrt(linear * linear - 8 * n * constant) - linear) / (4 * n);
  const variance = n * (2 * q + margin * (1 - margin));
  return variance <= 0 ? 0 : (b - c - n * margin) / Math.sqrt(variance);
}
