import { describe, expect, it } from 'vitest';
import { preparedOf } from '../dataset/test-support';
import type { Dataset } from '../dataset/types';
import type { NextTokensRequest, ScoreRequest } from '../engine/types';
import { uninterrupted } from '../lib/control';
import { createRng } from '../lib/rng';
import { firstText } from '../prompt/prompt';
import { addWritten, PROPOSED, takeFoundWords } from '../prompt-set/make-versions';
import { createPromptSet } from '../prompt-set/prompt-set';
import { writtenIn } from '../prompt-set/test-support';
import { FEWEST_OF_FEW } from '../task/choose-words';
import { proposeWords, unfitWords } from '../task/propose-words';
import { labelTokens } from '../tokens/tokenizer';
import { CUES, type FindWordsEvent, findWords } from './find-words';
import type { Host } from './host';

/** Words are tokens, with their leading space; everything else is one token a character. */
const WORDS = ['joy', 'grief', 'table', 'chair', 'window', 'positive', 'negative', 'A', 'B', 'C'].map(
  (word) => ` ${word}`,
);
const noise = Array.from({ length: 60 }, (_, i) => ` w${'abcdefghij'[i % 10]}${'klmnop'[Math.floor(i / 10)]}`);
const VOCABULARY = [...WORDS, ...noise];

function encode(text: string): Int32Array {
  const whole = VOCABULARY.indexOf(text);
  if (whole >= 0) return Int32Array.of(whole);
  return Int32Array.from([...text], (char) => 1000 + (char.codePointAt(0) ?? 0));
}
const decode = (ids: ArrayLike<number>) =>
  Array.from(ids, (id) => VOCABULARY[id] ?? String.fromCodePoint(Math.max(0, id - 1000))).join('');

/** What the model expects: ` joy` after glad texts and ` grief` after sad ones, so much more as the cue helps. */
function wordHost(
  strength: (cue: string) => number,
  signals: Readonly<Record<string, string>> = { glad: ' joy', sad: ' grief' },
) {
  const read = new Set<string>();
  const scored: ScoreRequest[] = [];
  const nextTokens = async ({ rows, cue, among, always }: NextTokensRequest) => {
    const ids = Int32Array.from(new Set([...among, ...always])).sort();
    const logProbs = rows.flatMap(({ rowId, ids: text }, i) => {
      read.add(rowId);
      const rng = createRng(i);
      return Array.from(ids, (id) => {
        const isSaid = Object.entries(signals).some(
          ([mood, word]) => decode(text).includes(mood) && VOCABULARY[id] === word,
        );
        return -9 + rng.normal() + (isSaid ? strength(decode(cue)) : 0);
      });
    });
    return { ids, logProbs: Float32Array.from(logProbs) };
  };
  const score = async (request: ScoreRequest) => {
    scored.push(request);
    const rows = request.rows.map(({ rowId }) => ({ rowId, logProbs: request.labels.map(() => -1) }));
    return { rows, rowsRun: rows.length, seconds: 0 };
  };
  const tokenizer = {
    encode,
    decode,
    vocabularySize: VOCABULARY.length,
    endTokenIds: [],
    chat: () => null,
    sha256: '',
  };
  const host = {
    tokens: { tokenizer, encode, context: 9999, breaks: () => [] },
    engine: { nextTokens, score },
    neighbours: () => Promise.reject(new Error('not asked for')),
  } as unknown as Host;
  return { host, read, scored };
}

const TEMPLATE = 'Text: {text}\nMood:';
const dataOf = async (labels: readonly string[], rows = 120) =>
  (
    await preparedOf(
      Array.from({ length: rows }, (_, i) => {
        const c = i % labels.length;
        return [`row ${i} is ${['sad', 'glad', 'calm'][c]}`, labels[labels.length === 2 ? 1 - c : c] ?? ''];
      }),
    )
  ).dataset;

