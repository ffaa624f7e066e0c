import { describe, expect, test } from 'vitest';
import type { Evaluation, SoftVersion } from '../prompt-set/types';
import { PRESETS, STANDARD } from '../training/settings';
import { gainOf, gainWords, learningCurve, learningCurveRuns, outlook } from './learning-curve';

const point = (rows: number, accuracy: number) => ({ rows, accuracy, runs: 1 });

test('plans runs on a quarter, half and all rows, and none where there are too few', () => {
  expect(learningCurveRuns(STANDARD, 256).map(({ trainRows }) => trainRows)).toEqual([64, 128, null]);
  expect(learningCurveRuns(PRESETS.auto.settings, 256)).toEqual(learningCurveRuns(STANDARD, 256));
  expect(learningCurveRuns(STANDARD, 31)).toEqual([]);
  expect(learningCurveRuns(STANDARD, 32).map(({ trainRows }) => trainRows)).toEqual([8, 16, null]);
  expect(learningCurveRuns(STANDARD, 255).map(({ trainRows }) => trainRows)).toEqual([64, 128, null]);
});

test('draws only runs that differ in rows and seed, as means over seeds', () => {
  const run = (id: string, accuracy: number | null, settings: Partial<typeof STANDARD>): SoftVersion =>
    ({
      id,
      settings: { ...STANDARD, ...settings },
      template: '',
      initText: '',
      datasetFingerprint: 'f',
      model: {},
      soft: {},
      validationAccuracy: accuracy,
    }) as unknown as SoftVersion;
  const like = run('all', 0.8, {});
  const runs = [
    like,
    run('other seed', 0.9, { seed: 1, trainRows: 500 }),
    run('half', 0.7, { trainRows: 50 }),
    run('other steps', 0.1, { steps: 9 }),
    run('unvalidated', null, { trainRows: 25 }),
    { ...run('hybrid', 0.2, { trainRows: 50 }), handVersion: 'h' },
    { ...run('smaller', 0.2, { trainRows: 50 }), distilled: { from: 'h' } },
    { ...run('lost', 0.2, { trainRows: 50 }), soft: null },
  ];
  expect(learningCurve(runs, like, 100)).toEqual([
    { rows: 50, accuracy: 0.7, runs: 1 },
    { rows: 100, accuracy: expect.closeTo(0.85, 9), runs: 2 },
  ]);
  // settings are read from files, in any order
  const turned = Object.fromEntries(Object.entries(STANDARD).toReversed()) as typeof STANDARD;
  expect(learningCurve([{ ...like, settings: turned }], like, 100)).toHaveLength(1);
});

describe('the outlook of a learning curve', () => {
  test('says that more labels probably help when accuracy rises by more than chance', () => {
    const found = outlook([point(64, 0.5), point(128, 0.6), point(256, 0.7)], 100);
    // 10 points a doubling, and log2(356 / 256) = 0.476 doublings.
    expect(found?.title).toBe('More labels probably help: 100 more might add 4.8 points');
    expect(found?.sentence).toContain('From 64 to 256 rows accuracy went from 50% to 70% of 100 validation rows.');
    expect(found?.sentence).toContain('100 rows cannot tell differences below about 9.2 points from chance.');
  });

  test('says that it is not clear when the rise may be chance', () => {
    expect(outlook([point(64, 0.8), point(256, 0.85)], 50)?.title).toBe('Not clear whether more labels would help');
    expect(outlook([point(64, 0.8), point(256, 0.85)], 5000)?.title).toMatch(/^More labels probably help/);
  });

  test('promises nothing where accuracy falls within chance', () => {
    expect(outlook([point(64, 0.8), point(256, 0.79)], 50)?.sentence).toContain('100 more labels would add 0 points');
  });

  test('reports a fall as one, and needs two points', () => {
    expect(outlook([point(64, 0.9), point(256, 0.6)], 100)?.title).toBe(
      'Accuracy fell with more rows: check the labels',
    );
    expect(outlook([point(64, 0.9)], 100)).toBeNull();
  });
});

