import { expect, it } from 'vitest';
import { present } from '../lib/assert';
import type { SoftVersion } from '../prompt-set/types';
import { labelTokens } from '../tokens/tokenizer';
import { makeCheckRows } from './check-rows';
import { fakeHost, prepared, promptSet } from './fake-host.test-support';
import { SILENT } from './host';

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
