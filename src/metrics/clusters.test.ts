import { describe, expect, it } from 'vitest';
import { createRng } from '../lib/rng';
import {
  accuracyComparison,
  accuracyInterval,
  clusterBootstrap,
  clustersOf,
  designEffect,
  mcnemarExact,
  mcnemarMidP,
  signFlipTest,
} from './mcnemar';
import { macroF1Comparison } from './resample';
import { normalTail } from './special';

const times = (n: number, value: number) => new Array<number>(n).fill(value);

describe('the sign-flip test of clusters', () => {
  it.each([
    [1, 7],
    [10, 25],
    [5, 5],
    [0, 5],
    [0, 0],
    [12, 30],
  ])('is the exact McNemar test where every row is a group: %i and %i', (b, c) => {
    const { p, midP } = signFlipTest([...times(b, -1), ...times(c, 1), 0, 0]);
    expect(p).toBeCloseTo(mcnemarExact(b, c), 12);
    expect(midP).toBeCloseTo(mcnemarMidP(b, c), 12);
  });

  it('counts every set of signs: five clusters by hand', () => {
    const sums = [3, 2, -1, 4, 1];
    let extreme = 0;
    for (let signs = 0; signs < 32; signs++) {
      const total = sums.reduce((sum, value, i) => sum + ((signs >> i) & 1 ? value : -value), 0);
      if (Math.abs(total) >= 9) extreme++;
    }
    expect(signFlipTest(sums).p).toBeCloseTo(extreme / 32, 12);
  });

  it('becomes the normal test where there are very many clusters', () => {
    const sums = [...times(30_200, 1), ...times(29_800, -1)];
    expect(signFlipTest(sums).p).toBeCloseTo(2 * normalTail(400 / Math.sqrt(60_000)), 6);
    expect(normalTail(1.959963984540054)).toBeCloseTo(0.025, 6);
    expect(normalTail(0)).toBeCloseTo(0.5, 6);
  });
});

/** 40 groups of 5 rows; two prompts of equal accuracy, each as good at every row of a group as at the others. */
function correlated(seed: number) {
  const rng = createRng(seed);
  const gold: number[] = [];
  const a: number[] = [];
  const b: number[] = [];
  const groups: number[] = [];
  for (let g = 0; g < 40; g++) {
    const [ofA, ofB] = [rng.next() < 0.6, rng.next() < 0.6];
    for (let row = 0; row < 5; row++) {
      const said = (right: boolean) => ((rng.next() < 0.9 ? right : rng.next() < 0.6) ? 1 : 0);
      gold.push(1);
      a.push(said(ofA));
      b.push(said(ofB));
      groups.push(g);
    }
  }
  return { gold, a, b, groups };
}

describe('prompts that do not differ, on 40 groups of 5 rows that are right or wrong together', () => {
  const RUNS = 600;
  const how = { seed: 1, draws: 400 };
  const below = (p: (run: ReturnType<typeof correlated>) => number) =>
    Array.from({ length: RUNS }, (_, i) => p(correlated(i))).filter((value) => value < 0.05).length / RUNS;

  it('are called different in at most 6 of 100 comparisons; without the groups it would be in more than 20', () => {
    const p = (grouped: boolean) =>
      below(({ gold, a, b, groups }) => accuracyComparison(gold, a, b, { ...how, ...(grouped ? { groups } : {}) }).p);
    expect(p(true)).toBeLessThanOrEqual(0.06);
    expect(p(false)).toBeGreaterThan(0.2);
  });

  it('are called different by macro-F1 in at most 6 of 100', () => {
    const f1 = below(({ gold, a, b, groups }) => {
      const mixed = gold.map((_, i) => (groups[i] as number) % 2);
      const said = (right: number[]) => right.map((one, i) => (one ? (mixed[i] as number) : 1 - (mixed[i] as number)));
      return macroF1Comparison(mixed, said(a), said(b), 2, { seed: 1, draws: 200, groups }).p;
    });
    expect(f1).toBeLessThanOrEqual(0.06);
  }, 60_000);

  it('have intervals that hold the truth in at least 93 of 100', () => {
    const runs = Array.from({ length: RUNS }, (_, i) => correlated(i));
    const share = (holds: (run: ReturnType<typeof correlated>) => boolean) => runs.filter(holds).length / RUNS;
    expect(
      share(({ gold, a, b, groups }) => {
        const { low, high } = accuracyComparison(gold, a, b, { ...how, groups }).ci95;
        return low <= 0 && high >= 0;
      }),
    ).toBeGreaterThanOrEqual(0.93);
    expect(
      share(({ gold, a, groups }) => {
        const { low, high } = accuracyInterval(gold, a, { ...how, groups });
        return low <= 0.6 && high >= 0.6;
      }),
    ).toBeGreaterThanOrEqual(0.93);
  });
});

it('never gives an interval without a width, though both prompts answer alike in every group', () => {
  const gold = times(50, 1);
  const groups = gold.map((_, i) => Math.floor(i / 5));
  const how = { seed: 0, groups };
  expect(accuracyComparison(gold, gold, gold, how)).toMatchObject({ difference: 0, p: 1, designEffect: 1 });
  expect(accuracyComparison(gold, gold, gold, how).ci95.high).toBeGreaterThan(0.03);
  expect(accuracyInterval(gold, gold, how).low).toBeLessThan(0.95);
});

it('sums rows by group, draws whole groups, and says how many rows count as one', () => {
  const clusters = clustersOf([1, 1, 0, -1, 1], [7, 7, 7, 2, 2]);
  expect(clusters).toEqual({ sums: [2, 0], sizes: [3, 2] });
  // either group alone, or both
  expect(clusterBootstrap(clusters, { seed: 0, draws: 1000 })).toEqual({ low: 0, high: 2 / 3 });
  expect(designEffect([5, -5, 5], 15)).toBe(5);
  expect(designEffect([1, -1, 1], 3)).toBe(1);
});