const asked = (dataset: Dataset, otherCues = false) => ({
  dataset,
  template: TEMPLATE,
  words: proposeWords(dataset.labels, TEMPLATE, encode),
  otherCues,
});
const run = { control: uninterrupted, emit: () => {} };
const wordOf = (words: readonly { label: string; word: string }[]) =>
  Object.fromEntries(words.map(({ label, word }) => [label, word]));

describe('finding answer words', () => {
  it.each([
    ['German', ['Freude', 'Trauer']],
    ['Japanese', ['嬉しい', '悲しい']],
    ['emoji', ['😀', '😢']],
    ['digits', ['1', '0']],
    ['abbreviations', ['OFF', 'NOT']],
  ] as const)('finds words for labels that are no words of the model: %s', async (_, labels) => {
    const dataset = await dataOf(labels);
    const request = asked(dataset);
    expect(unfitWords(labelTokens({ encode }, request.words))).not.toEqual([]);
    const { words, search } = await findWords(wordHost(() => 5).host, request, run);
    expect(wordOf(words)).toEqual({ [labels[0]]: ' joy', [labels[1]]: ' grief' });
    expect(search).toMatchObject({ outcome: 'found', words });
    expect(search.loss).toBeLessThan(0.3);
    expect(search.lossBefore).toBeCloseTo(Math.log(2), 1);
  });

  it('reads training rows only: validation and test rows must not choose what they judge', async () => {
    const dataset = await dataOf(['Freude', 'Trauer'], 300);
    const { host, read, scored } = wordHost(() => 5);
    await findWords(host, asked(dataset, true), run);
    const train = new Set(dataset.split.train);
    const all = [...read, ...scored.flatMap(({ rows }) => rows.map(({ rowId }) => rowId))];
    expect(all.filter((id) => !train.has(id))).toEqual([]);
    expect(read.size).toBe(128);
    // the same number of each label, and no fewer in all
    const three = wordHost(() => 5);
    await findWords(three.host, asked(await dataOf(['Freude', 'Trauer', 'Ruhe'], 300)), run);
    expect(three.read.size).toBe(129);
  });

  it('keeps words that fit', async () => {
    const dataset = await dataOf(['positive', 'negative']);
    const { host } = wordHost(() => 4, { glad: ' positive', sad: ' negative' });
    const request = asked(dataset, true);
    expect(unfitWords(labelTokens({ encode }, request.words))).toEqual([]);
    const { words, template, search } = await findWords(host, request, run);
    expect([words, template, search.outcome]).toEqual([request.words, TEMPLATE, 'kept']);
  });

  it('takes another cue that distinguishes the labels clearly better', async () => {
    const dataset = await dataOf(['Freude', 'Trauer']);
    const { host } = wordHost((cue) => (cue === CUES[0] ? 6 : 1.5));
    const { template, words, search } = await findWords(host, asked(dataset, true), run);
    expect(template).toBe(`Text: {text}${CUES[0]}`);
    expect(wordOf(words)).toEqual({ Freude: ' joy', Trauer: ' grief' });
    expect(search.cues).toEqual({ before: '\nMood:', after: CUES[0] });
    expect((await findWords(host, asked(dataset, false), run)).template).toBe(TEMPLATE);
    // words that cannot be distinguished compete after no cue
    const alike = dataset.labels.map((label) => ({ label, word: ' A' }));
    const { search: without } = await findWords(host, { ...asked(dataset, true), words: alike }, run);
    expect([without.outcome, without.lossBefore]).toEqual(['found', null]);
  });

  it('keeps the words and says why where there is one training row a label', async () => {
    const dataset = await dataOf(['Freude', 'Trauer'], 4);
    const request = asked(dataset);
    const { words, search } = await findWords(wordHost(() => 5).host, request, run);
    expect([words, search.outcome]).toEqual([request.words, 'too-few']);
  });

  it('judges labels that have enough training rows, and keeps the words where fewer than two have', async () => {
    const dataset = await dataOf(['Freude', 'Trauer']);
    const byId = new Map(dataset.table.rows.map((row) => [row.id, row.cells.label]));
    const outcome = async (rows: number) => {
      const some = ['Freude', 'Trauer'].flatMap((label, c) =>
        dataset.split.train.filter((id) => byId.get(id) === label).slice(0, rows + c),
      );
      const own = { ...dataset, split: { ...dataset.split, train: some } };
      return (await findWords(wordHost(() => 5).host, asked(own), run)).search.outcome;
    };
    expect([await outcome(FEWEST_OF_FEW), await outcome(FEWEST_OF_FEW - 1)]).toEqual(['found', 'too-few']);
  });

  it('lets words of several tokens compete by their whole sequences', async () => {
    const dataset = await dataOf(['Freude', 'Trauer']);
    const request = {
      ...asked(dataset),
      words: [
        { label: 'Freude', word: ' Freude' },
        { label: 'Trauer', word: ' Trauer' },
      ],
    };
    const { host, scored } = wordHost(() => 5);
    const { search } = await findWords(host, request, run);
    expect(scored).toHaveLength(1);
    expect([search.outcome, search.lossBefore?.toFixed(2)]).toEqual(['found', '0.69']);
  });
});

