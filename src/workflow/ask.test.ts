import { expect, test } from 'vitest';
import { rowsOf, textOf } from '../dataset/labels';
import { uninterrupted } from '../lib/control';
import { wordAnswers } from '../metrics/logistic';
import { type Voice, voicesOf } from '../prompt/prompt';
import { tableSource, whyTooLong } from '../route/answering';
import { RESERVED_TOKENS } from '../tokens/tokenizer';
import { ask, askIds, textRows } from './ask';
import { fakeHost, prepared, promptSet } from './fake-host.test-support';
import { trainingWords } from './word-counts';

const softmax = (values: readonly number[]) => {
  const sum = values.reduce((all, value) => all + Math.exp(value), 0);
  return values.map((value) => Math.exp(value) / sum);
};

/** The voices of the tuned prompt, with as many vectors as there are gains; what they say, and how far they were heard. */
async function asked(gains: readonly number[], more: (voices: readonly Voice[]) => readonly Voice[] = (own) => own) {
  const dataset = await prepared(60);
  const { host, scored } = fakeHost();
  const { words, baseTemplate: template } = promptSet(dataset);
  const softs = gains.map((gain) => ({
    ...({ placement: 'suffix', virtualTokens: 1, hidden: 2, vectors: Float32Array.of(gain, 0) } as const),
  }));
  const prompt = { voices: more(voicesOf({ template, shots: 0, shotSeed: 0 }, words, softs)) };
  const { rows } = await textRows(host, prompt, { dataset, split: 'test' }, uninterrupted);
  const shares: number[] = [];
  const tell = (share: number) => shares.push(share);
  const found = await ask(host, prompt, { rows, dataset, cacheKey: null }, uninterrupted, tell);
  return { dataset, host, prompt, rows, found, shares, calls: scored.length };
}

test('several vectors answer as their geometric mean, and cost as much as all of them', async () => {
  const [one, other, both] = [await asked([1]), await asked([2]), await asked([1, 2])];
  for (const [i, { logProbs, tokensSent, tokensComputed }] of both.found.rows.entries()) {
    const of = (each: typeof one, c: number) => each.found.rows[i]?.logProbs[c] as number;
    const mean = softmax([0, 1].map((c) => (of(one, c) + of(other, c)) / 2));
    logProbs.forEach((value, c) => void expect(Math.exp(value)).toBeCloseTo(mean[c] as number, 12));
    expect(tokensSent).toBe(2 * (one.found.rows[i]?.tokensSent ?? 0));
    expect(tokensComputed).toBe(2 * (one.found.rows[i]?.tokensComputed ?? 0));
  }
  expect(both.found.rowsRun).toBe(2 * both.rows.length);
  expect(both.shares).toEqual([0.5, 1]);
  expect(both.calls).toBe(2);
});

test('one prompt answers as the engine does, to the bit', async () => {
  const { found, rows, host } = await asked([1.5]);
  const [request] = [{ rows, labels: [], soft: { vectors: Float32Array.of(1.5) }, cacheKey: null }];
  const { rows: own } = await host.engine.score(request as never, uninterrupted);
  expect(found.rows).toEqual(own);
});

test('word counts answer with it, by their weight', async () => {
  const { dataset } = await asked([1]);
  const counts = trainingWords(dataset);
  const alone = await asked([1]);
  const mixed = await asked([1], (own) => [
    ...own.map((voice) => ({ ...voice, weight: 0.75 })),
    { kind: 'counts', weight: 0.25, counts },
  ]);
  const texts = rowsOf(dataset, 'test').map((row) => textOf(row, dataset.mapping));
  const said = wordAnswers(counts)(texts);
  for (const [i, { logProbs }] of mixed.found.rows.entries()) {
    const wanted = softmax(
      [0, 1].map((c) => 0.75 * (alone.found.rows[i]?.logProbs[c] as number) + 0.25 * (said[i]?.[c] as number)),
    );
    logProbs.forEach((value, c) => void expect(Math.exp(value)).toBeCloseTo(wanted[c] as number, 12));
  }
});

test('rows that do not fit the model have no answer', async () => {
  const { dataset, prompt } = await asked([1]);
  const texts = rowsOf(dataset, 'test').map((row) => ({ id: row.id, length: textOf(row, dataset.mapping).length }));
  const longest = texts.reduce((long, each) => (each.length > long.length ? each : long));
  const { host } = fakeHost();
  const whole = await textRows(host, prompt, { dataset, split: 'test' }, uninterrupted);
  const small = fakeHost(whole.maxTokens + RESERVED_TOKENS - 1).host;
  const how = { dataset, ids: texts.map(({ id }) => id), cacheKey: null };
  const answers = await askIds(small, prompt, how, uninterrupted);
  expect(answers.has(longest.id)).toBe(false);
  expect(answers.size).toBeLessThan(texts.length);
  expect(answers.size).toBeGreaterThan(0);
});

test('rows longer than the texts that trained keys stand behind are left out, in a comparison and in a batch', async () => {
  const dataset = await prepared(60);
  const { host } = fakeHost();
  const { words, baseTemplate: template } = promptSet(dataset);
  const text = { template, shots: 0, shotSeed: 0, splitsCue: true };
  const asks = (position: number | null) => {
    const heads = { layers: 1, kvHeads: 1, headDim: 1, position };
    const soft = { placement: 'kv', virtualTokens: 1, hidden: 2, vectors: new Float32Array(2), heads } as const;
    return { task: { kind: 'classify' as const, labels: dataset.labels }, voices: voicesOf(text, words, [soft]) };
  };
  const { rows: all } = await textRows(host, asks(null), { dataset, split: 'test' }, uninterrupted);
  const lengths = all.map(({ ids, cue = 0 }) => ids.length - cue).toSorted((a, b) => a - b);
  const middle = lengths[lengths.length >> 1] ?? 0;
  const { rows, tooLong } = await textRows(host, asks(middle), { dataset, split: 'test' }, uninterrupted);
  expect(tooLong.length).toBeGreaterThan(0);
  expect(rows).toHaveLength(lengths.filter((length) => length <= middle).length);
  const version = { prompt: { ...asks(middle), calibration: null, threshold: null }, words };
  const source = tableSource(host, version as never, dataset.table, { text: dataset.mapping.text, label: null });
  const { leftOut } = await source.rowsAt(0, dataset.table.rows.length);
  expect(leftOut.length).toBeGreaterThan(0);
  expect(leftOut[0]?.[1]).toContain(`and its prompt reads at most ${middle}`);
});

test('an answer needs room after where the texts end before trained keys, however short they are', () => {
  const heads = { layers: 1, kvHeads: 1, headDim: 1, position: 500 };
  const soft = { placement: 'kv', virtualTokens: 10, hidden: 2, vectors: new Float32Array(20), heads } as const;
  const why = (answer: number) => whyTooLong({ context: 1000 }, { ids: new Int32Array(20), cue: 4 }, [soft], answer);
  expect(why(486)).toBeNull();
  expect(why(487)).toBe('its answer may have 487 tokens, and the model has room for 486 after its prompt');
});
