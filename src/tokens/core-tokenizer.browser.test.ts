import { PreTrainedTokenizer } from '@huggingface/transformers';
import { expect, it } from 'vitest';
import { sha256 } from '../lib/bytes';
import { createCoreTokenizer, endTokenIds, readTokenizerFiles, type TokenizerFiles } from './core-tokenizer';
import type { Tokenizer } from './tokenizer';

const MODELS = ['/public/models/HuggingFaceTB/SmolLM2-135M-Instruct', '/test/fixtures/models/llama-optimum-fp32'];

const bytes = async (path: string) => new Uint8Array(await (await fetch(path)).arrayBuffer());

interface Reference {
  readonly template: string;
  readonly rows: readonly { readonly text: string; readonly input_ids: readonly number[] }[];
  readonly chat: readonly {
    readonly messages: readonly { readonly content: string }[];
    readonly input_ids: readonly number[];
  }[];
}

/** The tokenizer of transformers.js, which the product's own must equal. */
async function createTransformersTokenizer(files: TokenizerFiles): Promise<Tokenizer> {
  const { tokenizer, config, bytes, chatTemplate } = readTokenizerFiles(files);
  const inner = new PreTrainedTokenizer(tokenizer, { ...config, chat_template: chatTemplate });
  return {
    encode: (text) => Int32Array.from(inner.encode(text, { add_special_tokens: false })),
    decode: (ids, options) =>
      ids.length === 0
        ? ''
        : inner.decode(Array.from(ids), {
            skip_special_tokens: options?.skipSpecial ?? false,
            clean_up_tokenization_spaces: false,
          }),
    endTokenIds: endTokenIds(files, config, (token) => inner.get_vocab().get(token)),
    vocabularySize: inner.get_vocab().size,
    chat: (userMessage) => {
      if (chatTemplate === null) return null;
      const messages = [{ role: 'user', content: userMessage }];
      return String(inner.apply_chat_template(messages, { tokenize: false, add_generation_prompt: true }));
    },
    sha256: await sha256(bytes),
  };
}

it.each(MODELS)('the tokenizer gives the same ids and texts as transformers.js for %s', async (folder) => {
  const names = ['tokenizer.json', 'tokenizer_config.json', 'config.json'];
  const files = Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await bytes(`${folder}/${name}`)] as const)),
  );
  const [core, whole] = [await createCoreTokenizer(files), await createTransformersTokenizer(files)];
  const reference: Reference = await (await fetch('/test/fixtures/smollm2/expected.json')).json();
  const rows = reference.rows.map((row) => reference.template.replace('{text}', row.text));
  const chats = reference.chat.map(({ messages }) => messages[0]?.content ?? '');
  for (const text of [...rows, ...chats, '', ' ', 'a\u0301 😡\n\tx', '<|im_end|>', '1234567890', "it's  we'll\r\n"]) {
    const ids = core.encode(text);
    expect(whole.encode(text)).toEqual(ids);
    expect(whole.decode(ids)).toBe(core.decode(ids));
    expect(whole.decode(ids, { skipSpecial: true })).toBe(core.decode(ids, { skipSpecial: true }));
    expect(whole.chat(text)).toBe(core.chat(text));
  }
  const { endTokenIds, vocabularySize, sha256 } = core;
  expect(whole).toMatchObject({ endTokenIds, vocabularySize, sha256 });
  if (folder.includes('SmolLM2'))
    for (const row of reference.rows)
      expect(Array.from(whole.encode(reference.template.replace('{text}', row.text)))).toEqual(row.input_ids);
});
