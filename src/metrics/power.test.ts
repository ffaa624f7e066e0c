import { describe, expect, it } from 'vitest';
import { createRng } from '../lib/rng';
import { bonettPrice } from './intervals';
import { mcnemarExact, signFlipTest } from './mcnemar';
import { detectableDifference, mcnemarPower, rowsToSettle } from './power';

/** Independent and slow: simulate the experiment, judged as a verdict judges it, corrected for so many pairs. */
function simulated(n: number, aOnly: number, bOnly: number, runs: number, pairs = 1): number {
  const rng = createRng(1);
  let rejected = 0;
  for (let r = 0; r < runs; r++) {
    let b = 0;
    let c = 0;
    for (let i = 0; i < n; i++) {
      const u = rng.next();
      if (u < aOnly) b++;
      else if (u < aOnly + bOnly) c++;
    }
    const { low, high } = bonettPrice(b, c, n);
    if (mcnemarExact(b, c) * pairs < 0.05 && (low > 0 || high < 0)) rejected++;
  }
  return rejected / runs;
}

describe('power of the exact McNemar test', () => {
  // docs/method/statistics.md
  it.each([
    [100, 0.05, 0.1, 18],
    [200, 0.05, 0.1, 37],
    [400, 0.05, 0.1, 70],
    [50, 0.05, 0.15, 24],
    [100, 0.05, 0.15, 54],
    [200, 0.05, 0.15, 88],
  ])('n=%i %d/%d', (n, aOnly, bOnly, percent) => {
    expect(Math.round(100 * mcnemarPower(n, aOnly, bOnly))).toBe(percent);
  });

  it('equals a simulation', () => {
    expect(mcnemarPower(150, 0.06, 0.16)).toBeCloseTo(simulated(150, 0.06, 0.16, 4000), 1);
    expect(mcnemarPower(80, 0.1, 0.1)).toBeLessThan(0.05);
  });

  it.each([1, 4, 6])('says the smallest difference that can be seen, corrected for %i pairs', (pairs) => {
    const d = detectableDifference(105, pairs) as number;
    expect(mcnemarPower(105, 0.05, 0.05 + d, pairs)).toBeGreaterThanOrEqual(0.8);
    expect(mcnemarPower(105, 0.05, 0.05 + d - 0.01, pairs)).toBeLessThan(0.8);
    expect(simulated(105, 0.05, 0.05 + d, 4000, pairs)).toBeGreaterThan(0.78);
    expect(detectableDifference(400, pairs) as number).toBeLessThan(d);
    expect(detectableDifference(3, pairs)).toBeNull();
  });

  it('is approximated where rows are many, without a jump and without a wait', () => {
    const exact = detectableDifference(5000, 4) as number;
    expect(detectableDifference(5001, 4) as number).toBeGreaterThan(exact * 0.97);
    expect(detectableDifference(5001, 4) as number).toBeLessThanOrEqual(exact * 1.01);
    const many = detectableDifference(70_000, 4) as number;
    expect(mcnemarPower(70_000, 0.05, 0.05 + many, 4)).toBeGreaterThan(0.77);
    expect(mcnemarPower(70_000, 0.05, 0.05 + many, 4)).toBeLessThan(0.83);
  });

  it('needs a difference of 11 points on 200 rows where four pairs are corrected for, not of 9', () => {
    expect(detectableDifference(200, 1)).toBeCloseTo(0.089, 2);
    expect(detectableDifference(200, 4)).toBeCloseTo(0.109, 2);
  });
});

describe('the rows that would settle a difference', () => {
  const SEEN = [
    [6, 12, 120],
    [0, 4, 60],
    [2, 7, 93],
    [20, 30, 93],
  ] as const;

  it.each(SEEN.flatMap((seen) => [1, 4].map((pairs) => [...seen, pairs] as const)))(
    'have a power of 0.8: %i and %i of %i rows, corrected for %i pairs',
    (aOnly, bOnly, n, pairs) => {
      const rows = rowsToSettle(aOnly, bOnly, n, pairs) as number;
      expect(simulated(rows, aOnly / n, bOnly / n, 2000, pairs)).toBeGreaterThanOrEqual(0.8);
    },
  );

  it('are enough where the prompt breaks rows too that broke none so far, and no more than that', () => {
    const [a, b] = [0.5 / 61, 4.5 / 61];
    for (const pairs of [1, 4]) {
      const rows = rowsToSettle(0, 4, 60, pairs) as number;
      expect(mcnemarPower(rows, a, b, pairs)).toBeGreaterThanOrEqual(0.8);
      expect(mcnemarPower(Math.floor(0.9 * rows), a, b, pairs)).toBeLessThan(0.8);
    }
  });

  it('are not asked for where nothing was seen', () => expect(rowsToSettle(10, 10, 100, 1)).toBeNull());
});

it('counts groups of unequal size as the number of equal ones that they are worth', () => {
  const sizes = [...new Array<number>(60).fill(1), ...new Array<number>(6).fill(10)];
  const rng = createRng(3);
  /** Each group right or wrong as a whole. */
  const shown = (gain: number, pairs: number) => {
    const runs = Array.from({ length: 600 }, () => {
      const sums = sizes.map((size) => {
        const u = rng.next();
        return u < 0.05 ? -size : u < 0.1 + gain ? size : 0;
      });
      return signFlipTest(sums).p * pairs < 0.05;
    });
    return runs.filter(Boolean).length / runs.length;
  };
  const gain = (trials: number) => detectableDifference(trials, 4) as number;
  expect(shown(gain(sizes.length), 4)).toBeLessThan(0.7);
  expect(shown(gain(Math.floor(120 ** 2 / (60 + 6 * 100))), 4)).toBeGreaterThanOrEqual(0.8);
});
