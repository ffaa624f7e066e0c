import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dealt, preparedOf } from '../dataset/test-support';
import type { Dataset, Row } from '../dataset/types';
import { createEngine, type Engine } from '../engine/engine';
import { readModel } from '../engine/test-support';
import { present } from '../lib/assert';
import { uninterrupted } from '../lib/control';
import { unwrap } from '../lib/result';
import { fitWords } from '../metrics/logistic';
import {
  type AnsweringVersion,
  alone,
  answeringVersion,
  type ReadyPrompt,
  readyPrompt,
} from '../prompt-set/ready-prompt';
import { createNodeRunner } from '../runtime/ort-node';
import type { HardPrompt } from '../task/types';
import { createCoreTokenizer } from '../tokens/core-tokenizer';
import { openTokenizerOf } from '../tokens/tokenizer';
import { type AnsweringHost, fieldsSource, type RowSource, tableSource } from './answering';
import { AS_ASKED } from './policy';
import { createRouter } from './router';
import { setOf } from './test-support';
import { columnsOf, leaving, makeWebPrompt, policyFor, readWebPrompt, versionOfWeb, webPromptJson } from './web-prompt';

const LABELS = ['complaint', 'praise'];
const ABOUT = { producer: 'test', name: 'Tone', handle: 'TONE', createdAt: '2026-01-01' };
const SENTENCES = ['The staff are lovely', 'My {order} is late', 'Where is "it"?', 'Thanks\nfor all'];

let engine: Engine;
let host: AnsweringHost;
let dataset: Dataset;

beforeAll(async () => {
  const files = await readModel('public/models/softprompt-studio/tiny-support');
  engine = await createEngine({ id: 'tiny', files, backend: 'node-wasm', threads: 1, createRunner: createNodeRunner });
  const tokenizer = await createCoreTokenizer(files);
  host = { engine, tokens: openTokenizerOf(tokenizer, engine.info.contextLength) };
  // braces in a row must not become places for columns
  const rows = dealt(40, LABELS).map(([text, label], i) => [i % 3 === 0 ? `{text} ${text} }}` : text, label] as const);
  dataset = (await preparedOf(rows)).dataset;
});

afterAll(() => engine.dispose());

const tuned = (seed: number): ReadyPrompt => {
  const set = setOf('Tone', LABELS, engine.info, seed);
  return readyPrompt(set, { kind: 'soft', version: present(set.soft[0], 'run') });
};

/** The tuned version after the text with others, which have trained answer words, and words of the rows. */
function several(seeds: readonly number[], weight: number | null): ReadyPrompt {
  const ready = tuned(1);
  const softs = seeds.map((seed) => ({
    ...present(tuned(seed).soft, 'vectors'),
    answerShift: new Float32Array(192).fill(0.01),
  }));
  const model = fitWords(SENTENCES, [1, 0, 0, 1], LABELS.length);
  const together = { softs, words: weight === null ? null : { model, weight } };
  if (ready.of.kind !== 'soft') throw new Error('no vectors');
  return { ...ready, of: { kind: 'soft', version: { ...ready.of.version, together } } };
}

function written(prompt: Partial<HardPrompt>): ReadyPrompt {
  const set = setOf('Tone', LABELS, engine.info, 1);
  const hand = present(set.hard[0], 'version');
  return readyPrompt(set, { kind: 'hard', version: { ...hand, prompt: { ...hand.prompt, ...prompt } } });
}

const probabilities = async (version: AnsweringVersion, rowsOf: (version: AnsweringVersion) => RowSource) => {
  const route = createRouter({ host }).rows(alone(version), rowsOf);
  const { answers } = await route.answer(0, route.total, uninterrupted);
  return answers
    .toSorted((a, b) => a.index - b.index)
    .map((answer) => (answer.kind === 'classify' ? answer.probabilities : []));
};

/** What Batch answers with the version itself. */
function inBatch(ready: ReadyPrompt, columns: readonly string[]) {
  const version = answeringVersion(ready, dataset);
  const rows = SENTENCES.map(
    (text, i): Row => ({
      id: String(i),
      line: i + 1,
      cells: Object.fromEntries([['text', text], ...columns.map((column) => [column, SENTENCES[(i + 1) % 4] ?? ''])]),
    }),
  );
  const table = { columns: ['text', ...columns], rows };
  return probabilities(version, () => tableSource(host, version, table, { text: 'text', label: null }));
}

const made = async (asked: ReadyPrompt, fallback: ReadyPrompt | null = null) => {
  const leave = (ready: ReadyPrompt) => leaving(host, ready, dataset);
  const versions = { asked: leave(asked), fallback: fallback && leave(fallback) };
  return makeWebPrompt(host, versions, ABOUT, SENTENCES, uninterrupted);
};

