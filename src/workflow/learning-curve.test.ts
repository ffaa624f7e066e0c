import { describe, expect, test } from 'vitest';
import type { SoftVersion } from '../prompt-set/types';
import { STANDARD } from '../training/settings';
import { learningCurve, learningCurveRuns, outlook } from './learning-curve';

const point = (rows: number, accuracy: number) => ({ rows, accuracy, runs: 1 });

test('plans runs on a quarter, half and all rows, and none where there are too few', () => {
  expect(learningCurveRuns(STANDARD, 256).map(({ trainRows }) => trainRows)).toEqual([64, 128, null]);
  expect(learningCurveRuns(STANDARD, 31)).toEqual([]);
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
  ];
  expect(learningCurve(runs, like, 100)).toEqual([
    { rows: 50, accuracy: 0.7, runs: 1 },
    { rows: 100, accuracy: expect.closeTo(0.85, 9), runs: 2 },
  ]);
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

  test('reports a fall as one, and needs two points', () => {
    expect(outlook([point(64, 0.9), point(256, 0.6)], 100)?.title).toBe('More rows did worse: check the labels');
    expect(outlook([point(64, 0.9)], 100)).toBeNull();
  });
});
