import { expect, it } from 'vitest';
import type { Dataset } from '../../dataset/types';
import type { ArmResult, Comparison, PairResult } from '../types';
import { calibrationWords, comparedRows, filterRows } from './rows';

const arm = (id: string, kind: ArmResult['kind'], predictions: number[], tokens: number | null = null) =>
  ({
    id,
    name: id,
    kind,
    predictions,
    confidences: predictions.map(() => 0.5),
    tokensSentMean: tokens,
    calibrated: id === 'yours',
  }) as unknown as ArmResult;
const comparison = {
  arms: [arm('yours', 'zero-shot', [0, 1, 1, 0], 46.4), arm('tuned', 'tuned', [1, 1, 0, 0], 31)],
} as unknown as Comparison;
const plan = { rowIds: ['1', '2', '3', '4'], gold: [1, 1, 1, 1], labels: ['bad', 'good'] };
const dataset = {
  mapping: { text: 't', label: 'l', id: null, task: 'classify' },
  table: { rows: [{ id: '1', line: 2, cells: { t: '=text one', l: 'good' } }] },
} as unknown as Dataset;
const pair = { a: 'yours', b: 'tuned' } as PairResult;

const rows = comparedRows(comparison, plan, dataset, pair);

it('puts every row in exactly one group, with both answers and their probabilities', () => {
  expect(rows.map(({ id, group }) => [id, group])).toEqual([
    ['1', 'fixed'],
    ['2', 'right'],
    ['3', 'broken'],
    ['4', 'wrong'],
  ]);
  expect(rows[0]).toMatchObject({
    text: '=text one',
    a: { label: 'bad', right: false, probability: 0.5 },
    b: { label: 'good', right: true, probability: 0.5 },
  });
});

it('keeps the rows that pass every filter', () => {
  const none = { label: null, said: null, ids: null, at: null };
  const found = (filter: Partial<Parameters<typeof filterRows>[1]>) =>
    filterRows(rows, { ...none, ...filter }).map(({ id }) => id);
  expect(found({})).toEqual(['1', '2', '3', '4']);
  expect(found({ label: 'bad' })).toEqual([]);
  expect(found({ said: 'good' })).toEqual(['1', '2']);
  expect(found({ said: 'good', ids: new Set(['2', '3']) })).toEqual(['2']);
  expect(found({ at: new Set([3]) })).toEqual(['4']);
});

it('says which prompts calibration helps', () => {
  const arm = (rows: number) => ({
    id: 'yours',
    name: 'yours',
    temperature: { raw: 1, calibrated: 1, rows },
    validation: { helps: true, answers: { gold: Array.from({ length: 21 }, () => 0), logProbs: [] } },
  });
  expect(calibrationWords(comparison, [arm(21)])).toMatch(/On the validation rows it helps yours\.$/i);
  expect(calibrationWords(comparison, [arm(21), arm(48), { ...arm(21), validation: null }])).toContain(
    'On the validation rows, which are few (prompts without vectors: and on 27 training rows), it helps',
  );
  expect(calibrationWords(comparison, [{ ...arm(21), decided: false }])).toMatch(
    /it helps yours\. A version that was compared before keeps its own, on any model\.$/i,
  );
});

it('says that a saved probe keeps its intercepts', () => {
  const probe = { id: 'run-p', name: 'Probe 2', decided: true, hasIntercepts: true, validation: null } as const;
  const report = { ...arm('run-p', 'tuned', []), name: 'Probe 2', calibrated: true };
  expect(calibrationWords({ ...comparison, arms: [...comparison.arms, report] }, [probe])).toBe(
    'Calibration removes a prompt’s built-in bias toward a label. Prompts with a linear probe (Probe 2) always keep theirs, which holds its intercepts. On the validation rows it helps yours.',
  );
});
