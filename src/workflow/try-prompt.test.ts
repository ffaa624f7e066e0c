import { describe, expect, it } from 'vitest';
import type { Dataset } from '../dataset/types';
import { uninterrupted } from '../lib/control';
import { argmax } from '../metrics/classification';
import { FIXED_TOKENS } from '../tokens/tokenizer';
import { answerOf, fakeHost, prepared } from './fake-host.test-support';
import { SILENT } from './host';
import { sharedStart } from './run-rows';
import { triedIds } from './training-rows';
import { isWorseThanBare, ownPieces, readPrompt, timePrompt, tryPrompt, tryTokens } from './try-prompt';

it('marks the tokens of the row at its last occurrence', () => {
  const pieces = ['Text', ':', ' late', ' again', '\n\n', 'Text', ':', ' late', ' again', '\n', 'Tone', ':'];
  expect(ownPieces(pieces.join(''), pieces, ['late again'])).toEqual(pieces.map((_, i) => i === 7 || i === 8));
  expect(ownPieces(pieces.join(''), pieces, ['', 'not there'])).toEqual(pieces.map(() => false));
});

it('marks nothing when the tokens do not add up to the text', () => {
  expect(ownPieces('😀', ['\ufffd', '\ufffd'], ['😀'])).toEqual([false, false]);
});

const PROMPT = { template: 'Text: {text}\nTone:', shots: 0, shotSeed: 0 };
const WORDS = [
  { label: 'bad', word: ' bad' },
  { label: 'good', word: ' good' },
];
const WITH = { words: WORDS, meanLogProbs: null, longest: null };
describe('a proposed prompt', () => {
  const proposed = { ...PROMPT, template: `Say the tone.\n${PROMPT.template}` };
  /** A model that says the right label the more surely, the larger its gain under the prompt. */
  const hostWhere = (gain: (isProposed: boolean) => number) =>
    fakeHost(100_000, (text) => answerOf(text, Float32Array.of(gain(text.startsWith('Say')))));

  it('is worse than the template alone where it has a higher loss on validation rows, and reads no others', async () => {
    const dataset = await prepared();
    const request = { dataset, template: PROMPT.template, words: WORDS, prompt: proposed };
    const worse = hostWhere((isProposed) => (isProposed ? -4 : 4));
    expect(await isWorseThanBare(worse.host, request, SILENT)).toBe(true);
    const asked = worse.scored.flatMap(({ rows }) => rows.map(({ rowId }) => rowId));
    expect(asked.filter((id) => !dataset.split.validation.includes(id))).toEqual([]);
    expect(asked).not.toEqual([]);
    const better = hostWhere((isProposed) => (isProposed ? 4 : 0.1));
    expect(await isWorseThanBare(better.host, request, SILENT)).toBe(false);
    const few = { ...dataset, split: { ...dataset.split, validation: dataset.split.validation.slice(0, 7) } };
    expect(await isWorseThanBare(worse.host, { ...request, dataset: few }, SILENT)).toBe(false);
  });
});

const textOf = (dataset: Dataset, id: string) => dataset.table.rows.find((row) => row.id === id)?.cells.text ?? '';

