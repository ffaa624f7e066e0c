import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as stats from './stats';

/** What SciPy and statsmodels say, by tools/stats/reference.py. */
const reference = JSON.parse(readFileSync('test/fixtures/statistics.json', 'utf8'));
const [table] = reference.tables;
const [both, aOnly, bOnly, neither] = table.counts as [number, number, number, number];
const rows = both + aOnly + bOnly + neither;
/** Rows with those counts. */
const column = (...parts: readonly [number, string][]) =>
  parts.flatMap(([n, label]) => new Array<string>(n).fill(label));
const gold = column([rows, 'yes']);
const a = column([both + aOnly, 'yes'], [bOnly + neither, 'no']);
const b = column([both, 'yes'], [aOnly, 'no'], [bOnly, 'yes'], [neither, 'no']);

const near = (interval: stats.Interval, [low, high]: readonly [number, number], digits = 9) => {
  expect(interval.low).toBeCloseTo(low, digits);
  expect(interval.high).toBeCloseTo(high, digits);
};

describe('statistics through the door of the package', () => {
  it('accuracy and its interval', () => {
    const found = stats.accuracy({ gold, predicted: a });
    expect(found.value).toBe((both + aOnly) / rows);
    near(found.interval, table.wilson);
    near(stats.shareInterval({ correct: 60, rows: 100 }), [0.502, 0.6906], 4);
  });

  it('F1 of each label and of all', () => {
    const small = { gold: ['x', 'x', 'x', 'y', 'y', 'z'], predicted: ['x', 'x', 'y', 'y', 'x', 'x'], draws: 200 };
    const { value, interval, byLabel } = stats.f1(small);
    expect(value).toBeCloseTo((4 / 7 + 0.5) / 3);
    expect(interval.low).toBeLessThanOrEqual(value);
    expect(interval.high).toBeGreaterThanOrEqual(value);
    expect(byLabel[0]).toEqual({ label: 'x', precision: 0.5, recall: 2 / 3, f1: 4 / 7, rows: 3 });
    expect(stats.f1({ ...small, labels: ['x', 'y', 'z', 'w'] }).value).toBeCloseTo((4 / 7 + 0.5) / 4);
  });

  it('the difference of two accuracies, its interval and p', () => {
    const found = stats.compareAccuracy({ gold, a, b });
    expect(found).toMatchObject({ aOnly, bOnly, rows, difference: (bOnly - aOnly) / rows });
    near(found.interval, table.bonettPrice);
    expect(found.p).toBeCloseTo(table.exact, 9);
    expect(found.midP).toBeCloseTo(table.midP, 9);
    near(stats.differenceInterval({ aOnly: 25, bOnly: 10, rows: 200 }), [-0.1324, -0.0161], 4);
    expect(stats.mcnemar({ aOnly: 1, bOnly: 7 }).p).toBeCloseTo(0.07031, 5);
    expect(stats.mcnemar({ aOnly: 1, bOnly: 7 }).midP).toBeCloseTo(0.03906, 5);
  });

  it('is less sure where rows belong together', () => {
    const groups = gold.map((_, i) => `author ${Math.floor(i / 10)}`);
    const [single, grouped] = [stats.compareAccuracy({ gold, a, b }), stats.compareAccuracy({ gold, a, b, groups })];
    expect(grouped.difference).toBe(single.difference);
    expect(grouped.interval.high - grouped.interval.low).toBeGreaterThan(single.interval.high - single.interval.low);
    expect(grouped.p).toBeGreaterThan(single.p);
  });

  it('the difference of two macro-F1, the same for the same seed', () => {
    const found = stats.compareF1({ gold, a, b, draws: 500, seed: 3 });
    expect(found.difference).toBeLessThan(0);
    expect(found.interval.low).toBeLessThan(found.difference);
    expect(found.p).toBeLessThan(0.1);
    expect(stats.compareF1({ gold, a, b, draws: 500, seed: 3 })).toEqual(found);
    expect(stats.compareF1({ gold, a, b: a, draws: 50 })).toEqual({
      difference: 0,
      interval: { low: 0, high: 0 },
      p: 1,
    });
  });

  it('bootstrap and permutation of any statistic', () => {
    const values = Array.from({ length: 200 }, (_, i) => (i * 37) % 100);
    const mean = (places: Int32Array) => places.reduce((sum, i) => sum + (values[i] ?? 0), 0) / places.length;
    const spread = (1.96 * Math.sqrt((100 ** 2 - 1) / 12)) / Math.sqrt(200);
    near(stats.bootstrap({ rows: 200, statistic: mean, seed: 1 }), [49.5 - spread, 49.5 + spread], 0);
    const { d, p } = reference.permutations.at(-1) as { d: number[]; p: number };
    const statistic = (swap: Uint8Array) => d.reduce((sum, v, i) => sum + (swap[i] ? -v : v), 0) / d.length;
    const found = stats.permutation({ rows: d.length, statistic, draws: 20_000, seed: 4 });
    expect(Math.abs(found - p)).toBeLessThan(4 * Math.sqrt((p * (1 - p)) / 20_000) + 1e-4);
  });

  it('p-values corrected for each other', () => {
    const [first = 0, ...rest] = stats.correctedPValues([0.01, 0.04, 0.03, 0.005]);
    expect(first).toBeCloseTo(0.03, 10);
    expect(rest.map((p) => Number(p.toFixed(10)))).toEqual([0.06, 0.06, 0.02]);
  });

  it('power, the smallest gain, and the rows that settle it', () => {
    const [{ n, a: aOnlyShare, b: bOnlyShare, power }] = reference.powers;
    expect(stats.testPower({ rows: n, aOnlyShare, bOnlyShare })).toBeCloseTo(power, 9);
    expect(stats.detectableGain({ rows: 200 })).toBeCloseTo(0.089, 2);
    expect(stats.detectableGain({ rows: 200, comparisons: 4 })).toBeCloseTo(0.109, 2);
    expect(stats.rowsToSettle({ aOnly: 10, bOnly: 10, rows: 100 })).toBeNull();
    expect(stats.rowsToSettle({ aOnly: 0, bOnly: 4, rows: 60 })).toBeGreaterThan(60);
  });

  it('calibration of probabilities', () => {
    const [{ logProbs, gold: right, brier, nll }] = reference.scores;
    const probabilities = logProbs.map((row: number[]) => row.map(Math.exp));
    const found = stats.calibration({ probabilities, gold: right });
    expect(found.brier).toBeCloseTo(brier, 9);
    expect(found.logLoss).toBeCloseTo(nll, 9);
    expect(found.ece).toBeNull();
    const many = { probabilities: Array.from({ length: 200 }, () => [0.8, 0.2]), gold: new Array<number>(200).fill(0) };
    const { ece, bins } = stats.calibration({ ...many, draws: 100 });
    expect(ece?.value).toBeCloseTo(0.2);
    expect(ece?.interval.low).toBeGreaterThan(0);
    expect(bins).toHaveLength(10);
  });

  it('refuses columns of different lengths and labels outside the set', () => {
    expect(() => stats.accuracy({ gold, predicted: ['yes'] })).toThrow(/gold has 357, predicted has 1/);
    expect(() => stats.accuracy({ gold, predicted: a, groups: [1] })).toThrow(/groups has 1/);
    expect(() => stats.f1({ gold, predicted: a, labels: ['yes'] })).toThrow(/label no is not among yes/);
  });
});
