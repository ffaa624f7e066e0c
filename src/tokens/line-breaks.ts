import type { Tokenizer } from './types';

/** Tokens that hold a line break: a line is an answer, so that they end one. */
export const lineBreaks = (tokenizer: Pick<Tokenizer, 'decode' | 'vocabularySize'>): readonly number[] =>
  Array.from({ length: tokenizer.vocabularySize }, (_, id) => id).filter((id) => tokenizer.decode([id]).includes('\n'));
