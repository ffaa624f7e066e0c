import { expect, it } from 'vitest';
import { textOf } from '../dataset/labels';
import type { ClassifyEvaluation } from '../prompt-set/types';
import { compare } from './compare';
import { fakeHost, NOW, prepared, promptSet } from './fake-host.test-support';
import { SILENT } from './host';
import { type ReportRequest, reportFile } from './report-file';

async function compared() {
  const dataset = await prepared(60);
  const set = promptSet(dataset);
  const { host } = fakeHost();
  const { evaluation } = await compare(host, { set, dataset }, SILENT);
  const kept = { ...evaluation, id: 'e', setId: set.id, createdAt: NOW } as ClassifyEvaluation;
  const made = (change: Partial<ReportRequest> = {}) => {
    const of = { set, dataset, evaluation: kept, checkpoint: null, format: 'json' } as const;
    return reportFile(host, { ...of, ...change }, SILENT);
  };
  return { dataset, evaluation: kept, made };
}

it('writes a comparison as JSON with its insights and as Markdown, both without a text, and as CSV with all texts', async () => {
  const { dataset, evaluation, made } = await compared();
  const json = JSON.parse((await made()) ?? '');
  expect(json.closer.insights).toBeDefined();
  const markdown = await made({ format: 'md' });
  expect(markdown).toContain(evaluation.comparison.verdict.headline);
  const tests = new Set(dataset.split.test);
  const texts = dataset.table.rows.filter(({ id }) => tests.has(id)).map((row) => textOf(row, dataset.mapping));
  expect(texts.length).toBeGreaterThan(0);
  for (const text of texts) expect(JSON.stringify([json, markdown])).not.toContain(text);
  const csv = await made({ format: 'csv' });
  expect(texts.every((text) => csv?.includes(text))).toBe(true);
});

it('writes the verdict with corrected labels', async () => {
  const { evaluation, made } = await compared();
  const [rowId = ''] = evaluation.plan.rowIds;
  const from = evaluation.plan.gold[0] ?? 0;
  const review = {
    ...{ reviewed: [rowId], corrections: [{ rowId, from, to: 1 - from }] },
    ...{ looks: 2, datasetFingerprint: evaluation.datasetFingerprint },
  };
  const html = await made({ evaluation: { ...evaluation, review }, format: 'html' });
  expect(html).toContain('after 1 correction');
});

it('makes no report once the rows are gone', async () => {
  const { made } = await compared();
  expect(await made({ dataset: null, format: 'html' })).toBeNull();
});
