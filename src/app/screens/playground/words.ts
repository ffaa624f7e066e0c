import { argmax } from '../../../metrics/classification';
import { counted } from '../../ui/format';
import type { Answer, Player } from './cast';

const capital = (word: string): string => `${word.charAt(0).toUpperCase()}${word.slice(1)}`;

/** The likeliest label, as a headline; or what was written. */
export function said(player: Pick<Player, 'answer'>, labels: readonly string[]): string | null {
  if (player.answer?.text !== undefined) return player.answer.text || '(nothing)';
  return player.answer ? capital(labels[argmax(player.answer.probabilities)] ?? '') : null;
}

/** "29 tokens · 41 ms"; without the time where nothing had to be computed. */
export const costWords = ({ tokens, ms }: Pick<Answer, 'tokens' | 'ms'>): string =>
  [counted(Math.round(tokens), 'token'), ...(ms === null ? [] : [`${Math.round(ms)} ms`])].join(' · ');

/** What the screen finds: whether the prompts agree on this text. */
export function playgroundTitle(players: readonly Player[], labels: readonly string[], stale: boolean): string {
  const answers = players.flatMap((p) => said(p, labels) ?? []);
  if (stale || answers.length < 2) return 'Same words, same model, different prompts';
  const different = new Set(answers).size;
  if (different === 1)
    return labels.length === 0
      ? 'Same words, same model: all write the same'
      : `Same words, same model: all say ${answers[0]?.toLowerCase()}`;
  return `Same words, same model, ${different === 2 ? 'two' : 'three'} answers`;
}
