import { argmax } from '../../../metrics/classification';
import type { Player } from './cast';

const capital = (word: string): string => `${word.charAt(0).toUpperCase()}${word.slice(1)}`;

/** The likeliest label, as a headline. */
export function said(player: Pick<Player, 'answer'>, labels: readonly string[]): string | null {
  return player.answer ? capital(labels[argmax(player.answer.probabilities)] ?? '') : null;
}

/** What the screen finds: whether the prompts agree on this text. */
export function playgroundTitle(players: readonly Player[], labels: readonly string[], stale: boolean): string {
  const answers = players.flatMap((p) => said(p, labels) ?? []);
  if (stale || answers.length < 2) return 'Same words, same model, different prompts';
  const different = new Set(answers).size;
  if (different === 1) return `Same words, same model: all say ${answers[0]?.toLowerCase()}`;
  return `Same words, same model, ${different === 2 ? 'two' : 'three'} answers`;
}
