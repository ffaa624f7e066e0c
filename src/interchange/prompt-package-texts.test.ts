import { unzipSync, zipSync } from 'fflate';
import { expect, test } from 'vitest';
import type { Dataset } from '../dataset/types';
import { compareTexts } from '../evaluation/generate/compare';
import { addHardVersion, chosenSoft, finishRun, recordAnswers, startRun } from '../prompt-set/make-versions';
import { changeTask, createPromptSet } from '../prompt-set/prompt-set';
import type { GenerateEvaluation, PromptSet, SoftVersion } from '../prompt-set/types';
import { STANDARD } from '../training/settings';
import { promptPackageFiles, readPromptPackage } from './prompt-package';
import { setJsonSchema } from './set-json';
import { sidecarSchema } from './sidecar';
import { buildSidecar } from './sidecar-build';
import { writeZip } from './zip';

const HASH = 'a'.repeat(64);
const NOW = '2026-01-01T00:00:00Z';
const at = (id: string) => ({ id, now: NOW });
const here = { id: 'new', now: NOW, taken: [] as string[] };
const soft = { placement: 'suffix' as const, vectors: Float32Array.of(1, 2, 3, 4), virtualTokens: 2, hidden: 2 };

const rows: Dataset = {
  table: {
    format: { fileName: 'a.csv', bytes: 1, encoding: 'utf-8', delimiter: ',', kind: 'csv' },
    columns: ['ticket', 'summary'],
    rows: ['1', '2', '3'].map((id) => ({ id, line: 1, cells: { ticket: `PRIVATE ${id}`, summary: `s ${id}` } })),
    rejected: [],
  },
  mapping: { text: 'ticket', label: 'summary', id: null, task: 'write' },
  labels: [],
  split: { train: ['1'], validation: ['2'], test: ['3'] },
  seed: 0,
  fingerprint: 'f',
  splitHash: 's',
};

function writer(): { set: PromptSet; run: SoftVersion } {
  let set = createPromptSet(at('s'), {
    name: 'Summaries',
    words: [],
    writing: { longest: null },
    baseTemplate: 'Ticket: {text}\nSummary:',
    datasetFingerprint: 'f',
    datasetName: 'a.csv',
    taken: [],
  });
  set = addHardVersion(set, at('h'), { prompt: { template: 'Say.\n{text}\nS:', shots: 0, shotSeed: 0 } }).set;
  const wrote = {
    rows: 1,
    rougeL: 0.5,
    tokenF1: 0.5,
    exactMatch: 0,
    loss: 2,
    seconds: 1,
    written: [{ rowId: '2', text: 'PRIVATE ANSWER' }],
    datasetFingerprint: 'f',
  };
  set = recordAnswers(set, 'h', { wrote }, NOW);
  set = startRun(set, at('r'), {
    settings: { ...STANDARD, virtualTokens: 2, metric: 'loss' },
    template: set.baseTemplate,
    initText: 'Say.',
    model: { id: 'org/model', sha256: HASH, dtype: 'q4' },
    datasetFingerprint: 'f',
  }).set;
  const result = {
    status: 'finished',
    soft,
    bestStep: 9,
    validationAccuracy: null,
    validationLoss: 1.5,
    seconds: 1,
  } as const;
  set = finishRun(set, 'r', result, NOW);
  return { set, run: set.soft[0] as SoftVersion };
}

const outcome = (id: string, text: string, logProb: number) => ({
  id,
  name: id,
  kind: id === 'tuned' ? ('tuned' as const) : ('zero-shot' as const),
  written: [text],
  scores: [{ logProb, tokens: 2 }],
  tokensSentMean: 9,
});
const plan = {
  rowIds: ['3'],
  wanted: ['s 3'],
  arms: [outcome('yours', 'no', -6), outcome('tuned', 's 3', -1)],
  pairs: [['yours', 'tuned']] as const,
  looks: 1,
  seed: 0,
};

