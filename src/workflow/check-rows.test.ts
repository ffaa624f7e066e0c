import { expect, it, vi } from 'vitest';
import { createLog, openHost } from '../cli/node-host';
import { present } from '../lib/assert';
import { versionInUse } from '../prompt-set/stages';
import type { PromptSet, SoftVersion } from '../prompt-set/types';
import { setOf } from '../route/test-support';
import { labelTokens } from '../tokens/tokenizer';
import { makeCheckRows, proveUnchanged, type RowsDone } from './check-rows';
import { fakeHost, prepared, promptSet } from './fake-host.test-support';
import { type Host, SILENT } from './host';
import { unchangedWords } from './words';

const rowsFor = async (template: string) => {
  const { host } = fakeHost();
  const set = promptSet(await prepared(60));
  const run: SoftVersion = { ...present(set.soft[0], 'a run'), template };
  return makeCheckRows(host, run, labelTokens(host.tokens, set.words), 'text', SILENT);
};

it('check rows have a sentence in every column that the prompt shows, a different one in each', async () => {
  const rows = await rowsFor('From {city}, about {topic}: {text}\nTone:');
  expect(rows).toHaveLength(12);
  for (const { text } of rows) {
    const [city, topic, own] = Array.from(text.matchAll(/text \d+/g), ([sentence]) => sentence);
    expect(own).toBeDefined();
    expect(new Set([city, topic, own]).size).toBe(3);
  }
});

it('check rows of a prompt that shows the text alone are the shipped sentences in it', async () => {
  const [first] = await rowsFor('Text: {text}\nTone:');
  expect(first?.text).toBe('Text: text 0\nTone:');
});

it('other prompt sets answer as before, to the bit, after one is trained, and a change of one bit is found', async () => {
  vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  const model = 'public/models/softprompt-studio/tiny-support';
  await using host = await openHost({ model, backend: 'node-wasm', threads: 1 }, createLog());
  const dataset = await prepared(60);
  const answerable = (set: PromptSet) => ({ set, version: present(versionInUse(set), 'version'), dataset: null });
  const { info } = host.engine;
  const others = [
    setOf('Tone', ['praise', 'complaint'], info, 1),
    setOf('Topic', ['order', 'table', 'invoice'], info, 2),
    setOf('Old', ['yes', 'no'], { ...info, sha256: 'other weights' }, 3),
  ].map(answerable);
  const written = { ...promptSet(dataset), soft: [], chosenSoft: null };
  const changing = { ...answerable(written), dataset };
  const found = await proveUnchanged(host, { changing, others }, SILENT);
  expect(found).toMatchObject({
    sets: 2,
    rows: 16,
    steps: 2,
    differences: [],
    leftOut: [['OLD', expect.any(String)]],
  });
  expect(unchangedWords(found)[0]).toMatch(/^16 rows of 2 prompt sets: the same answers to the bit/);

  // the second time that TOPIC is asked, one of its answers is off by a bit
  let asked = 0;
  const score: Host['engine']['score'] = async (request, ...rest) => {
    const result = await host.engine.score(request, ...rest);
    const isTopic = request.labels.length === 3;
    if (isTopic) asked++;
    if (!isTopic || asked !== 12) return result;
    return {
      ...result,
      rows: result.rows.map((row) => ({ ...row, logProbs: row.logProbs.map((p) => p * 1.0000001) })),
    };
  };
  const off = { ...host, engine: { ...host.engine, score } };
  const heard: RowsDone[] = [];
  const run = { ...SILENT, emit: (event: RowsDone) => void heard.push(event) };
  const changed = await proveUnchanged(off, { changing, others: others.slice(0, 2) }, run);
  // eight texts of two sets twice, and once of the set that is switched to
  expect(heard).toEqual(Array.from({ length: 40 }, (_, i) => ({ done: i + 1, total: 40 })));
  expect(changed.differences).toEqual([['TOPIC', 1]]);
  expect(unchangedWords(changed)[0]).toMatch(/^1 of 16 rows have other answers .+, in TOPIC\./);
}, 120_000);
