import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { preparedOf, unlikeTexts } from '../dataset/test-support';
import type { ColumnMapping } from '../dataset/types';
import { uninterrupted } from '../lib/control';
import { answerLengths } from '../route/generated-texts';
import { propose } from '../task/tasks';
import { createCoreTokenizer } from '../tokens/core-tokenizer';
import { decoded, encodeRow, openTokenizerOf } from '../tokens/tokenizer';
import { fakeHost } from './fake-host.test-support';
import { prepareRows, readTable } from './open-data';
import { type RowsRequest, rememberedNeighbours, renderExamples, rowLengths, tokenRows } from './token-rows';

const MODEL = new URL('../../public/models/HuggingFaceTB/SmolLM2-135M-Instruct/', import.meta.url);
const files = Object.fromEntries(
  ['tokenizer.json', 'tokenizer_config.json'].map((name) => [name, new Uint8Array(readFileSync(new URL(name, MODEL)))]),
);
const tokens = openTokenizerOf(await createCoreTokenizer(files), 2048);
const host = { tokens, neighbours: () => Promise.reject(new Error('no prompt here shows the nearest examples')) };
const rowsOf = (request: RowsRequest) => tokenRows(host, request, uninterrupted);

async function opened(lines: readonly string[], mapping: ColumnMapping) {
  const bytes = new TextEncoder().encode(lines.join('\n'));
  const { guess: _, ...table } = await readTable(
    { fileName: 'x.csv', bytes },
    { control: uninterrupted, emit: () => {} },
  );
  const { dataset } = await prepareRows(table, mapping, { seed: 0 });
  return { dataset, ...propose(dataset, tokens.encode) };
}

it('turns rows into tokens, names those that are too long, and renders prompts with examples as a chat', async () => {
  const labels = ['negative', 'neutral', 'positive'];
  const lines = Array.from({ length: 150 }, (_, i) => `${labels[i % 3]} thing number ${i},${labels[i % 3]}`);
  const { dataset, words } = await opened(['message,tone', ...lines], {
    text: 'message',
    label: 'tone',
    id: null,
    task: 'classify',
  });
  const prompt = { template: 'Say it.\nMessage: {text}\nTone:', shots: 4, shotSeed: 0 };
  const found = await rowsOf({ dataset, prompt, words, split: 'test' });
  expect(found.rows).toHaveLength(60);
  expect(found.tooLong).toEqual([]);
  expect(found.maxTokens).toBeGreaterThanOrEqual(found.meanTokens);
  const [example] = renderExamples(tokens, { dataset, prompt: { ...prompt, chat: true }, words, split: ['1'] }, null);
  expect(example?.text).toContain('<|im_start|>assistant');
  const long = { template: `${'word '.repeat(3000)}{text}:`, shots: 0, shotSeed: 0 };
  expect(await rowsOf({ dataset, prompt: long, words, split: ['1', '2'] })).toMatchObject({
    rows: [],
    tooLong: ['1', '2'],
    meanTokens: 0,
    maxTokens: 0,
  });
  const withoutText = { dataset, prompt: { ...prompt, template: 'x' }, words, split: 'test' as const };
  await expect(rowsOf(withoutText)).rejects.toMatchObject({ code: 'bad-input', data: { kind: 'no-text' } });
});

it('gives rows the text that should follow them, with what ends it, and leaves room for the longest', async () => {
  const lines = Array.from({ length: 60 }, (_, i) => `my message ${i} on thing ${i},"thing ${i}:\n broken"`);
  const mapping = { text: 'message', label: 'summary', id: null, task: 'generate' } as const;
  const { dataset, template, words } = await opened(['message,summary', ...lines], mapping);
  expect([template, words]).toEqual(['Message: {text}\nSummary:', []]);
  const prompt = { template, shots: 2, shotSeed: 0 };
  const ask = { dataset, prompt, words, split: ['7'] };
  const [row] = (await rowsOf(ask)).rows;
  expect(row?.label).toBeNull();
  const read = (ids: Int32Array | undefined) => tokens.tokenizer.decode(ids ?? new Int32Array(0));
  expect(read(row?.target)).toBe(' thing 6: broken\n');
  expect(decoded(tokens, row?.target ?? [])).toBe('thing 6: broken');
  const shown = /^(?:Message: my message \d+ on thing \d+\nSummary: thing \d+: broken\n\n){2}Message: .+\nSummary:$/;
  expect(read(row?.ids)).toMatch(shown);
  const [inChat] = (await rowsOf({ ...ask, prompt: { ...prompt, chat: true } })).rows;
  expect(read(inChat?.target?.subarray(0, -1))).toBe('thing 6: broken');
  expect(inChat?.target?.at(-1)).toBe(tokens.tokenizer.endTokenIds[0]);
  expect(tokens.breaks()).toContain(row?.target?.at(-1));
  expect((await rowsOf({ ...ask, room: 2000 })).tooLong).toEqual(['7']);
  const lengths = answerLengths(host, dataset);
  expect(lengths.longest).toBe(lengths.longestTokens + 8);
  expect(lengths.overRowIds).toEqual([]);
});

