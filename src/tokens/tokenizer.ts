import type { AnswerWord, Example } from '../task/types';

export interface Tokenizer {
  /** Adds no special tokens. */
  encode(text: string): Int32Array;
  /** Keeps special tokens unless `skipSpecial`. */
  decode(ids: ArrayLike<number>, options?: { skipSpecial?: boolean }): string;
  readonly endTokenIds: readonly number[];
  readonly vocabularySize: number;
  /** One user message with the generation prompt; null = the model has no chat template. */
  chat(userMessage: string): string | null;
  /** Of tokenizer.json. */
  readonly sha256: string;
}

/** Without virtual tokens. */
export interface TokenRow {
  readonly rowId: string;
  readonly ids: Int32Array;
  /** Tokens of the cue at the end, where vectors come before it. */
  readonly cue?: number | undefined;
  /** With its examples in other orders; the answers of all orders are averaged. */
  readonly otherOrders?: readonly Int32Array[] | undefined;
  /** Index into the label set. */
  readonly label: number | null;
  /** All labels of a row that may have several, without the one that stands for none. */
  readonly tags?: readonly number[] | undefined;
  /** Probabilities that training teaches in place of `label`: what another prompt answers. */
  readonly taught?: readonly number[];
  /** The expected text after the row, with its end token. */
  readonly target?: Int32Array;
}

/** Several ids are scored as a sequence. */
export interface LabelTokens extends AnswerWord {
  readonly tokenIds: readonly number[];
}

/** What a row costs whatever its length, in tokens. */
export const FIXED_TOKENS = 8;

/** Of text whose token ids are kept. */
const CACHE_CHARACTERS = 8_000_000;

/** Drops the oldest half when full. */
function cachedEncode(tokenizer: Tokenizer): (text: string) => Int32Array {
  const known = new Map<string, Int32Array>();
  let characters = 0;
  const forgetHalf = () => {
    for (const text of known.keys()) {
      if (characters <= CACHE_CHARACTERS / 2) return;
      known.delete(text);
      characters -= text.length;
    }
  };
  return (text) => {
    const found = known.get(text);
    if (found) return found;
    const ids = tokenizer.encode(text);
    known.set(text, ids);
    characters += text.length;
    if (characters > CACHE_CHARACTERS) forgetHalf();
    return ids;
  };
}

/** They end an answer, since an answer is one line. */
const lineBreaks = (tokenizer: Pick<Tokenizer, 'decode' | 'vocabularySize'>): readonly number[] =>
  Array.from({ length: tokenizer.vocabularySize }, (_, id) => id).filter((id) => tokenizer.decode([id]).includes('\n'));

export interface OpenTokenizer {
  readonly tokenizer: Tokenizer;
  readonly encode: (text: string) => Int32Array;
  readonly context: number;
  /** Tokens with a line break; computed on first use, from the whole vocabulary. */
  readonly breaks: () => readonly number[];
}

/** For virtual tokens and the answer word, when rows are checked against the model's context. */
export const RESERVED_TOKENS = 32;

/** Where a model's files do not say. */
const DEFAULT_CONTEXT = 2048;

/** @param contextLength null = unknown */
export function openTokenizerOf(tokenizer: Tokenizer, contextLength: number | null): OpenTokenizer {
  const context = contextLength ?? DEFAULT_CONTEXT;
  let found: readonly number[] | null = null;
  const breaks = () => {
    found ??= lineBreaks(tokenizer);
    return found;
  };
  return { tokenizer, encode: cachedEncode(tokenizer), context, breaks };
}

/** A cue with vectors before it is encoded by itself: no token is on both sides. */
export function encodeRow(
  encode: OpenTokenizer['encode'],
  { text, cue }: Pick<Example, 'text' | 'cue'>,
): Pick<TokenRow, 'ids' | 'cue'> {
  if (cue === undefined) return { ids: encode(text) };
  const own = encode(cue);
  const before = encode(text.slice(0, text.length - cue.length));
  return { ids: Int32Array.from([...before, ...own]), cue: own.length };
}

/** With what ends it: a line break, or in a chat the end of the message. */
export function targetIds({ encode, tokenizer }: OpenTokenizer, target: string, chat: boolean): Int32Array {
  const [end] = tokenizer.endTokenIds;
  return chat && end !== undefined ? Int32Array.from([...encode(target.trimStart()), end]) : encode(`${target}\n`);
}

export const labelTokens = ({ encode }: Pick<OpenTokenizer, 'encode'>, words: readonly AnswerWord[]): LabelTokens[] =>
  words.map((word) => ({ ...word, tokenIds: Array.from(encode(word.word)) }));

export const decoded = ({ tokenizer }: Pick<OpenTokenizer, 'tokenizer'>, ids: ArrayLike<number>): string =>
  tokenizer.decode(ids).trim();
