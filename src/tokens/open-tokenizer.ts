import { cachedEncode } from './cached-encode';
import { lineBreaks } from './line-breaks';
import type { Tokenizer } from './types';

/** A tokenizer at work: what it encoded is remembered, and what is found out about its vocabulary. */
export interface OpenTokenizer {
  readonly tokenizer: Tokenizer;
  readonly encode: (text: string) => Int32Array;
  readonly context: number;
  /** Found when they are first asked for: the whole vocabulary is gone through. */
  readonly breaks: () => readonly number[];
}

/** Where a model's files do not say how much it reads at once. */
const DEFAULT_CONTEXT = 2048;

/** @param contextLength tokens that the model reads at once; null = unknown */
export function openTokenizerOf(tokenizer: Tokenizer, contextLength: number | null): OpenTokenizer {
  const context = contextLength ?? DEFAULT_CONTEXT;
  let found: readonly number[] | null = null;
  const breaks = () => {
    found ??= lineBreaks(tokenizer);
    return found;
  };
  return { tokenizer, encode: cachedEncode(tokenizer), context, breaks };
}
