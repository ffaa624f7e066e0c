import { beforeAll, describe, expect, it } from 'vitest';
import { preparedOf, unlikeTexts } from '../dataset/test-support';
import type { Dataset } from '../dataset/types';
import { MAJORITY, PROBE, WORDS } from '../evaluation/classify/made-arms';
import { answerDifferences, differenceSentence, pairedRows } from '../evaluation/sheets';
import { readSetFiles, setFiles } from '../interchange/set-files';
import { present } from '../lib/assert';
import { uninterrupted } from '../lib/control';
import type { Answers, Said, Sheet } from '../prompt-set/answers';
import { recordComparison } from '../prompt-set/calibration';
import { addWritten, finishRun, startRun } from '../prompt-set/make-versions';
import { driftOf, type Result, resultsOf } from '../prompt-set/performance';
import { createPromptSet } from '../prompt-set/prompt-set';
import { versionIn } from '../prompt-set/test-support';
import type { PromptSet, TagEvaluation } from '../prompt-set/types';
import { EMPTY_GRID, type GridCell, gridCsv, gridJson, readGrid } from '../report/grid';
import { openVersion } from '../route/answering';
import { STANDARD } from '../training/settings';
import { compare } from './compare';
import { fakeHost, gridRow, NOW } from './fake-host.test-support';
import { type FillEvent, fillGrid } from './grid';
import { SILENT } from './host';
import { takenSettings } from './runs';
import { learnedOn } from './training-rows';

const MAPPING = { text: 'text', label: 'label', id: null, task: 'tag' } as const;
const NAMES = ['billing', 'delivery', 'none'];
const BARE = 'Text: {text}\nLabels:';

/** Each label shows in a word of the text, in nine of ten rows. */
const rows = unlikeTexts(300, 2).map((text, i) => {
  const tags = [...(i % 2 ? ['billing'] : []), ...(i % 3 ? ['delivery'] : [])];
  const words = i % 10 ? tags : [];
  return [`${text.split(' ').slice(0, 3).join(' ')} ${words.join(' ')} ${i}`, tags.join('; ') || 'none'] as const;
});

/** The tuned prompt weighs the words more than the others do, which are biased against every label. */
const answer = (text: string, vectors: Float32Array | undefined) => {
  const row = text.slice(text.lastIndexOf('Text: '));
  const noise = ([...row].reduce((hash, char) => (hash * 31 + (char.codePointAt(0) ?? 0)) % 997, 7) / 997 - 0.5) * 4;
  const gain = vectors ? 6 : 1.5;
  const odds = NAMES.slice(0, 2).map((name, k) => (row.includes(name) ? gain : 0) - 3 + (k === 0 ? noise : -noise));
  const total = Math.log(odds.reduce((sum, own) => sum + Math.exp(own), 1));
  return [...odds, 0].map((score) => score - total);
};

const host = () => fakeHost(undefined, answer);

function setFor(dataset: Dataset): PromptSet {
  const { fingerprint } = dataset;
  const words = NAMES.map((label) => ({ label, word: ` ${label}` }));
  const from = { name: 'x', words, baseTemplate: BARE, datasetName: 'a.csv', taken: [], kind: 'tag' as const };
  const bare = createPromptSet({ id: 's', now: NOW }, { ...from, datasetFingerprint: fingerprint });
  const prompt = { template: `Tag it.\n${BARE}`, shots: 0, shotSeed: 3 };
  const set = addWritten(bare, { id: 'h', now: NOW }, { text: prompt }).set;
  const model = { id: 'm', sha256: '0'.repeat(64), dtype: 'fp32' };
  const facts = {
    settings: takenSettings('tag', STANDARD),
    template: BARE,
    initText: 'Say',
    model,
    ...learnedOn(dataset),
  };
  const started = startRun(set, { id: 'r0', now: NOW }, facts);
  const soft = { placement: 'suffix', virtualTokens: 1, hidden: 2, vectors: Float32Array.of(1, 0) } as const;
  const kept = { soft, bestStep: 1, validationAccuracy: null, seconds: 1 };
  return finishRun(started.set, started.run.id, { status: 'finished', ...kept }, NOW);
}

