import { describe, expect, test } from 'vitest';
import type { ArmResult } from '../evaluation/types';
import { newcombe } from '../metrics/intervals';
import { labelFigures } from '../metrics/registry';
import type { Answers } from './answers';
import { answersTo } from './answers.test-support';
import { addWritten } from './make-versions';
import {
  betweenWords,
  driftOf,
  driftWords,
  firstOf,
  type Measured,
  overVersions,
  performanceTitle,
  type Result,
  resultsOf,
  rowsOfResults,
  testRowsKey,
} from './performance';
import { createPromptSet } from './prompt-set';
import { comparedAs } from './test-support';
import type { ClassifyEvaluation, GenerateEvaluation, PromptSet } from './types';

test.each([
  [56, 70, 48, 80, 0.0524, 0.3339],
  [9, 10, 3, 10, 0.1705, 0.809],
  [6, 7, 2, 7, 0.0582, 0.8062],
  [5, 56, 0, 29, -0.0381, 0.1926],
  [0, 10, 0, 20, -0.1611, 0.2775],
  [10, 10, 0, 20, 0.6791, 1],
])('Newcombe’s method 10, his Table II: %i/%i − %i/%i', (a, m, b, n, low, high) => {
  const found = newcombe(a, m, b, n);
  expect(found.low).toBeCloseTo(low, 4);
  expect(found.high).toBeCloseTo(high, 4);
});

function made(): PromptSet {
  let set = createPromptSet(
    { id: 's', now: '2026-01-01' },
    { name: 'Tone', words: [], baseTemplate: '{text}', datasetFingerprint: 'f', datasetName: 'march.csv', taken: [] },
  );
  for (const n of [1, 2])
    set = addWritten(
      set,
      { id: `h${n}`, now: `2026-01-0${n + 1}` },
      { text: { template: `${n} {text}`, shots: 0, shotSeed: 0 } },
    ).set;
  return set;
}

const resultsFrom = (set: PromptSet, evaluations: Measured['evaluations'], measurements: Measured['measurements']) =>
  resultsOf({ set, evaluations, measurements });

const LABELS = ['bad', 'good'];
const gold = (n: number) => Array.from({ length: n }, (_, i) => i % 2);
/** Right on the first `correct` rows. */
const said = (n: number, correct: number) => gold(n).map((label, i) => (i < correct ? label : 1 - label));
const metricsOf = (n: number, correct: number) =>
  labelFigures({ gold: gold(n), predicted: said(n, correct), classes: 2 }, { seed: 1, draws: 10 });
const rowIds = (n: number) => Array.from({ length: n }, (_, i) => `row-${i}`);

const measured = (id: string, versionId: string, n: number, correct: number, rows: string, day: number): Answers => ({
  ...answersTo({ id, setId: 's', versionId, createdAt: `2026-03-0${day}` }, `${rows}.csv`, gold(n), said(n, correct)),
  fingerprint: rows,
});

const evaluation = (n: number, correct: number, calibrated: boolean): ClassifyEvaluation =>
  ({
    kind: 'classify',
    id: 'e',
    setId: 's',
    createdAt: '2026-02-01',
    writtenVersion: 'h1',
    trainedVersion: null,
    versions: comparedAs({ yours: 'h1' }),
    plan: {
      labels: LABELS,
      rowIds: rowIds(n),
      gold: gold(n),
      arms: [{ id: 'yours', calibration: { meanLogProbs: [-1, -0.5], rows: 10 } }],
    },
    comparison: {
      calibrated: false,
      arms: [
        {
          id: 'yours',
          calibrated,
          predictions: said(n, correct),
          metrics: metricsOf(n, correct),
        } as unknown as ArmResult,
      ],
    },
  }) as unknown as ClassifyEvaluation;