describe('the prompt of a drop-in', () => {
  it.each([
    ['vectors before the text', () => tuned(0)],
    ['vectors after the text', () => tuned(1)],
    ['vectors before the cue', () => tuned(2)],
    ['a hand-written prompt', () => written({})],
    ['two columns', () => written({ template: 'From {city}: {text}\nAnswer:' })],
    ['examples', () => written({ shots: 3, shotSeed: 1 })],
    ['examples in three orders', () => written({ shots: 3, orders: 3, selection: 'random' })],
    ['a chat message', () => written({ chat: true, shots: 2 })],
    ['the mean of three seeds', () => several([4, 7], null)],
    ['vectors with word counts', () => several([], 0.6)],
    ['two seeds with word counts, calibrated', () => ({ ...several([4], 0.3), meanLogProbs: [-0.1, -2.3] })],
    ['a calibration and a threshold', () => ({ ...tuned(1), meanLogProbs: [-0.1, -2.3], threshold: 0.75 })],
  ] as const)('comes back from its file and answers as Batch does, to the bit: %s', async (_, of) => {
    const ready = of();
    const prompt = await made(ready);
    const back = unwrap(readWebPrompt(JSON.parse(webPromptJson(prompt))));
    expect(back).toEqual(prompt);
    const columns = columnsOf(back);
    const expected = await inBatch(ready, columns);
    expect(back.checkRows.map((row) => row.probabilities)).toEqual(expected);
    const version = versionOfWeb(back.asked, back.model);
    const cells = back.checkRows.map((row) => row.cells);
    expect(await probabilities(version, () => fieldsSource(host, version, cells))).toEqual(expected);
    expect(back.asked.threshold).toBe(ready.threshold);
  });

  it('says what kind of prompt it is, in a format that earlier modules refuse where several answer together', async () => {
    const kind = async (ready: ReadyPrompt) => {
      const file = JSON.parse(webPromptJson(await made(ready)));
      return [file.asked.route, file.formatVersion];
    };
    expect(await kind(tuned(1))).toEqual(['tuned', 1]);
    expect(await kind(several([4], null))).toEqual(['ensemble', 3]);
    expect(await kind(several([4], 0.5))).toEqual(['combined', 3]);
  });

  it('has the prompt that answers in its place, and the columns of both', async () => {
    const prompt = await made(tuned(1), written({ template: '{city}: {text}\nAnswer:' }));
    expect(prompt.fallback).toMatchObject({ route: 'hand-written', vectors: null });
    expect(columnsOf(prompt)).toEqual(['city']);
    expect(prompt.checkRows[0]?.cells).toEqual({ text: SENTENCES[0], city: SENTENCES[1] });
  });

  it.each([
    [undefined, {}, { kind: 'fallback', threshold: 0 }],
    [undefined, { fallback: 'unsure', timeoutMs: 9 }, { kind: 'fallback', timeoutMs: 9 }],
    [{ kind: 'fallback', rowTimeoutMs: 5 }, { timeoutMs: 9 }, { kind: 'fallback', rowTimeoutMs: 5, timeoutMs: 9 }],
    [{ kind: 'hand-written' }, { timeoutMs: 9 }, { kind: 'hand-written' }],
    [{ kind: 'shadow' }, {}, { kind: 'shadow' }],
    [{ kind: 'hand-written' }, { fallback: 'none' }, AS_ASKED],
    [{ kind: 'hand-written' }, { fallback: 'errors' }, { kind: 'fallback', threshold: 0 }],
  ] as const)(
    'answers by the policy of the file %j, unless the page asks for another: %j',
    (policy, options, expected) => expect(policyFor({ policy }, options)).toEqual(expected),
  );

  it('leaves a row without a text out', async () => {
    const { asked, model } = await made(tuned(1));
    const rows = fieldsSource(host, versionOfWeb(asked, model), [{ text: ' ' }, { text: 'x' }, {}]);
    const found = await rows.rowsAt(0, 3);
    expect(found.rows.map(({ rowId }) => rowId)).toEqual(['1']);
    expect(found.leftOut.map(([index]) => index)).toEqual([0, 2]);
  });

  it('refuses vectors of other weights, examples that are not here, and examples that differ from row to row', async () => {
    const other = tuned(1);
    const foreign = { ...other, of: structuredClone(other.of) };
    if (foreign.of.kind === 'soft') Object.assign(foreign.of.version.model, { sha256: '0'.repeat(64) });
    await expect(made(foreign)).rejects.toThrow('only work with');
    expect(() => leaving(host, written({ shots: 2 }), null)).toThrow('not in this browser');
    expect(() => leaving(host, written({ shots: 2, selection: 'nearest' }), dataset)).toThrow('nearest');
  });
});

type Json = { [key: string]: unknown };

