import { Template } from '@huggingface/jinja';
import { Tokenizer as CoreTokenizer } from '@huggingface/tokenizers';
import { isRecord } from '../lib/assert';
import { sha256 } from '../lib/bytes';
import { corruptModel, missingFile } from '../lib/errors';
import type { Tokenizer } from './tokenizer';

/** By path inside the model folder. */
export type TokenizerFiles = Readonly<Record<string, Uint8Array>>;

type JsonObject = Readonly<Record<string, unknown>>;

interface ReadTokenizerFiles {
  readonly tokenizer: JsonObject;
  readonly config: JsonObject;
  /** tokenizer.json, as stored. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly chatTemplate: string | null;
}

/** @throws StudioError `model-missing-file`, `model-corrupt` */
export function readTokenizerFiles(files: TokenizerFiles): ReadTokenizerFiles {
  const tokenizer = readJson(files, 'tokenizer.json');
  if (!tokenizer)
    throw missingFile('The model folder has no tokenizer.json, so it cannot read text.', {
      data: { path: 'tokenizer.json' },
    });
  const config = readJson(files, 'tokenizer_config.json') ?? {};
  return {
    tokenizer,
    config,
    bytes: new Uint8Array(files['tokenizer.json'] ?? []),
    chatTemplate: chatTemplate(files, config),
  };
}

/** Older folders have the template in tokenizer_config.json, as text or as named variants. */
function chatTemplate(files: TokenizerFiles, config: JsonObject): string | null {
  const file = files['chat_template.jinja'];
  if (file) return new TextDecoder().decode(file);
  const template = config.chat_template;
  if (typeof template === 'string') return template;
  if (!Array.isArray(template)) return null;
  const variants = template.filter(isRecord);
  const chosen = variants.find((variant) => variant.name === 'default') ?? variants[0];
  return typeof chosen?.template === 'string' ? chosen.template : null;
}

/** Written as a string, or as an added token with `content`. */
function specialToken(config: JsonObject, name: string): string | null {
  const token = config[name];
  if (typeof token === 'string') return token;
  return isRecord(token) && typeof token.content === 'string' ? token.content : null;
}

/** They stop generation. */
export function endTokenIds(
  files: TokenizerFiles,
  config: JsonObject,
  tokenId: (token: string) => number | undefined,
): readonly number[] {
  const eos = specialToken(config, 'eos_token');
  const listed = ['generation_config.json', 'config.json'].flatMap((path) => readJson(files, path)?.eos_token_id ?? []);
  const ids = [eos === null ? undefined : tokenId(eos), ...listed.flat()];
  return [...new Set(ids.filter((id): id is number => Number.isInteger(id)))];
}

function readJson(files: TokenizerFiles, path: string): JsonObject | null {
  const bytes = files[path];
  if (!bytes) return null;
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    if (isRecord(value)) return value;
  } catch (cause) {
    throw corruptModel(`${path} is not valid JSON.`, { cause, data: { path } });
  }
  throw corruptModel(`${path} is not a JSON object.`, { data: { path } });
}

/**
 * Without transformers.js, which would bring a second ONNX Runtime. @throws StudioError `model-missing-file`, `model-corrupt`
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
    throw corruptModel('tokenizer.json contains a tokenizer that is not supported.', { cause });
  }
}