/** Merges a full stop with the line break after it, as some tokenizers do. */
const encode = (text: string) =>
  Int32Array.from(text.match(/\.\n|[\s\S]/g) ?? [], (piece) => (piece === '.\n' ? 1000 : piece.charCodeAt(0)));

it('encodes a row whole', () => {
  expect(encodeRow(encode, { text: 'A.\nB:' })).toEqual({ ids: Int32Array.of(65, 1000, 66, 58) });
});

it('puts no token on both sides of the cue', () => {
  expect(encodeRow(encode, { text: 'A.\nB:', cue: '\nB:' })).toEqual({
    ids: Int32Array.of(65, 46, 10, 66, 58),
    cue: 3,
  });
});

it('encodes a row without a cue as a whole, with no token after the vectors', () => {
  expect(encodeRow(encode, { text: 'A.\nB', cue: '' })).toEqual({ ids: Int32Array.of(65, 1000, 66), cue: 0 });
});

describe('the texts of a data set', () => {
  it('are measured against what the model reads at once, the usable ones alone', async () => {
    const { dataset } = await preparedOf([
      ['short', 'a'],
      ['a text of thirty letters, or so', 'b'],
      ['', 'a'],
      ['ten letter', 'b'],
    ]);
    const found = rowLengths({ tokens: { ...fakeHost().host.tokens, context: 32 + 10 } }, dataset);
    expect(found.overRowIds).toEqual(['2']);
    expect([found.texts, found.longestTokens]).toEqual([3, 'a text of thirty letters, or so'.length]);
  });
});

describe('the nearest training rows', () => {
  /** Counts how often vectors are read. */
  function remembering(fails = false) {
    let reads = 0;
    const { host } = fakeHost();
    const tokenVectors = async (ids: Int32Array, _: unknown, onProgress?: (done: number) => void) => {
      reads += 1;
      if (fails && reads === 1) throw new Error('lost');
      onProgress?.(ids.length);
      return Float32Array.from([...ids].flatMap((id) => [id % 7, id % 5]));
    };
    const of = { ...host, engine: { ...host.engine, tokenVectors } } as never;
    return { neighbours: rememberedNeighbours(() => of), reads: () => reads };
  }

  it('are found once for a data set and its split, with the progress in tokens', async () => {
    const { dataset } = await preparedOf(unlikeTexts(60, 1).map((text, i) => [text, i % 2 ? 'a' : 'b']));
    const { neighbours, reads } = remembering();
    const done: number[] = [];
    const first = await neighbours(dataset, uninterrupted, (n, total) => done.push(n, total));
    expect(done[0]).toBe(done[1]);
    expect(await neighbours(dataset, uninterrupted)).toBe(first);
    expect(reads()).toBe(1);
    await neighbours({ ...dataset, splitHash: 'other' }, uninterrupted);
    expect(reads()).toBe(2);
  });

  it('are looked for again after a failure', async () => {
    const { dataset } = await preparedOf(unlikeTexts(60, 1).map((text, i) => [text, i % 2 ? 'a' : 'b']));
    const { neighbours, reads } = remembering(true);
    await expect(neighbours(dataset, uninterrupted)).rejects.toThrow('lost');
    await neighbours(dataset, uninterrupted);
    expect(reads()).toBe(2);
  });
});
