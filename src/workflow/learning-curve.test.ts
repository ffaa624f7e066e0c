import { describe, expect, test } from 'vitest';
import { createRng } from '../lib/rng';
import { createPromptSet } from '../prompt-set/prompt-set';
import { withRun } from '../prompt-set/test-support';
import type { Evaluation, Run } from '../prompt-set/types';
import { PRESETS, STANDARD } from '../training/settings';
import { gainOf, gainWords, learningCurve, learningCurveRuns } from './learning-curve';

const PARTS = { train: 256, validation: 64 };

const runOf = (accuracy: number | null, settings: Partial<typeof STANDARD>, more: Partial<Run> = {}) =>
  ({
    settings: { ...STANDARD, ...settings },
    template: '',
    initText: '',
    datasetFingerprint: 'f',
    model: {},
    validationAccuracy: accuracy,
    ...more,
  }) as unknown as Run;

/** A run for each size; the largest uses all training rows. */
function curveOf(points: readonly (readonly [rows: number, accuracy: number])[], validationRows: number) {
  const train = Math.max(...points.map(([rows]) => rows));
  const runs = points.map(([rows, accuracy]) =>
    runOf(accuracy, { trainRows: rows === train ? null : rows }, { validationRows }),
  );
  return learningCurve({ runs }, { train, validation: 1000 });
}

test('plans runs on a quarter, half and all rows, and none where there are too few', () => {
  expect(learningCurveRuns(STANDARD, 256).map(({ trainRows }) => trainRows)).toEqual([64, 128, null]);
  const { settings } = PRESETS.auto;
  expect(learningCurveRuns(settings, 256)).toEqual([64, 128, null].map((trainRows) => ({ ...settings, trainRows })));
  expect(learningCurveRuns(STANDARD, 31)).toEqual([]);
  expect(learningCurveRuns(STANDARD, 32).map(({ trainRows }) => trainRows)).toEqual([8, 16, null]);
  expect(learningCurveRuns(STANDARD, 255).map(({ trainRows }) => trainRows)).toEqual([64, 128, null]);
});

test('draws only runs that differ in rows and seed from the newest on fewer rows, as means over seeds', () => {
  const like = runOf(0.8, {});
  const runs = [
    like,
    runOf(0.9, { seed: 1, trainRows: 500 }),
    runOf(0.1, { steps: 9 }),
    runOf(null, { trainRows: 25 }),
    runOf(0.2, { trainRows: 50 }, { handVersion: 'h' }),
    runOf(0.2, { trainRows: 50 }, { distilled: { from: 'h' } }),
    runOf(0.7, { trainRows: 50 }),
    runOf(0.3, { steps: 9 }),
  ];
  expect(learningCurve({ runs }, { ...PARTS, train: 100 })?.points).toEqual([
    { rows: 50, accuracy: 0.7, runs: 1 },
    { rows: 100, accuracy: expect.closeTo(0.85, 9), runs: 2 },
  ]);
  expect(learningCurve({ runs: runs.slice(0, 5) }, PARTS)).toBeNull();
  expect(learningCurve({ runs: [like] }, PARTS)).toBeNull();
  // settings are read from files, in any order
  const turned = Object.fromEntries(Object.entries(STANDARD).toReversed()) as typeof STANDARD;
  const [first, half] = [{ ...like, settings: turned }, runOf(0.7, { trainRows: 50 })];
  expect(learningCurve({ runs: [first, half] }, PARTS)?.points).toHaveLength(2);
});

