import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { createCoreTokenizer } from './core-tokenizer';
import { textLengths } from './text-lengths';

const letters = (text: string) => new Int32Array(text.length);

it('counts every text into one bin, and names those over the budget', () => {
  const texts = ['a', 'bb', 'cc', 'x'.repeat(100), ''];
  const found = textLengths(texts, letters, 50);
  expect(found).toMatchObject({ counted: 5, texts: 5, longestTokens: 100, medianTokens: 2, over: [3], fits: 40 });
  expect(found.bins.reduce((sum, { rows }) => sum + rows, 0)).toBe(5);
  expect(found.bins.length).toBeLessThanOrEqual(20);
  for (const [i, bin] of found.bins.entries()) expect(bin.from).toBe(i === 0 ? 0 : (found.bins[i - 1]?.to ?? 0) + 1);
});

it('samples many texts evenly, and accepts none', () => {
  const many = textLengths(
    Array.from({ length: 100_000 }, (_, i) => 'y'.repeat((i / 100) % 10)),
    letters,
    50,
  );
  expect(many).toMatchObject({ counted: 1000, texts: 100_000, longestTokens: 9 });
  expect(textLengths([], letters, 50)).toMatchObject({ counted: 0, bins: [], over: [], fits: 0, isReadPoorly: false });
});

it('distinguishes texts that SmolLM2 reads well from ones it reads poorly', async () => {
  const folder = new URL('../../public/models/HuggingFaceTB/SmolLM2-135M-Instruct/', import.meta.url);
  const names = ['tokenizer.json', 'tokenizer_config.json'];
  const files = Object.fromEntries(names.map((name) => [name, new Uint8Array(readFileSync(new URL(name, folder)))]));
  const { encode } = await createCoreTokenizer(files);
  const poorly = (...texts: string[]) => textLengths(texts, encode, 2000).isReadPoorly;
  expect(poorly('I had to call support three times.', '@zoe thx 4 fixing the login thing!!', 'Refund, pls')).toBe(
    false,
  );
  expect(
    poorly('Ich musste dreimal anrufen, aber sie haben mir geholfen.', 'Die Rechnung ist schon wieder falsch.'),
  ).toBe(true);
  expect(poorly('配達が一週間遅れて、箱が壊れていました。')).toBe(true);
});
