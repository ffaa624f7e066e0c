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

/** @param context tokens that the model reads at once */
export function openTokenizerOf(tokenizer: Tokenizer, context: number): OpenTokenizer {
  let found: readonly number[] | null = null;
  const breaks = () => {
    found ??= lineBreaks(tokenizer);
    return found;
  };
  return { tokenizer, encode: cachedEncode(tokenizer), context, breaks };
}