const compared = async (dataset: Dataset) => {
  const run = { control: uninterrupted, emit: () => {} };
  const { evaluation } = await compare(host().host, { set: setFor(dataset), dataset }, run);
  return { ...evaluation, id: 'e', setId: 's', createdAt: NOW } as TagEvaluation;
};

describe('a comparison of prompts that give several labels', () => {
  let dataset: Dataset;
  let evaluation: TagEvaluation;
  beforeAll(async () => {
    ({ dataset } = await preparedOf(rows, { seed: 0 }, MAPPING));
    evaluation = await compared(dataset);
  });

  it('asks every prompt and every reference line the same test rows', () => {
    const { plan, comparison } = evaluation;
    expect(plan.rowIds).toEqual(dataset.split.test);
    expect(plan.labels).toEqual(['billing', 'delivery']);
    const ids = plan.arms.map(({ id }) => id);
    expect(ids).toEqual(expect.arrayContaining([MAJORITY, WORDS, PROBE, 'untuned', 'yours', 'yours-8', 'tuned']));
    const reached = (id: string) => comparison.arms.find((arm) => arm.id === id)?.metrics.microF1.value ?? 0;
    expect(reached('tuned')).toBeGreaterThan(0.9);
    expect(reached(WORDS)).toBeGreaterThan(reached(MAJORITY));
    expect(comparison.arms[0]?.labels.map(({ support }) => support)).toEqual(
      [0, 1].map((tag) => plan.gold.filter((tags) => tags.includes(tag)).length),
    );
    for (const { metrics, pHolm } of comparison.pairs) expect(pHolm).toBeGreaterThanOrEqual(metrics.microF1.p);
  });

  it('makes no choice by a test row: other test labels change nothing but what is right', async () => {
    const test = new Set(dataset.split.test);
    const table = {
      ...dataset.table,
      rows: dataset.table.rows.map((row) =>
        test.has(row.id)
          ? { ...row, cells: { ...row.cells, label: row.cells.label === 'none' ? 'billing' : 'none' } }
          : row,
      ),
    };
    const after = await compared({ ...dataset, table });
    expect(after.plan.arms).toEqual(evaluation.plan.arms);
    expect(after.versions).toEqual(evaluation.versions);
    expect(after.plan.gold).not.toEqual(evaluation.plan.gold);
  });

  it('comes back from the files of a complete set, with its rows', () => {
    const set = recordComparison(setFor(dataset), evaluation, NOW);
    const complete = { set, dataset, checkpoints: [], evaluations: [evaluation], measurements: [] };
    expect(readSetFiles(setFiles(complete))).toEqual({ ok: true, value: complete });
  });

  it('keeps the cuts with each version, which then gives the labels that it was compared with', async () => {
    const set = recordComparison(setFor(dataset), evaluation, NOW);
    const { prompt } = versionIn(set, 'r0');
    expect(prompt.calibration).toEqual(evaluation.versions.tuned?.prompt.calibration);
    const { host: asked } = host();
    const answerer = openVersion(asked as never, { prompt, model: null } as never);
    const { plan, comparison } = evaluation;
    const text = new Map(dataset.table.rows.map((row) => [row.id, row.cells.text ?? '']));
    const asRows = plan.rowIds.map((id, i) => ({
      rowId: String(i),
      label: null,
      ids: asked.tokens.encode(`Text: ${text.get(id)}\nLabels:`),
    }));
    const { answers } = await answerer(asRows, uninterrupted);
    const given = comparison.arms.find(({ id }) => id === 'tuned')?.given ?? [];
    expect(
      answers.map((said) => (said.kind === 'tag' ? said.probabilities.flatMap((p, k) => (p >= 0.5 ? [k] : [])) : null)),
    ).toEqual(given);
  });

  it('is answered alike in the grid, cell by cell and pair by pair, and one file is the same again', async () => {
    const set = recordComparison(setFor(dataset), evaluation, NOW);
    const { host: asked } = host();
    const prompts = ['h', 'r0'].map((id) => gridRow(set, id, dataset));
    const cells: GridCell[] = [];
    const said: Said[] = [];
    const emit = (event: FillEvent) => {
      if (event.kind !== 'cell') return;
      cells.push(event.cell);
      said.push(present(event.said, 'answers'));
    };
    await fillGrid(asked, { prompts, data: [{ id: 'd', name: 'd', dataset }], done: [] }, { ...SILENT, emit });
    const { arms, pairs } = evaluation.comparison;
    for (const [i, id] of ['yours', 'tuned'].entries()) {
      const { kind, metrics } = present(cells[i]?.answers, id);
      expect([kind, metrics]).toEqual(['tag', arms.find((arm) => arm.id === id)?.metrics]);
    }
    const [yours, tuned] = cells.map(({ answers }) => present(answers, 'answers')) as [Sheet, Sheet];
    const planned = present(pairs[0], 'pair');
    const [found, tested] = [[yours, tuned] as const, [yours, tuned] as const].map(
      (pair, i) => answerDifferences([pair], { onShow: i === 0 ? 1 : 3 })[0],
    );
    expect(found).toMatchObject({ aOnly: planned.rows.further, bOnly: planned.rows.closer, finding: 'b-better' });
    expect(found?.metrics.microF1?.value).toBe(planned.metrics.microF1.value);
    expect(found?.pCorrected).toBe(planned.metrics.microF1.p);
    expect(tested?.pCorrected).toBeCloseTo(3 * planned.metrics.microF1.p, 12);
    expect(tested?.metrics.microF1?.interval.low).toBeLessThan(found?.metrics.microF1?.interval.low ?? 0);
    expect(differenceSentence('Your prompt', 'Tuned prompt', present(found, 'difference'))).toMatch(
      /^The tuned prompt beats your prompt by \d+ points of micro-F1 on the same \d+ rows, 95% interval .* \(permutation p < 0\.0001\)\.$/,
    );
    const [first] = pairedRows(yours, tuned);
    expect(first).toMatchObject({ gold: expect.any(String), b: { right: expect.any(Boolean) } });
    const named = (id: string) => [{ id, name: id }];
    const grid = { ...EMPTY_GRID, prompts: prompts.map(({ id }) => ({ id, name: id })), models: named('0'.repeat(64)) };
    const file = gridJson({ ...grid, data: named('d'), cells });
    const read = readGrid(file);
    expect(read.ok && gridJson(read.value)).toBe(file);
    expect(gridCsv({ ...grid, data: named('d'), cells })).toContain('micro_f1,micro_f1_low,micro_f1_high,macro_f1');

    // the history of a version has its comparison and its cell on the same rows
    const facts = { setId: 's', createdAt: '2026-02-01', key: '', model: { id: 'm', sha256: '' } };
    const measurements = said.map((each, i): Answers => {
      const data = { kind: 'test', id: 's', name: 'a.csv' } as const;
      return { ...each, ...facts, id: `${i}`, versionId: ['h', 'r0'][i] ?? '', data };
    });
    const results = resultsOf({ set, evaluations: [evaluation], measurements }).filter(({ of }) => of.id === 'r0');
    const [then, now] = results as [Result, Result];
    expect(results.map(({ rowsKey, value }) => [rowsKey, value])).toEqual(Array(2).fill([then.rowsKey, then.value]));
    expect(driftOf(then, now)).toMatchObject({ kind: 'unclear', paired: true, difference: 0 });
    const mean = now.rows.reduce((sum, part) => sum + part, 0) / now.n;
    expect(mean).toBeCloseTo(now.value, 12);
  });
});