function packed(withRows: Dataset | null) {
  const { set, run } = writer();
  const evaluation = { plan, comparison: compareTexts(plan, { draws: 20 }) } as unknown as GenerateEvaluation;
  const sidecar = buildSidecar({
    set,
    run,
    labels: [],
    weights: null,
    cueTokenIds: [7, 8],
    embeddingMultiplier: 1,
    tokenizerSha256: HASH,
    dataset: rows,
    columns: rows.mapping,
    validationRows: 1,
    evaluation: null,
    calibration: null,
    writing: { longest: 40, endTokenIds: [2], evaluation },
    checkRows: Array.from({ length: 10 }, (_, i) => ({
      text: `A sentence ${i}.`,
      ids: Int32Array.of(1, i),
      logProbs: [],
      target: { text: ' It.\n', ids: Int32Array.of(5, 6), logProb: -3 },
    })),
    userRows: withRows ? 3 : 0,
    now: NOW,
    producer: 'test',
  });
  const zip = writeZip(
    promptPackageFiles({
      set: { ...set, writing: { longest: 40 } },
      run,
      sidecar,
      scripts: { 'predict.py': '' },
      rows: withRows,
      model: { layers: null, heads: null },
    }),
  );
  return { zip, sidecar };
}

test('reads a prompt that generates texts back, without rows of the user or texts generated for them', () => {
  const { zip, sidecar } = packed(null);
  expect(sidecarSchema.parse(sidecar)).toEqual(sidecar);
  expect(sidecar.metrics.writing).toMatchObject({
    validation: { loss: 1.5, rows: 1 },
    test: { rows: 1, rougeL: 1, against: { name: 'yours', rougeL: 0, difference: 1 } },
  });
  const files = Object.values(unzipSync(zip)).map((bytes) => new TextDecoder().decode(bytes));
  expect(files.join('\n')).not.toContain('PRIVATE');
  expect(files.join('\n')).toContain('write an answer of one line (at most 40 tokens)');
  const read = readPromptPackage(zip, here);
  if (!read.ok) throw new Error(read.error.message);
  const { set } = read.value;
  expect(set.writing).toEqual({ longest: 40 });
  expect(set.hard[0]?.wrote).toMatchObject({ rougeL: 0.5, written: [] });
  expect(chosenSoft(set)).toMatchObject({ validationLoss: 1.5, soft });
});

test('knows without project.json that its run generates texts', () => {
  const files = unzipSync(packed(null).zip);
  delete files['project.json'];
  const read = readPromptPackage(zipSync(files), here);
  expect(read.ok && read.value.set.soft[0]).toMatchObject({ writes: true, validationLoss: 1.5 });
});

test('keeps the task with the rows', () => {
  const read = readPromptPackage(packed(rows).zip, here);
  if (!read.ok) throw new Error(read.error.message);
  expect(read.value.dataset?.mapping).toEqual(rows.mapping);
});

test('refuses a sidecar that mixes labels and texts', () => {
  const { sidecar } = packed(null);
  const issues = (change: object) => sidecarSchema.safeParse({ ...sidecar, ...change }).error?.issues[0]?.message;
  expect(issues({ writing: undefined })).toBe('must be two or more');
  expect(issues({ labels: [{ label: 'a', word: 'a', tokenIds: [1] }] })).toBe('must be empty if texts are generated');
  expect(issues({ parityRows: [{ text: 'x', inputIds: [1], logProbs: {} }] })).toBe('a check row has no target');
});

test('reads exports without a task as labels', () => {
  const { set, run } = writer();
  const { writing: _w, ...before } = set;
  const { writes: _, ...earlier } = run;
  expect(chosenSoft({ ...before, soft: [earlier] })).not.toBeNull();
  const mapping = setJsonSchema.shape.dataset.unwrap().shape.mapping;
  expect(mapping.parse({ text: 'a', label: 'b', id: null })).toEqual({ text: 'a', label: 'b', id: null });
});

test('does not use a run for texts as Tuned while the task has labels', () => {
  const { set } = writer();
  const labels = changeTask(set, { writing: null }, NOW);
  expect(chosenSoft(labels)).toBeNull();
  expect(chosenSoft(changeTask(labels, { writing: { longest: null } }, NOW))?.id).toBe('r');
});
