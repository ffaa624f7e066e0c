import { describe, expect, it } from 'vitest';
import { createRng } from '../lib/rng';
import { accuracyComparison, mcnemarExact } from './mcnemar';
import { mcnemarPower } from './power';

const FOLDS = 5;

interface Made {
  readonly rows: number;
  /** True gain of the recipe. */
  readonly gain: number;
  /** Standard deviation of the true gain from one fold's prompt to the next. */
  readonly spread: number;
  readonly seed: number;
}

/** A prompt that nobody trained against five that were, each asked a fifth of the rows: about a quarter of the rows tell them apart. */
function made({ rows, gain, spread, seed }: Made) {
  const rng = createRng(seed);
  const ofFold = Array.from({ length: FOLDS }, () => gain + spread * rng.normal());
  const folds = Array.from({ length: rows }, (_, i) => i % FOLDS);
  const right = folds.map((f) => {
    const u = rng.next();
    const half = (ofFold[f] as number) / 2;
    return u < 0.12 - half ? [1, 0] : u < 0.24 ? [0, 1] : [1, 1];
  });
  const said = (arm: 0 | 1) => right.map((row) => row[arm] as number);
  return { gold: folds.map(() => 1), a: said(0), b: said(1), folds };
}

/** How often the two are called different, corrected for so many pairs. */
function different(runs: number, pairs: number, how: Omit<Made, 'seed'>, countsFolds = true): number {
  const found = Array.from({ length: runs }, (_, seed) => {
    const { gold, a, b, folds } = made({ ...how, seed });
    const { p, ci95 } = accuracyComparison(gold, a, b, countsFolds ? { folds } : {});
    return p * pairs < 0.05 && (ci95.low > 0 || ci95.high < 0);
  });
  return found.filter(Boolean).length / runs;
}

describe('a comparison by cross-validation', () => {
  it.each([
    [93, 0],
    [266, 0],
    [266, 0.02],
    [266, 0.04],
    [1000, 0.02],
  ])('calls equals different in at most 5 of 100: %i rows, fold to fold %d', (rows, spread) => {
    expect(different(1500, 1, { rows, gain: 0, spread })).toBeLessThanOrEqual(0.05);
    expect(different(1500, 4, { rows, gain: 0, spread })).toBeLessThanOrEqual(0.02);
  });

  it('would call them different more often if the folds did not count', () => {
    const how = { rows: 1000, gain: 0, spread: 0.03 };
    expect(different(1000, 1, how, false)).toBeGreaterThan(0.1);
    expect(different(1000, 1, how)).toBeLessThanOrEqual(0.06);
  });

  it('is worth two thirds of its rows, which is what is said beforehand', () => {
    for (const pairs of [1, 4]) {
      const asTestRows = mcnemarPower(Math.floor(266 / 1.5), 0.07, 0.17, pairs);
      expect(different(1500, pairs, { rows: 266, gain: 0.1, spread: 0 })).toBeGreaterThanOrEqual(asTestRows - 0.02);
    }
  });

  it('changes nothing where the folds differ no more than their rows make them, and never narrows', () => {
    const { gold, a, b, folds } = made({ rows: 300, gain: 0.1, spread: 0, seed: 3 });
    const plain = accuracyComparison(gold, a, b, {});
    const even = accuracyComparison(gold, a, b, { folds: gold.map((_, i) => Math.floor(i / 299)) });
    expect(even.p).toBeGreaterThanOrEqual(plain.p);
    const same = accuracyComparison([1, 1, 1, 1], [0, 0, 0, 0], [1, 0, 1, 0], { folds: [0, 0, 1, 1] });
    expect(same.p).toBeCloseTo(mcnemarExact(0, 2), 6);
    for (const key of ['low', 'high'] as const)
      expect(Math.abs(accuracyComparison(gold, a, b, { folds }).ci95[key] - plain.difference)).toBeGreaterThanOrEqual(
        Math.abs(plain.ci95[key] - plain.difference) - 1e-9,
      );
    expect(accuracyComparison(gold, a, b, { folds: gold.map(() => 0) })).toEqual(plain);
  });

  it('has nothing to widen without rows, or where the prompts agree on all', () => {
    expect(accuracyComparison([], [], [], { folds: [] }).p).toBe(1);
    expect(accuracyComparison([1, 1], [1, 1], [1, 1], { folds: [0, 1] }).p).toBe(1);
  });
});
