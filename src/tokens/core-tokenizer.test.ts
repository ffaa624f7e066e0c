import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { createCoreTokenizer } from './core-tokenizer';
import type { Tokenizer } from './tokenizer';

const MODEL = 'public/models/HuggingFaceTB/SmolLM2-135M-Instruct';
const read = async (folder: string) =>
  Object.fromEntries(
    await Promise.all(
      ['tokenizer.json', 'tokenizer_config.json', 'config.json'].map(
        async (path) => [path, new Uint8Array(await readFile(`${folder}/${path}`))] as const,
      ),
    ),
  );

interface Reference {
  readonly template: string;
  readonly label_words: readonly string[];
  readonly label_token_ids: readonly number[];
  readonly rows: readonly { readonly text: string; readonly input_ids: readonly number[] }[];
  readonly soft_prompt: { readonly init_text: string; readonly init_token_ids: readonly number[] };
  readonly chat: readonly {
    readonly messages: readonly { readonly content: string }[];
    readonly input_ids: readonly number[];
    readonly greedy_ids: readonly number[];
    readonly greedy_text: string;
  }[];
}

describe('SmolLM2', () => {
  let tokenizer: Tokenizer;
  let reference: Reference;
  beforeAll(async () => {
    tokenizer = await createCoreTokenizer(await read(MODEL));
    reference = JSON.parse(await readFile('test/fixtures/smollm2/expected.json', 'utf8'));
  });
  const encode = (text: string) => Array.from(tokenizer.encode(text));

  it('gives the same ids as transformers for every reference row', () => {
    for (const row of reference.rows)
      expect(encode(reference.template.replace('{text}', row.text))).toEqual(row.input_ids);
    expect(encode(reference.soft_prompt.init_text)).toEqual(reference.soft_prompt.init_token_ids);
    expect(reference.label_words.map(encode)).toEqual(reference.label_token_ids.map((id) => [id]));
  });

  it('renders the chat template and reads its special tokens', () => {
    for (const { messages, input_ids } of reference.chat)
      expect(encode(tokenizer.chat(messages[0]?.content ?? '') ?? '')).toEqual(input_ids);
  });

  it('decodes with or without special tokens', () => {
    for (const { greedy_ids, greedy_text } of reference.chat)
      expect(tokenizer.decode(greedy_ids, { skipSpecial: true })).toBe(greedy_text);
    expect(tokenizer.decode([1, 9690, 2])).toBe('<|im_start|>system<|im_end|>');
    expect(tokenizer.decode([])).toBe('');
  });

  it('reports vocabulary size, end tokens and hash', () => {
    expect(tokenizer.vocabularySize).toBe(49152);
    expect(tokenizer.endTokenIds).toEqual([2]);
    expect(tokenizer.sha256).toBe('d5d3bbdd76cb71394eb3f79e86169c64318cc859372887b8254b3edced7a0220');
  });

  it('encodes the empty text, emoji and non-text', () => {
    for (const text of ['', ' ', '\u0000', '😡', 'a\u0301', '<|im_end|>', 'x'.repeat(5000)])
      expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
  });
});

it('names a missing or broken tokenizer file', async () => {
  await expect(createCoreTokenizer({})).rejects.toMatchObject({ code: 'model-missing-file' });
  const broken = { 'tokenizer.json': new TextEncoder().encode('{"a":') };
  await expect(createCoreTokenizer(broken)).rejects.toMatchObject({
    code: 'model-corrupt',
    message: 'tokenizer.json is not valid JSON.',
  });
  const noTokenizer = { 'tokenizer.json': new TextEncoder().encode('{}') };
  await expect(createCoreTokenizer(noTokenizer)).rejects.toMatchObject({ code: 'model-corrupt' });
});
