import { expect, test } from 'vitest';
import type { Dataset } from '../dataset/types';
import { cardOf } from '../evaluation/card';
import { compareTexts } from '../evaluation/generate/compare';
import { tally } from '../evaluation/vote';
import type { GenerateEvaluation } from '../prompt-set/types';
import { writtenRows } from './csv';
import { resultsCsv, resultsJson } from './kinds';
import { htmlReport, markdownReport } from './print';
import type { ReportOf } from './types';

const dataset = {
  table: {
    rows: ['1', '2', '3'].map((id) => ({ id, line: 1, cells: { t: `PRIVATE <b>${id}</b>`, s: `wanted ${id}` } })),
  },
  mapping: { text: 't', label: 's', id: null, task: 'generate' },
} as unknown as Dataset;
const arm = (id: string, name: string, kind: 'zero-shot' | 'tuned', written: readonly string[]) => ({
  id,
  name,
  kind,
  written,
  scores: written.map(() => ({ logProb: -4, tokens: 2 })),
  tokensSentMean: 9,
});
const plan = {
  rowIds: ['1', '2', '3'],
  wanted: ['wanted 1', 'wanted 2', 'wanted 3'],
  arms: [
    arm('yours', 'Your prompt', 'zero-shot', ['=SUM(A)', 'wanted 2', 'nothing']),
    arm('tuned', 'Tuned prompt', 'tuned', ['wanted 1', 'nothing', 'wanted']),
  ],
  pairs: [['yours', 'tuned']] as const,
  looks: 2,
  seed: 0,
};
const comparison = compareTexts(plan, { draws: 100 });
const evaluation = { kind: 'generate', plan, comparison } as unknown as GenerateEvaluation;

test('rows come with what changed most first', () => {
  const rows = writtenRows(evaluation, dataset, { a: 'yours', b: 'tuned' });
  expect(rows.map(({ id, gain }) => [id, Number(gain.toFixed(2))])).toEqual([
    ['1', 1],
    ['2', -1],
    ['3', 0.67],
  ]);
  expect(rows[0]).toMatchObject({ wanted: 'wanted 1', a: '=SUM(A)', b: 'wanted 1' });
  expect(writtenRows(evaluation, null, { a: 'yours', b: 'tuned' })[0]?.text).toContain('no longer in this browser');
});

test('the CSV of all rows contains no formula', () => {
  const [head, first] = resultsCsv(evaluation, dataset).split(/\r?\n/);
  expect(head).toBe(
    'row_id,text,wanted,yours_written,yours_rouge_l,yours_log_prob,tuned_written,tuned_rouge_l,tuned_log_prob',
  );
  expect(first).toContain("'=SUM(A)");
  const numbers = resultsCsv(evaluation, null);
  expect(numbers.split(/\r?\n/)[0]).toBe('row_id,yours_rouge_l,yours_log_prob,tuned_rouge_l,tuned_log_prob');
  expect(numbers).not.toMatch(/PRIVATE|wanted|SUM/);
});

const input: ReportOf<'generate'> = {
  kind: 'generate',
  title: 'A <title>',
  card: cardOf(evaluation, { stillFalling: false }),
  account: { read: 9, used: 9, leftOut: {} },
  mayKnow: [],
  history: [],
  answerWords: { words: {}, search: null },
  rows: [],
  createdAt: '2026-01-01T00:00:00Z',
  model: { id: 'm', dtype: 'q4', sha256: 'h' },
  environment: { backend: 'wasm', threads: 2 },
  dataset: { name: 'a.csv', rows: 9, train: 3, validation: 3, test: 3, fingerprint: 'f', splitHash: 's' },
  prompts: [{ armId: 'yours', template: 'Say <it>.\n{text}', shots: 0 }],
  plan,
  comparison,
  training: {
    placement: 'suffix' as const,
    tokens: 10,
    seed: 0,
    steps: 50,
    bestStep: 40,
    stepsPerSecond: null,
    trainSeconds: 9,
    history: [],
  },
  votes: tally([{ rowId: '1', choice: 'b' }]),
};

test('reports say the verdict, every measure with its interval, the votes and their limits; texts only where they were asked for', () => {
  const html = htmlReport(input);
  const markdown = markdownReport(input);
  const json = JSON.stringify(resultsJson(input));
  for (const text of [html, markdown]) {
    expect(text).toContain(comparison.verdict.headline);
    for (const measure of ['ROUGE-L', 'Token F1', 'Exact match', 'Perplexity']) expect(text).toContain(measure);
    expect(text).toContain('The tuned prompt won 1 of 1 decided votes');
    expect(text).toContain('used twice');
  }
  for (const text of [html, markdown, json]) expect(text).not.toMatch(/PRIVATE|wanted 1|nothing near/);
  expect(html).not.toContain('<it>');
  expect(html).toContain('none: no text of any row, and no generated text');
  const rows = writtenRows(evaluation, dataset, { a: 'yours', b: 'tuned' });
  const withRows = htmlReport({ ...input, rows });
  expect(withRows).toContain('PRIVATE &lt;b&gt;1&lt;/b&gt;');
  expect(withRows).toContain('3 test rows, as their owner chose');
  expect(JSON.parse(json).arms[1].rows[0]).toEqual({ id: '1', rougeL: 1, logProb: -4, tokens: 2 });
});
