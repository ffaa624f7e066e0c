import { expect, test } from 'vitest';
import type { Dataset } from '../../../dataset/types';
import type { ArmReport, Comparison, PairReport } from '../../../evaluation/types';
import { addHardVersion, createPromptSet } from '../../../project/prompt-set';
import type { ClassifyEvaluation } from '../../../project/types';
import { contestOf } from './arms';
import { calibrationWords, comparedRows, costTitle, filterRows } from './results';

const arm = (id: string, kind: ArmReport['kind'], predictions: number[], tokens: number | null = null) =>
  ({
    id,
    name: id,
    kind,
    predictions,
    confidences: predictions.map(() => 0.5),
    tokensSentMean: tokens,
    calibrated: id === 'yours',
  }) as unknown as ArmReport;
const comparison = {
  arms: [arm('yours', 'zero-shot', [0, 1, 1, 0], 46.4), arm('tuned', 'tuned', [1, 1, 0, 0], 31)],
} as unknown as Comparison;
const evaluation = {
  plan: { rowIds: ['1', '2', '3', '4'], gold: [1, 1, 1, 1], labels: ['bad', 'good'] },
} as unknown as ClassifyEvaluation;
const dataset = {
  mapping: { text: 't', label: 'l', id: null },
  table: { rows: [{ id: '1', line: 2, cells: { t: '=text one', l: 'good' } }] },
} as unknown as Dataset;
const pair = { a: 'yours', b: 'tuned' } as PairReport;

const rows = comparedRows(comparison, evaluation, dataset, pair);

test('every row stands in exactly one group, with both answers and their probabilities', () => {
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

test('filters narrow one another', () => {
  const none = { label: null, said: null, ids: null, at: null };
  const found = (filter: Partial<Parameters<typeof filterRows>[1]>) =>
    filterRows(rows, { ...none, ...filter }).map(({ id }) => id);
  expect(found({})).toEqual(['1', '2', '3', '4']);
  expect(found({ label: 'bad' })).toEqual([]);
  expect(found({ said: 'good' })).toEqual(['1', '2']);
  expect(found({ said: 'good', ids: new Set(['2', '3']) })).toEqual(['2']);
  expect(found({ at: new Set([3]) })).toEqual(['4']);
});

test('words', () => {
  expect(costTitle(comparison.arms)).toBe('Tuned sends 31 tokens a row, yours 46');
  expect(calibrationWords(comparison, 'chosen')).toMatch(/helps yours\.$/);
});

test('the arms follow from what a set has', () => {
  const at = { id: 'h', now: '' };
  const set = createPromptSet(
    { id: 's', now: '' },
    { name: 'x', words: [], baseTemplate: '{text}', datasetFingerprint: null, datasetName: null, taken: [] },
  );
  expect(contestOf(set).arms.map((a) => a.id)).toEqual(['untuned']);
  const written = addHardVersion(set, at, { prompt: { template: 'Say. {text}', shots: 3, shotSeed: 1 } }).set;
  const contest = contestOf(written);
  expect(contest.arms.map((a) => [a.id, a.prompt.shots])).toEqual([
    ['untuned', 0],
    ['yours', 0],
    ['yours-8', 8],
  ]);
  expect(contest.pairs).toEqual([['untuned', 'yours']]);
});
