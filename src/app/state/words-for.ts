import { asContinuation } from '../../task/template';
import type { LabelWord } from '../../task/types';

/** A set's answer words as they follow one template: with a leading space only where the template ends without one. */
export const wordsFor = (template: string, words: readonly LabelWord[]): readonly LabelWord[] =>
  words.map(({ label, word }) => ({ label, word: asContinuation(template, word) }));
