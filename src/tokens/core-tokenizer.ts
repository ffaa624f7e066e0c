import { Template } from '@huggingface/jinja';
import { Tokenizer as CoreTokenizer } from '@huggingface/tokenizers';
import { StudioError } from '../lib/errors';
import { sha256 } from '../lib/hash';
import { endTokenIds, readTokenizerFiles, specialToken, type TokenizerFiles } from './tokenizer-files';
import type { Tokenizer } from './types';

/**
 * The tokenizer of the CLI and of the data worker: Hugging Face's tokenizer core and Jinja alone, since the whole of
 * transformers.js would bring a second ONNX Runtime.
 * @throws StudioError `model-missing-file`, `model-corrupt`
 */
export async function createCoreTokenizer(files: TokenizerFiles): Promise<Tokenizer> {
  const { tokenizer, config, bytes, chatTemplate } = readTokenizerFiles(files);
  const core = openCore(tokenizer, config);
  const template = chatTemplate === null ? null : new Template(chatTemplate);
  return {
    encode: (text) => Int32Array.from(core.encode(text, { add_special_tokens: false }).ids),
    decode: (ids, options) => {
      // The core refuses an empty list.
      if (ids.length === 0) return '';
      return core.decode(Array.from(ids), {
        skip_special_tokens: options?.skipSpecial ?? false,
        clean_up_tokenization_spaces: false,
      });
    },
    endTokenIds: endTokenIds(files, config, (token) => core.token_to_id(token)),
    vocabularySize: core.get_vocab(true).size,
    chat: (userMessage) =>
      template?.render({
        messages: [{ role: 'user', content: userMessage }],
        add_generation_prompt: true,
        bos_token: specialToken(config, 'bos_token'),
        eos_token: specialToken(config, 'eos_token'),
        pad_token: specialToken(config, 'pad_token'),
        unk_token: specialToken(config, 'unk_token'),
      }) ?? null,
    sha256: await sha256(bytes),
  };
}

function openCore(tokenizer: object, config: object): CoreTokenizer {
  try {
    return new CoreTokenizer(tokenizer, config);
  } catch (cause) {
    throw new StudioError('model-corrupt', 'tokenizer.json is not a tokenizer that this product can read.', { cause });
  }
}
