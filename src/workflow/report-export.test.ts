import { expect, it } from 'vitest';
import { textOf } from '../dataset/labels';
import type { ClassifyEvaluation } from '../prompt-set/types';
import { compare } from './compare';
import { fakeHost, NOW, prepared, promptSet } from './fake-host.test-support';
import { SILENT } from './host';
import { type ExportRequest, exportPackage } from './index';

async function compared() {
  const dataset = await prepared(60);
  const set = promptSet(dataset);
  const { host } = fakeHost();
  const { evaluation } = await compare(host, { set, dataset }, SILENT);
  const kept = { ...evaluation, id: 'e', setId: set.id, createdAt: NOW } as ClassifyEvaluation;
  const made = async (change: Partial<ExportRequest> = {}, of = kept) => {
    const stored = { set, dataset, evaluations: [of], checkpoints: [], measurements: [] };
    const order = { stored, subject: null, withRows: false, recipient: 'manager', ...change } as const;
    return new TextDecoder().decode((await exportPackage(host, order, SILENT)).content);
  };
  return { dataset, evaluation: kept, made };
}

it('writes a comparison as JSON with its insights and as Markdown, both without a text, though rows may go along', async () => {
  const { dataset, evaluation, made } = await compared();
  const json = JSON.parse(await made({ format: 'json', withRows: true }));
  expect(json.closer.insights).toBeDefined();
  const markdown = await made({ format: 'markdown', withRows: true });
  expect(markdown).toContain(evaluation.comparison.verdict.headline);
  const tests = new Set(dataset.split.test);
  const texts = dataset.table.rows.filter(({ id }) => tests.has(id)).map((row) => textOf(row, dataset.mapping));
  expect(texts.length).toBeGreaterThan(0);
  for (const text of texts) expect(JSON.stringify([json, markdown])).not.toContain(text);
});

it('writes the verdict with corrected labels', async () => {
  const { evaluation, made } = await compared();
  const [rowId = ''] = evaluation.plan.rowIds;
  const from = evaluation.plan.gold[0] ?? 0;
  const review = {
    reviewed: [rowId],
    corrections: [{ rowId, from, to: 1 - from }],
    looks: 2,
    datasetFingerprint: evaluation.datasetFingerprint,
  };
  expect(await made({}, { ...evaluation, review })).toContain('after 1 correction');
});
