/** Of the standard normal, for a two-sided 95% interval. */
export const Z95 = 1.959963984540054;
/** Also of a one-sided test at 5%. */
export const Z90 = 1.6448536269514722;

/** Lanczos approximation, g = 7, n = 9 (Numerical Recipes, 6.1); about 15 digits for x > 0. */
const LANCZOS = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
  12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
];

export function logGamma(x: number): number {
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x);
  const z = x - 1;
  const t = z + 7.5;
  const sum = LANCZOS.reduce((acc, c, i) => (i === 0 ? c : acc + c / (z + i)), 0);
  return 0.5 * Math.log(2 * Math.PI) + (z + 0.5) * Math.log(t) - t + Math.log(sum);
}

/** Power calculations ask for the same ones millions of times. */
const logFactorials: number[] = [];
function logFactorial(n: number): number {
  for (let i = logFactorials.length; i <= n; i++) logFactorials.push(logGamma(i + 1));
  return logFactorials[n] as number;
}

export const logChoose = (n: number, k: number): number => logFactorial(n) - logFactorial(k) - logFactorial(n - k);

/** P(X = k) for X ~ Binomial(n, p). */
export function binomialPmf(k: number, n: number, p: number): number {
  if (k < 0 || k > n) return 0;
  if (p <= 0) return k === 0 ? 1 : 0;
  if (p >= 1) return k === n ? 1 : 0;
  return Math.exp(logChoose(n, k) + k * Math.log(p) + (n - k) * Math.log1p(-p));
}

/** P(X <= k) for X ~ Binomial(n, p). Summed downwards, until below the mean the terms no longer count. */
export function binomialCdf(k: number, n: number, p: number): number {
  let sum = 0;
  for (let i = Math.min(k, n); i >= 0; i--) {
    const term = binomialPmf(i, n, p);
    sum += term;
    if (i < n * p && term < 1e-17 * sum) break;
  }
  return Math.min(1, sum);
}

/** Type 7, R's and NumPy's default; `sorted` ascending, not empty. */
export function quantile(sorted: ArrayLike<number>, q: number): number {
  const at = (sorted.length - 1) * q;
  const low = Math.floor(at);
  const a = sorted[low] as number;
  const b = sorted[Math.min(low + 1, sorted.length - 1)] as number;
  return a + (at - low) * (b - a);
}

export const middle95 = (sorted: ArrayLike<number>): { readonly low: number; readonly high: number } => ({
  low: quantile(sorted, 0.025),
  high: quantile(sorted, 0.975),
});

/** 0 without values. */
export const median = (values: readonly number[]): number =>
  values.length === 0 ? 0 : quantile(Float64Array.from(values).sort(), 0.5);

/** 0 without values. */
export const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);

/**
 * Beyond it lies as much as beyond z of the normal, by the expansion z + (z³+z)/4ν + …: to within 3e-4 at z = 1.96, and 1% at
 * z = 4 from 20 degrees of freedom on. Infinite below 5 degrees. Source: Abramowitz & Stegun 26.7.5.
 */
export function studentT(z: number, degrees: number): number {
  if (degrees < 5) return Number.POSITIVE_INFINITY;
  const terms = [
    (z ** 3 + z) / 4,
    (5 * z ** 5 + 16 * z ** 3 + 3 * z) / 96,
    (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / 384,
    (79 * z ** 9 + 776 * z ** 7 + 1482 * z ** 5 - 1920 * z ** 3 - 945 * z) / 92160,
  ];
  return terms.reduce((sum, term, i) => sum + term / degrees ** (i + 1), z);
}

/** For the 95% interval of a mean. Up to 4 degrees of freedom as tabled. */
export const studentT975 = (degrees: number): number =>
  degrees < 5
    ? ([12.7062, 4.30265, 3.18245, 2.77645][Math.max(0, Math.floor(degrees) - 1)] ?? Number.POSITIVE_INFINITY)
    : studentT(Z95, degrees);

/** A Chebyshev fit of erfc, in powers of t = 1 / (1 + x/2), fractional error below 1.2e-7. */
const ERFC = [
  -1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587, -0.82215223,
  0.17087277,
];

/** P(Z > z). Source: Press et al., Numerical Recipes, 1992, section 6.2. */
export function normalTail(z: number): number {
  if (z < 0) return 1 - normalTail(-z);
  const x = z / Math.SQRT2;
  const t = 1 / (1 + x / 2);
  return (t / 2) * Math.exp(ERFC.reduceRight((sum, coefficient) => sum * t + coefficient, 0) - x * x);
}

/** The ends between which `isShort` stops to hold, halved so often. */
export function bisected(
  low: number,
  high: number,
  isShort: (middle: number) => boolean,
  steps = 60,
): [number, number] {
  if (steps === 0) return [low, high];
  const middle = (low + high) / 2;
  return isShort(middle) ? bisected(middle, high, isShort, steps - 1) : bisected(low, middle, isShort, steps - 1);
}

/** P(Z ≤ z) = p. */
export function normalQuantile(p: number): number {
  const [low, high] = bisected(-10, 10, (z) => 1 - normalTail(z) < p);
  return (low + high) / 2;
}
