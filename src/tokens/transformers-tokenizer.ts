import { sha256 } from '../lib/bytes';
import { endTokenIds, readTokenizerFiles, type TokenizerFiles } from './core-tokenizer';
import type { Tokenizer } from './types';

/**
 * The tokenizer of transformers.js, in the page alone: it comes with an ONNX Runtime, so it is loaded when asked for. What it
 * gives must equal what the core gives (core-tokenizer.ts).
 * @throws StudioError `model-missing-file`, `model-corrupt`
 */
export async function createTransformersTokenizer(files: TokenizerFiles): Promise<Tokenizer> {
  const { tokenizer, config, bytes, chatTemplate } = readTokenizerFiles(files);
  const { PreTrainedTokenizer } = await import('@huggingface/transformers');
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
