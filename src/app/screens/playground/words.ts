/** What the playground says. Pure. */

import { counted } from '../../../lib/format';
import { argmax } from '../../../metrics/classification';
import type { PlayedAnswer } from '../../../workflow/play';

const capital = (word: string): string => `${word.charAt(0).toUpperCase()}${word.slice(1)}`;

/** The most likely label, or the generated text. */
function answerOf(answer: PlayedAnswer | undefined, labels: readonly string[]): string | null {
  if (!answer) return null;
  if (answer.kind === 'generate') return answer.text || '(empty answer)';
  return labels[argmax(answer.probabilities)] ?? '';
}

/** As above; a label as a headline. */
export function said(answer: PlayedAnswer | undefined, labels: readonly string[]): string | null {
  const found = answerOf(answer, labels);
  return answer?.kind === 'classify' && found ? capital(found) : found;
}

/** "29 tokens · 41 ms"; without the time where nothing had to be computed. */
export const costWords = ({ tokens, ms }: Pick<PlayedAnswer, 'tokens' | 'ms'>): string =>
  [counted(Math.round(tokens), 'token'), ...(ms === null ? [] : [`${Math.round(ms)} ms`])].join(' · ');

const NUMBERS: Readonly<Record<number, string>> = { 2: 'two', 3: 'three', 4: 'four' };

/** Whether the prompts agree on this text. */
export function playgroundTitle(
  answers: readonly (PlayedAnswer | undefined)[],
  labels: readonly string[],
  stale: boolean,
): string {
  const all = answers.flatMap((answer) => answerOf(answer, labels) ?? []);
  if (answers.length === 1) return 'What the prompt answers to your text';
  if (stale || all.length < 2) return 'Same text, same model, different prompts';
  const different = new Set(all).size;
  if (different === 1)
    return labels.length === 0
      ? 'Same text, same model: all prompts write the same text'
      : `Same text, same model: all prompts say ${all[0]}`;
  return `Same text, same model, ${NUMBERS[different] ?? different} answers`;
}
