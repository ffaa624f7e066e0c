import { describe, expect, it } from 'vitest';
import { createRng } from '../lib/rng';
import { type Interval, wilson } from './intervals';
import {
  accuracyComparison,
  accuracyInterval,
  clustersOf,
  designEffect,
  equalClusters,
  mcnemarExact,
  mcnemarMidP,
  signFlipTest,
} from './mcnemar';
import { macroF1Comparison } from './resample';
import { normalTail, studentT975, Z95 } from './special';

const width = ({ low, high }: Interval = { low: 0, high: 0 }) => high - low;
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

describe('intervals of clusters', () => {
  const gold = times(50, 1);
  const inFives = gold.map((_, i) => Math.floor(i / 5));

  it('are those of ten trials where ten groups agree on every row', () => {
    const { ci95, ...found } = accuracyComparison(gold, gold, gold, { groups: inFives });
    expect(found).toMatchObject({ difference: 0, p: 1, designEffect: 5 });
    // Bonett-Price of ten rows without a difference, with t of 11 degrees of freedom in place of z
    expect(ci95.high).toBeCloseTo(2.201 * Math.sqrt(2 / 12 / 12), 3);
    expect(ci95.low).toBe(-ci95.high);
    expect(accuracyInterval(gold, gold, { groups: inFives })).toEqual(wilson(10, 10, studentT975(11)));
  });

  it('are Bonett-Price and Wilson where every row is a group, but for t in place of z', () => {
    const a = gold.map((_, i) => Number(i % 3 === 0));
    const b = gold.map((_, i) => Number(i % 5 > 0));
    const alone = gold.map((_, i) => i);
    const ratio = studentT975(51) / Z95;
    const [rows, groups] = [{}, { groups: alone }].map((how) => accuracyComparison(gold, a, b, how).ci95);
    expect(width(groups) / width(rows)).toBeCloseTo(ratio, 10);
    const right = a.reduce((sum, one) => sum + one, 0);
    expect(accuracyInterval(gold, a, { groups: alone })).toEqual(wilson(right, 50, studentT975(51)));
  });

  // the cluster bootstrap held the share in 95, 77, 92 and 92 of 100
  it.each([
    ['20 groups of 5', times(20, 5)],
    ['5 groups of 20', times(5, 20)],
    ['one group of 20 among 50 rows alone', [20, ...times(50, 1)]],
    ['groups of 1 to 10 rows', Array.from({ length: 20 }, (_, i) => 1 + (i % 10))],
  ])('hold the truth in at least 93 of 100: %s', (_, sizes) => {
    const rng = createRng(7);
    const groups = sizes.flatMap((size, group) => times(size, group));
    const said = () => {
      const right = sizes.map(() => Number(rng.next() < 0.7));
      return groups.map((group) => right[group] as number);
    };
    const all = times(groups.length, 1);
    const runs = Array.from({ length: 400 }, () => {
      const [a, b] = [said(), said()];
      const { ci95, p } = accuracyComparison(all, a, b, { groups });
      const { low, high } = accuracyInterval(all, a, { groups });
      return { difference: ci95.low <= 0 && ci95.high >= 0, share: low <= 0.7 && high >= 0.7, below: p < 0.05 };
    });
    const share = (is: (run: (typeof runs)[number]) => boolean) => runs.filter(is).length / runs.length;
    expect(share(({ difference }) => difference)).toBeGreaterThanOrEqual(0.93);
    expect(share(({ share: holds }) => holds)).toBeGreaterThanOrEqual(0.93);
    expect(share(({ below }) => below)).toBeLessThanOrEqual(0.05);
  });
});

it('sums rows by group, and says how many rows count as one', () => {
  expect(clustersOf([1, 1, 0, -1, 1], [7, 7, 7, 2, 2])).toEqual({ sums: [2, 0], sizes: [3, 2] });
  expect(equalClusters({ sizes: [5, 5, 5] })).toBe(3);
  // one group of 50 rows among 50 rows alone says little more than three groups would
  expect(equalClusters({ sizes: [50, ...times(50, 1)] })).toBeCloseTo(3.92, 2);
  expect(designEffect({ sums: [5, -5, 5], sizes: [5, 5, 5] }, 15)).toBe(5);
  expect(designEffect({ sums: [1, -1, 1], sizes: [1, 1, 1] }, 3)).toBe(1);
});