describe('a file of a stranger', () => {
  const spoilt: readonly (readonly [what: string, spoil: (file: Json) => unknown, why: string])[] = [
    ['nothing', () => null, 'at the top'],
    ['a list', () => [], 'at '],
    ['another format', (file) => ({ ...file, format: 'x' }), 'at format'],
    ['a newer version', (file) => ({ ...file, formatVersion: 4 }), 'has the format 4'],
    [
      'a policy without a fallback',
      (file) => ({ ...file, policy: { kind: 'shadow' } }),
      'no fallback that it could ask',
    ],
    ['an unknown policy', (file) => ({ ...file, policy: { kind: '__proto__' } }), 'at policy.kind'],
    [
      'a time limit below 0',
      (file) => ({ ...file, policy: { kind: 'fallback', rowTimeoutMs: -1 } }),
      'at policy.rowTimeoutMs',
    ],
    ['no version', ({ asked: _, ...file }) => file, 'at asked'],
    [
      'equal labels',
      (file) => asked(file, { labels: Array(2).fill({ label: 'a', word: 'a' }) }),
      'two labels are equal',
    ],
    ['one label', (file) => asked(file, { labels: [{ label: 'a', word: 'a' }] }), 'neither labels nor'],
    ['no place for the text', (file) => asked(file, { templates: ['Hello'] }), 'no place for {text}'],
    ['a template with an open brace', (file) => asked(file, { templates: ['{text'] }), 'cannot be read'],
    ['too short a calibration', (file) => asked(file, { calibration: [1] }), 'calibration must have'],
    ['a calibration that is no number', (file) => asked(file, { calibration: [null, 1] }), 'at asked.calibration'],
    ['a threshold above 1', (file) => asked(file, { threshold: 2 }), 'at asked.threshold'],
    ['too few numbers', (file) => vectors(file, { float32: 'AAAA' }), 'the vectors are not 4 of 96'],
    ['numbers that are not finite', (file) => vectors(file, { float32: nan(4 * 96) }), 'the vectors are not'],
    ['no base64', (file) => vectors(file, { float32: '<script>' }), 'at asked.vectors.float32'],
    ['a huge shape', (file) => vectors(file, { virtualTokens: 1e9 }), 'at asked.vectors.virtualTokens'],
    ['others without vectors of its own', (file) => asked(file, { vectors: null }), 'answer together'],
    [
      'texts that several generate',
      (file) => asked(file, { labels: [], longest: 9, calibration: null }),
      'answer together',
    ],
    ['others of a wrong size', (file) => together(file, { vectors: [{ ...SHAPE, float32: 'AAAA' }] }), 'not 4 of 96'],
    ['a weight above 1', (file) => words(file, {}, 2), 'at asked.together.words.weight'],
    ['a word twice', (file) => words(file, { vocabulary: ['a', 'a'] }), 'a word is listed twice'],
    ['a label that is not there', (file) => words(file, { known: [0, 7] }), 'must be places of labels'],
    ['too few weights', (file) => words(file, { weights: [1] }), 'do not fit their list'],
    [
      'weights that are no numbers',
      (file) => words(file, { weights: [null] }),
      'at asked.together.words.model.weights',
    ],
    ['a fallback with other labels', (file) => fallback(file, ['x', 'y']), 'other labels'],
    [
      'a check row of another length',
      (file) => ({ ...file, checkRows: [{ cells: {}, probabilities: [1], text: null }] }),
      'check row',
    ],
  ];
  const asked = (file: Json, change: object) => ({ ...file, asked: { ...(file.asked as object), ...change } });
  const SHAPE = { placement: 'suffix', virtualTokens: 4, hidden: 96, answerShift: null };
  const together = (file: Json, change: object) =>
    asked(file, { together: { ...((file.asked as Json).together as object), ...change } });
  const words = (file: Json, change: object, weight = 0.5) => {
    const { model } = ((file.asked as Json).together as { readonly words: { readonly model: object } }).words;
    return together(file, { words: { weight, model: { ...model, ...change } } });
  };
  const vectors = (file: Json, change: object) =>
    asked(file, { vectors: { ...((file.asked as Json).vectors as object), ...change } });
  const fallback = (file: Json, labels: readonly string[]) => ({
    ...file,
    fallback: { ...(file.asked as object), labels: labels.map((label) => ({ label, word: label })) },
  });
  const nan = (length: number) => Buffer.from(new Float32Array(length).fill(Number.NaN).buffer).toString('base64');

  it.each(spoilt)('is refused with a sentence: %s', async (_, spoil, why) => {
    const file = JSON.parse(webPromptJson(await made(several([4], 0.5)))) as Json;
    const read = readWebPrompt(spoil(file));
    expect(read.ok ? 'read' : read.error.message).toContain(why);
  });

  it('keeps a label named __proto__', async () => {
    const file = JSON.parse(webPromptJson(await made(tuned(1)))) as Json;
    const labels = ['__proto__', 'constructor'].map((label) => ({ label, word: label }));
    expect(unwrap(readWebPrompt(asked(file, { labels }))).asked.labels).toEqual(labels);
  });
});