describe('a prompt set with found words', () => {
  const at = { id: 'x', now: '2026-01-01T00:00:00.000Z' };
  const from = { name: 'x', baseTemplate: TEMPLATE, datasetFingerprint: null, datasetName: null, taken: [] };
  const before = createPromptSet(at, { ...from, words: [{ label: 'Freude', word: ' A' }] });
  const words = [{ label: 'Freude', word: ' joy' }];
  const search = { outcome: 'found', rows: 9, words, loss: 0.4, lossBefore: 0.7 } as const;
  const found = { template: 'Text: {text}\nThis is', words, prompt: 'Say joy.\nText: {text}\nThis is', search };
  const prompt = { template: `Say A.\n${TEMPLATE}`, shots: 0, shotSeed: 0 };

  it('has a proposed prompt that names them', () => {
    const { set } = addWritten(before, at, { text: prompt, ...PROPOSED });
    const next = takeFoundWords(set, found, { ...at, id: 'y' });
    expect([next.words, next.baseTemplate, next.wordSearch]).toEqual([words, found.template, search]);
    const yours = writtenIn(next).find(({ id }) => id === next.chosenWritten);
    expect(yours && firstText(yours.prompt).template).toBe(found.prompt);
  });

  it('keeps a prompt that the user wrote', () => {
    const { set } = addWritten(before, at, { text: prompt, name: 'Mine' });
    expect(takeFoundWords(set, found, { ...at, id: 'y' }).versions.map(({ name }) => name)).toEqual(['Mine']);
  });
});

it('a search tells how far it is: the texts first, then one cue after the other', async () => {
  const dataset = await dataOf(['Freude', 'Trauer']);
  const { host } = wordHost(() => 1.5);
  const { nextTokens } = host.engine;
  const telling: typeof nextTokens = (asked, control, onProgress) => {
    onProgress?.(asked.rows.length / 2);
    onProgress?.(asked.rows.length);
    return nextTokens(asked, control);
  };
  const events: FindWordsEvent[] = [];
  const read: string[] = [];
  await findWords({ ...host, engine: { ...host.engine, nextTokens: telling } }, asked(dataset, true), {
    ...run,
    emit: (event: FindWordsEvent) => void (event.reading ? read.push(event.note) : events.push(event)),
  });
  // four shares for the texts, one for the cue of the template, and one for each of six others
  const shares = [2.5, 5, ...CUES.flatMap((_, i) => [5.5 + i, 6 + i])].map((share) => share / 11);
  expect(events.map(({ fraction }) => fraction)).toEqual(shares.map((share) => expect.closeTo(share, 9)));
  expect(events[0]?.note).toMatch(/^Reading \d+ training rows$/);
  expect(events[2]?.note).toBe('Trying the cue “This is”');
  expect(read).toEqual([...new Set(events.map(({ note }) => note))]);
});
