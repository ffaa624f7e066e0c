import { binomialCdf, bisected, studentT, studentT975, Z90, Z95 } from './special';

/** It holds the true value in 95% of cases, both ends included. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** (p + z²/2n)/(1 + z²/n) ± z/(1 + z²/n) · sqrt(p(1−p)/n + z²/4n²). Source: Brown, Cai & DasGupta 2001. No rows: [0, 1]. */
export function wilson(correct: number, n: number, z = Z95): Interval {
  if (n === 0) return { low: 0, high: 1 };
  const p = correct / n;
  const scale = 1 + (z * z) / n;
  const centre = (p + (z * z) / (2 * n)) / scale;
  const half = (z / scale) * Math.sqrt((p * (1 - p)) / n + (z * z) / (4 * n * n));
  return { low: correct === 0 ? 0 : Math.max(0, centre - half), high: correct === n ? 1 : Math.min(1, centre + half) };
}

/** One-sided at level 1 − alpha: the p with P(X ≥ correct) = alpha, by bisection. Source: Clopper & Pearson 1934. */
export function exactLow(correct: number, n: number, alpha: number): number {
  if (correct <= 0) return 0;
  if (correct >= n) return alpha ** (1 / n);
  // whichever side has fewer terms
  const atLeast = (p: number) =>
    2 * correct > n ? binomialCdf(n - correct, n, 1 - p) : 1 - binomialCdf(correct - 1, n, p);
  return bisected(0, 1, (p) => atLeast(p) < alpha, 40)[0];
}

/**
 * Accuracy difference B − A on the same rows, with one discordant row of each kind added: p1 = (c+1)/(n+2), p2 = (b+1)/(n+2),
 * D = p1 − p2; D ± z·sqrt((p1 + p2 − D²)/(n+2)), clipped to ±1. Source: Bonett & Price 2012.
 * @param b rows that only A gets right @param c rows that only B gets right
 */
export function bonettPrice(b: number, c: number, n: number): Interval {
  const p1 = (c + 1) / (n + 2);
  const p2 = (b + 1) / (n + 2);
  const d = p1 - p2;
  return clipped(d, Z95 * Math.sqrt((p1 + p2 - d * d) / (n + 2)));
}

/**
 * Of p1 − p2 of different rows: D − sqrt((p1 − l1)² + (u2 − p2)²) to D + sqrt((u1 − p1)² + (p2 − l2)²), (l, u) by Wilson.
 * Source: Newcombe 1998, method 10.
 */
export function newcombe(correct1: number, n1: number, correct2: number, n2: number): Interval {
  if (n1 === 0 || n2 === 0) return { low: -1, high: 1 };
  const [p1, p2] = [correct1 / n1, correct2 / n2];
  const [one, two] = [wilson(correct1, n1), wilson(correct2, n2)];
  const d = p1 - p2;
  return {
    low: Math.max(-1, d - Math.hypot(p1 - one.low, two.high - p2)),
    high: Math.min(1, d + Math.hypot(one.high - p1, p2 - two.low)),
  };
}

function momentsOf(values: readonly number[]) {
  const n = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (n - 1);
  return { n, mean, variance };
}

/** Of a difference between -1 and 1. */
export const clipped = (mean: number, half: number): Interval => ({
  low: Math.max(-1, mean - half),
  high: Math.min(1, mean + half),
});

/** Of differences between -1 and 1, one a row: m ± t·s/√n with n − 1 degrees of freedom. Under two rows: [-1, 1]. */
export function meanInterval(differences: readonly number[]): Interval {
  if (differences.length < 2) return { low: -1, high: 1 };
  const { n, mean, variance } = momentsOf(differences);
  return clipped(mean, studentT975(n - 1) * Math.sqrt(variance / n));
}

/** One-sided paired t test at 5%, m > t·s/√n with n − 1 degrees of freedom. Never under six rows. Source: Student 1908. */
export function isAboveZero(differences: readonly number[]): boolean {
  if (differences.length < 6) return false;
  const { n, mean, variance } = momentsOf(differences);
  return mean > studentT(Z90, n - 1) * Math.sqrt(variance / n);
}

/**
 * Means of different rows, values between 0 and 1: m1 − m2 ± t·sqrt(a + b) with a = s1²/n1, b = s2²/n2.
 * Degrees of freedom: (a + b)²/(a²/(n1−1) + b²/(n2−1)). Source: Welch 1947.
 */
export function meansInterval(one: readonly number[], two: readonly number[]): Interval {
  if (one.length < 2 || two.length < 2) return { low: -1, high: 1 };
  const [first, second] = [momentsOf(one), momentsOf(two)];
  const [a, b] = [first.variance / first.n, second.variance / second.n];
  if (a + b === 0) return clipped(first.mean - second.mean, 0);
  const degrees = (a + b) ** 2 / (a ** 2 / (first.n - 1) + b ** 2 / (second.n - 1));
  return clipped(first.mean - second.mean, studentT975(degrees) * Math.sqrt(a + b));
}
