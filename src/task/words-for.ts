import { asContinuation } from './template';
import type { HardPrompt, LabelWord } from './types';

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