describe('what a learning curve says', () => {
  test('is that more labels probably help where accuracy rises by more than chance', () => {
    const found = curveOf(
      [
        [64, 0.5],
        [128, 0.6],
        [256, 0.7],
      ],
      100,
    );
    // 10 points a doubling, and log2(356 / 256) = 0.476 doublings
    expect(found?.title).toBe('More labels probably help: 100 more might add 4.8 points');
    expect(found?.sentence).toBe(
      'From 64 to 256 rows accuracy went from 50% to 70% of 100 validation rows. If this continues, 100 more labels would add 4.8 points. 100 rows cannot tell differences below about 12.6 points from chance.',
    );
  });

  test('rests on a line through all points', () => {
    const found = curveOf(
      [
        [32, 0.5],
        [128, 0.6],
        [256, 0.8],
      ],
      1000,
    );
    // log2 rows 5, 7, 8: mean 20 / 3
    const slope =
      ((5 - 20 / 3) * (0.5 - 1.9 / 3) + (7 - 20 / 3) * (0.6 - 1.9 / 3) + (8 - 20 / 3) * (0.8 - 1.9 / 3)) /
      ((5 - 20 / 3) ** 2 + (7 - 20 / 3) ** 2 + (8 - 20 / 3) ** 2);
    expect(found?.title).toContain(`add ${Number((100 * slope * Math.log2(356 / 256)).toFixed(1))} points`);
  });

  test('is not clear where the rise or the fall may be chance, and promises nothing then', () => {
    const ends = (low: number, high: number, rows: number) =>
      curveOf(
        [
          [64, low],
          [256, high],
        ],
        rows,
      );
    for (const found of [ends(0.8, 0.85, 50), ends(0.8, 0.79, 50), ends(0.5, 0.5, 0), ends(0, 0, 9)]) {
      expect(found?.title).toBe('Not clear whether more labels would help');
      expect(found?.sentence).not.toContain('would add');
    }
    expect(ends(0.8, 0.85, 5000)?.title).toMatch(/^More labels probably help/);
    expect(ends(0.9, 0.6, 100)?.title).toBe('Accuracy fell with more rows: check the labels');
  });

  test('never goes above 100%, and has a width where every row is right', () => {
    const near = curveOf(
      [
        [8, 0.5],
        [16, 0.98],
      ],
      100,
    );
    expect(near?.title).toBe('More labels probably help: 100 more might add 2 points');
    const all = curveOf(
      [
        [64, 0.5],
        [256, 1],
      ],
      20,
    );
    expect(all?.title).toBe('All validation rows are right: they cannot show whether more labels would help');
    // one row of 20 is no gain
    expect(
      curveOf(
        [
          [64, 0.95],
          [256, 1],
        ],
        20,
      )?.title,
    ).toBe('Not clear whether more labels would help');
    expect(all?.sentence).toContain('20 rows cannot tell differences below about 16.1 points from chance');
  });

  test('promises a gain in at most 5% of simulated curves where rows change nothing', () => {
    for (const [rows, accuracy] of [
      [20, 0.95],
      [64, 0.75],
      [64, 0.5],
      [64, 0.98],
    ] as const) {
      const rng = createRng(7);
      const right = () => Array.from({ length: rows }, () => rng.next()).filter((x) => x < accuracy).length / rows;
      const sizes = [64, 128, 256];
      const promised = Array.from({ length: 2000 }, () =>
        curveOf(
          sizes.map((size) => [size, right()] as const),
          rows,
        ),
      ).filter((found) => found?.title.includes('might add') || found?.title.startsWith('All validation'));
      expect(promised.length / 2000, `${rows} rows, ${accuracy}`).toBeLessThanOrEqual(0.05);
    }
  });
});

describe('what a preset gained elsewhere', () => {
  const comparison = (trainedVersion: string, difference: number) =>
    ({
      kind: 'classify',
      trainedVersion,
      comparison: {
        pairs: [
          { a: 'untuned', b: 'tuned', metrics: { accuracy: { value: 1 } } },
          { a: 'yours', b: 'tuned', metrics: { accuracy: { value: difference } } },
        ],
      },
    }) as unknown as Evaluation;
  const empty = { name: 'x', words: [], baseTemplate: '', datasetFingerprint: null, datasetName: null, taken: [] };
  const made = createPromptSet({ id: 's', now: '2026' }, empty);
  const set = withRun(withRun(made, { id: 's' }), { id: 'q', settings: PRESETS.quick.settings });

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
    expect(gainWords('auto', [])).toBe('−7 to +33 points over a simple prompt on 12 other data sets.');
    expect(gainWords('auto', [12])).toBe('−7 to +33 points over a simple prompt on 12 other data sets.');
    expect(gainWords('standard', [])).toBeNull();
    expect(gainWords('standard', [12.4, -3.6])).toBe('−4 to +12 points over your own prompt on 2 sets of yours.');
    expect(gainWords('thorough', [2, 2])).toBe('+2 points over your own prompt on 2 sets of yours.');
  });
});