describe('a prompt that is tried', () => {
  it('answers validation rows, and its figures are kept with what they rest on', async () => {
    const dataset = await prepared(60);
    const { host, scored } = fakeHost();
    const done: number[] = [];
    const run = {
      control: uninterrupted,
      emit: (event: { done: number; total: number }) => void done.push(event.done, event.total),
    };
    const result = await tryPrompt(host, { dataset, prompt: PROMPT, with: WITH }, run);
    const ids = triedIds(dataset);
    const answers = ids.map((id) => argmax(answerOf(`Text: ${textOf(dataset, id)}\nTone:`, undefined)));
    const gold = ids.map((id) =>
      dataset.labels.indexOf(dataset.table.rows.find((row) => row.id === id)?.cells.label ?? ''),
    );
    const wrong = ids.filter((_, i) => answers[i] !== gold[i]);
    expect(result.tried).toMatchObject({
      kind: 'classify',
      rows: ids.length,
      accuracy: (ids.length - wrong.length) / ids.length,
      wrongRowIds: wrong,
      datasetFingerprint: dataset.fingerprint,
      splitHash: dataset.splitHash,
      with: { ...WITH, seed: dataset.seed, model: '0'.repeat(64) },
    });
    expect(wrong.length).toBeGreaterThan(0);
    expect(done).toEqual([ids.length, ids.length]);
    const tokens = await tryTokens(host, { dataset, prompt: PROMPT, with: WITH }, SILENT);
    expect(result.timing).toEqual({ tokens, seconds: 0 });
    expect(scored[0]).toMatchObject({ soft: null, cacheKey: null });
  });

  it('is timed on four rows after one that warms up, by the tokens that they make the model run', async () => {
    const dataset = await prepared(60);
    const { host, scored } = fakeHost();
    const score = host.engine.score;
    const slow = {
      ...host,
      engine: {
        ...host.engine,
        score: async (...asked: Parameters<typeof score>) => ({ ...(await score(...asked)), seconds: 2 }),
      },
    };
    const timing = await timePrompt(slow, { dataset, prompt: PROMPT, with: WITH }, SILENT);
    expect(scored.map(({ rows }) => rows.length)).toEqual([1, 4]);
    const texts = scored[1]?.rows.map(({ ids }) => ids) ?? [];
    const tokens = texts.reduce((sum, { length }) => sum + FIXED_TOKENS + length, 0) - 3 * sharedStart(texts);
    expect(timing).toEqual({ tokens, seconds: 2 });
    const empty = { ...dataset, split: { ...dataset.split, validation: [] } };
    expect(await timePrompt(slow, { dataset: empty, prompt: PROMPT, with: WITH }, SILENT)).toBeNull();
  });
});

describe('a prompt that is read', () => {
  it('says what it costs, and which of its tokens are the row', async () => {
    const dataset = await prepared(60);
    const { host } = fakeHost();
    const [rowId = ''] = dataset.split.validation;
    const found = await readPrompt(host, { dataset, prompt: PROMPT, words: WORDS, rowId }, SILENT);
    const lengths = triedIds(dataset).map((id) => `Text: ${textOf(dataset, id)}\nTone:`.length);
    expect(found.cost).toEqual({
      prompt: 'Text: \nTone:'.length,
      mean: expect.closeTo(lengths.reduce((a, b) => a + b, 0) / lengths.length, 9),
      max: Math.max(...lengths),
      run: expect.any(Number),
      tooLong: [],
    });
    const { pieces = [], own = [], target } = found.reading ?? {};
    expect(pieces.join('')).toBe(`Text: ${textOf(dataset, rowId)}\nTone:`);
    expect(pieces.filter((_, i) => own[i]).join('')).toBe(textOf(dataset, rowId));
    expect(target).toEqual([]);
    expect(found).toMatchObject({ answers: null, collisions: [] });
    expect(found.labels.map(({ label }) => label)).toEqual(['bad', 'good']);
  });

  it('has no cost where it cannot be rendered', async () => {
    const dataset = await prepared(60);
    const { host } = fakeHost();
    const [rowId] = dataset.split.validation;
    const cost = async (change: object) =>
      (await readPrompt(host, { dataset, prompt: PROMPT, words: WORDS, rowId, ...change }, SILENT)).cost;
    expect(await cost({ prompt: { ...PROMPT, template: '{nothing}' } })).toBeNull();
    expect(await cost({ words: WORDS.slice(0, 1) })).toBeNull();
    expect(await cost({ rowId: undefined })).toBeNull();
    expect(await cost({})).not.toBeNull();
  });

  it('names rows that do not fit the model', async () => {
    const dataset = await prepared(60);
    const ids = triedIds(dataset);
    const lengths = ids.map((id) => `Text: ${textOf(dataset, id)}\nTone:`.length);
    const limit = lengths.toSorted((a, b) => a - b)[3] ?? 0;
    // 32 tokens are kept for vectors and the answer
    const { host } = fakeHost(limit + 32);
    const [rowId] = dataset.split.validation;
    const { cost } = await readPrompt(host, { dataset, prompt: PROMPT, words: WORDS, rowId }, SILENT);
    expect(cost?.tooLong).toEqual(ids.filter((_, i) => (lengths[i] ?? 0) > limit));
    expect(cost?.max).toBe(limit);
  });
});
