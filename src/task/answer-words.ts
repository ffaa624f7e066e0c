import { asContinuation } from './template';
import type { HardPrompt, LabelWord } from './types';

/**
 * The answer words in the order of the label set. Gold labels, scores and words are all indices into that one order, so
 * wherever a set meets its rows its words must be brought into it. Words of other labels come last, unchanged.
 */
export function alignWords(words: readonly LabelWord[], labels: readonly string[]): readonly LabelWord[] {
  const place = (word: LabelWord) => {
    const index = labels.indexOf(word.label);
    return index < 0 ? labels.length : index;
  };
  return words.toSorted((a, b) => place(a) - place(b));
}

/** Whether there is an answer word for each of these labels, and for no others. */
export const sameLabels = (words: readonly LabelWord[], labels: readonly string[]): boolean =>
  words.length === labels.length && labels.every((label) => words.some((word) => word.label === label));

/**
 * A set's answer words as they follow one prompt: with a leading space only where the template ends without one. In a chat
 * they begin the model's own message, so they have none.
 */
export function wordsFor(
  prompt: string | Pick<HardPrompt, 'template' | 'chat'>,
  words: readonly LabelWord[],
): readonly LabelWord[] {
  const { template, chat = false } = typeof prompt === 'string' ? { template: prompt } : prompt;
  return words.map(({ label, word }) => ({ label, word: asContinuation(chat ? '' : template, word) }));
}