describe('results of versions', () => {
  const set = made();
  const measurements = [
    measured('m1', 'h1', 180, 128, 'april', 1),
    measured('m2', 'h2', 180, 150, 'april', 2),
    measured('m3', 'gone', 180, 150, 'april', 3),
  ];
  const results = resultsFrom(set, [evaluation(120, 101, false)], measurements);

  test('come from comparisons and measurements of versions that are here, oldest first', () => {
    expect(results.map(({ of, n, value }) => [of.id, n, Math.round(n * value)])).toEqual([
      ['h1', 120, 101],
      ['h1', 180, 128],
      ['h2', 180, 150],
    ]);
  });

  test('never mix rows: each set of rows has a line of its own', () => {
    const lots = rowsOfResults(results);
    expect(lots.map(({ name, versions }) => [name, versions])).toEqual([
      ['180 rows of april.csv', 2],
      ['120 test rows of march.csv', 1],
    ]);
    for (const { key } of lots) {
      const line = overVersions(results, key);
      expect(new Set(line.map(({ rowsKey }) => rowsKey)).size).toBe(1);
    }
    expect(overVersions(results, 'april').map(({ of }) => of.id)).toEqual(['h1', 'h2']);
  });

  test('on different rows are compared as two samples, and a real drop is reported', () => {
    const [first, now] = results as [Result, Result];
    expect(firstOf(results, now)).toBe(first);
    expect(firstOf(results, first)).toBeNull();
    expect(driftOf(first, now)).toMatchObject({ kind: 'drop', paired: false });
    expect(driftWords(first, now)).toBe(
      'Was 84% on 120 test rows of march.csv; now 71% (64 to 77) on 180 rows of april.csv: a real drop, −13 points (95% interval −22 to −3).',
    );
    expect(driftWords(null, first)).toContain('This is the first result');
  });

  test('on the same rows are compared row by row', () => {
    const again = resultsFrom(set, [], [measured('a', 'h1', 100, 60, 'x', 1), measured('b', 'h1', 100, 66, 'x', 2)]);
    const [then, now] = again as [Result, Result];
    // unpaired, the same six points would be unclear
    expect(driftOf(then, now)).toMatchObject({ kind: 'gain', paired: true });
    expect(driftOf({ ...then, rowsKey: 'other' }, now)).toMatchObject({ kind: 'unclear', paired: false });
    expect(driftWords({ ...then, rowsKey: 'other' }, now)).toContain('no clear change');
  });

  test('of two versions are compared only on rows that both answered', () => {
    expect(betweenWords(results, 'h1', 'h2')).toBe(
      'On 180 rows of april.csv: 71% and 83%, +12 points (95% interval +7 to +17)',
    );
    expect(betweenWords(results.slice(0, 1).concat(results.slice(2)), 'h1', 'h2')).toBeNull();
  });

  test('get a title that claims no more than the rows show', () => {
    expect(performanceTitle([])).toBe('No version has been measured yet');
    expect(performanceTitle(overVersions(results, 'april'))).toBe(
      'hand-written 2 is above hand-written 1 by 12 points (+7 to +17)',
    );
    const same = resultsFrom(set, [], [measured('a', 'h1', 20, 12, 'x', 1), measured('b', 'h2', 20, 13, 'x', 2)]);
    expect(performanceTitle(same)).toBe('2 versions on 20 rows of x.csv: no clear change from first to last');
  });
});

test('gives test rows of a comparison and of a measurement one key, and other labels another', () => {
  const key = testRowsKey(rowIds(5), gold(5), LABELS);
  expect(resultsFrom(made(), [evaluation(5, 3, false)], [])[0]?.rowsKey).toBe(key);
  expect(
    testRowsKey(
      rowIds(5),
      gold(5).map((g) => 1 - g),
      LABELS,
    ),
  ).not.toBe(key);
});

describe('versions that generate texts', () => {
  const set = made();
  const scores = (rows: readonly number[]) => {
    const rougeL = rows.reduce((sum, value) => sum + value, 0) / rows.length;
    const around = (value: number) => ({ value, interval: { low: rougeL - 0.1, high: rougeL + 0.1 } });
    const perplexity = { value: 4, interval: { low: 3, high: 5 } };
    return { metrics: { rougeL: around(rougeL), tokenF1: around(rougeL), exactMatch: around(0), perplexity }, rows };
  };
  const wrote = (id: string, rows: readonly number[], day: number, fingerprint = 'april'): Answers => {
    const asked = {
      kind: 'generate' as const,
      rowIds: rows.map((_, i) => `${i}`),
      rowsKey: fingerprint,
      groups: null,
      seed: 0,
      leftOut: 0,
      known: null,
      tokensSentMean: 1,
      unsure: null,
    };
    return { ...measured(id, 'h1', 1, 1, fingerprint, day), answers: { ...scores(rows), ...asked } };
  };
  const many = (value: number, swing: number) => Array.from({ length: 40 }, (_, i) => value + (i % 2 ? swing : -swing));

  test('are compared by ROUGE-L: row by row on the same rows, else as two samples', () => {
    const results = resultsFrom(set, [], [wrote('a', many(0.5, 0.3), 1), wrote('b', many(0.55, 0.3), 2)]);
    const [then, now] = results as [Result, Result];
    expect(driftOf(then, now)).toMatchObject({ kind: 'gain', paired: true });
    expect(driftWords(then, now)).toBe(
      'Was ROUGE-L 50% on 40 rows of april.csv; now 55% (45 to 65) on the same rows: a real gain, +5 points (95% interval +5 to +5).',
    );
    // unpaired, the same five points would be unclear
    expect(driftOf({ ...then, rowsKey: 'other' }, now)).toMatchObject({ kind: 'unclear', paired: false });
    expect(performanceTitle([now])).toBe('hand-written 1 reaches ROUGE-L 55% on 40 rows of april.csv');
    expect(now.figures).toMatchObject({ 'token F1': expect.closeTo(0.55), 'exact match': 0, perplexity: 4 });
  });

  test('are compared with results on the same test rows, and never with an accuracy', () => {
    const wanted = ['late', 'lost'];
    const arms = [{ id: 'yours', written: ['late', 'gone'] }];
    const writing = {
      kind: 'generate',
      id: 'w',
      createdAt: '2026-02-01',
      writtenVersion: 'h1',
      trainedVersion: null,
      versions: comparedAs({ yours: 'h1' }),
      plan: { rowIds: ['0', '1'], wanted, arms },
      comparison: { n: 2, arms: [{ id: 'yours', ...scores([1, 0]) }] },
    } as unknown as GenerateEvaluation;
    const again = wrote('a', [1, 0.5], 3, testRowsKey(['0', '1'], wanted, []));
    const results = resultsFrom(set, [writing], [again]);
    const last = results.at(-1) as Result;
    expect(driftOf(firstOf(results, last) as Result, last)).toMatchObject({ paired: true, difference: 0.25 });
    expect(betweenWords(results, 'h1', 'h1')).toContain('ROUGE-L');
  });
});
