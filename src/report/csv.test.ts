import { expect, test } from 'vitest';
import { parseTable } from '../dataset/parse';
import type { Dataset } from '../dataset/types';
import type { Comparison } from '../evaluation/types';
import type { ClassifyEvaluation } from '../prompt-set/types';
import { resultsCsv } from './kinds';

const arm = (id: string, predictions: number[], tokensSentMean: number | null) => ({
  id,
  predictions,
  confidences: predictions.map(() => 0.5),
  tokensSentMean,
  latencyMsMedian: null,
});
const comparison = {
  arms: [arm('yours', [0, 1], 46.44), arm('tuned', [1, 1], null)],
} as unknown as Comparison;
const evaluation = {
  kind: 'classify',
  comparison,
  plan: { rowIds: ['ticket 7', '2'], gold: [1, 0], labels: ['bad', 'good'] },
  writtenVersion: 'h1',
  trainedVersion: 's1',
  datasetFingerprint: 'ffff',
} as unknown as ClassifyEvaluation;
const dataset = {
  mapping: { text: 't', label: 'l', id: null, task: 'classify' },
  table: { rows: [{ id: 'ticket 7', line: 2, cells: { t: '=text, one', l: 'good' } }] },
} as unknown as Dataset;

test('with texts, formulas in them disarmed; a text that is gone is empty', () => {
  const read = parseTable('r.csv', new TextEncoder().encode(resultsCsv(evaluation, dataset)));
  if (!read.ok) throw new Error(read.error.message);
  expect(read.value.rows.map(({ cells }) => cells)).toEqual([
    {
      row_id: 'ticket 7',
      text: "'=text, one",
      gold: 'good',
      yours_prediction: 'bad',
      yours_confidence: '0.5',
      yours_correct: '0',
      yours_tokens_in: '46.4',
      yours_latency_ms: '',
      tuned_prediction: 'good',
      tuned_confidence: '0.5',
      tuned_correct: '1',
      tuned_tokens_in: '',
      tuned_latency_ms: '',
      prompt_version: 'h1 + s1',
      data_sha256: 'ffff',
    },
    expect.objectContaining({ row_id: '2', text: '', gold: 'bad' }),
  ]);
});

test('without texts nothing of a row is in it, its id neither', () => {
  const csv = resultsCsv(evaluation, null);
  expect(csv).not.toContain('ticket');
  expect(csv).not.toContain('text');
  expect(csv.split('\r\n')[1]).toBe('1,good,bad,0.5,0,46.4,,good,0.5,1,,,h1 + s1,ffff');
});