describe('a sentence of the outlook', () => {
  test('says what a flat curve would bring, and never less than nothing', () => {
    const flat = outlook([point(64, 0.8), point(256, 0.79)], 50);
    expect(flat?.sentence).toBe(
      'From 64 to 256 rows accuracy went from 80% to 79% of 50 validation rows; at this rate, 100 more labels would add 0 points. 50 rows cannot tell differences below about 11.5 points from chance, so this curve shows no need for more. Several seeds, or more validation rows, would make it clearer.',
    );
  });

  test('names the fall as more than chance, and the only validation row', () => {
    const fall = outlook([point(64, 0.9), point(256, 0.6)], 100);
    expect(fall?.sentence).toBe(
      'From 64 to 256 rows accuracy went from 90% to 60% of 100 validation rows. That is more than chance: the added rows may be labelled differently. 100 rows cannot tell differences below about 9.8 points from chance.',
    );
    expect(outlook([point(64, 0.5), point(128, 0.5)], 0)?.sentence).toContain('below about 100 points from chance');
    expect(outlook([point(64, 0), point(128, 0)], 9)?.title).toBe('Not clear whether more labels would help');
  });

  test('is of a line through all points, not only of its ends', () => {
    // slope by least squares over log2 rows 6, 7, 8: ((-1)(0.5 - 0.6) + (0)(0.5 - 0.6) + (1)(0.8 - 0.6)) / 2 = 0.15
    const found = outlook([point(64, 0.5), point(128, 0.5), point(256, 0.8)], 1000);
    const gain = 15 * Math.log2(356 / 256);
    expect(found?.title).toBe(`More labels probably help: 100 more might add ${Number(gain.toFixed(1))} points`);
    const uneven = outlook([point(32, 0.5), point(128, 0.6), point(256, 0.8)], 1000);
    // log2 rows 5, 7, 8: mean 20 / 3
    const slope =
      ((5 - 20 / 3) * (0.5 - 1.9 / 3) + (7 - 20 / 3) * (0.6 - 1.9 / 3) + (8 - 20 / 3) * (0.8 - 1.9 / 3)) /
      ((5 - 20 / 3) ** 2 + (7 - 20 / 3) ** 2 + (8 - 20 / 3) ** 2);
    expect(uneven?.title).toContain(`add ${Number((100 * slope * Math.log2(356 / 256)).toFixed(1))} points`);
  });
});

test('one point is said in the singular', () => {
  const gain = 0.01 / Math.log2(356 / 256);
  const found = outlook([point(128, 0.5), point(256, 0.5 + gain)], 100_000);
  expect(found?.title).toBe('More labels probably help: 100 more might add 1 point');
});

describe('what a preset gained elsewhere', () => {
  const versionOf = (id: string, settings: typeof STANDARD) => ({ id, settings }) as SoftVersion;
  const comparison = (softVersion: string, difference: number) =>
    ({
      kind: 'classify',
      softVersion,
      comparison: {
        pairs: [
          { a: 'untuned', b: 'tuned', difference: 1 },
          { a: 'yours', b: 'tuned', difference },
        ],
      },
    }) as unknown as Evaluation;
  const set = { soft: [versionOf('s', STANDARD), versionOf('q', PRESETS.quick.settings)] };

  test('comes from the newest comparison of a run of that preset with the hand-written prompt', () => {
    const evaluations = [comparison('q', 0.5), comparison('s', -0.02), comparison('s', 0.3), comparison('gone', 0.4)];
    expect(gainOf(set, evaluations, 'standard')).toBe(-2);
    expect(gainOf(set, evaluations, 'quick')).toBe(50);
    expect(gainOf(set, evaluations, 'auto')).toBeNull();
    expect(
      gainOf(set, [{ ...comparison('s', 0.1), kind: 'generate' } as unknown as Evaluation], 'standard'),
    ).toBeNull();
  });

  test('is said as a range with its source: the user’s own sets where there are two, else those that were measured', () => {
    expect(gainWords('standard', [])).toBe('+7 to +32 points on 7 other data sets');
    expect(gainWords('standard', [12])).toBe('+7 to +32 points on 7 other data sets');
    expect(gainWords('standard', [12.4, -3.6])).toBe('−4 to +12 points on 2 sets of yours');
    expect(gainWords('auto', [])).toBe('−1 to +20 points on 11 other data sets');
    expect(gainWords('quick', [])).toBe('+6 points on 1 other data set');
    expect(gainWords('thorough', [])).toBeNull();
    expect(gainWords('thorough', [2, 2])).toBe('+2 points on 2 sets of yours');
  });
});
