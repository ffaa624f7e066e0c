import { expect, test } from 'vitest';
import type { Player } from './cast';
import { costWords, playgroundTitle } from './words';

const labels = ['negative', 'neutral'];
const player = (...probabilities: number[]) =>
  ({ answer: probabilities.length ? { probabilities, tokens: 1, ms: 1 } : null }) as unknown as Player;

test.each([
  [[player(0.9, 0.1), player(0.2, 0.8)], 'Same words, same model, two answers'],
  [[player(0.9, 0.1), player(0.8, 0.2)], 'Same words, same model: all say negative'],
  [[player(0.9, 0.1), player()], 'Same words, same model, different prompts'],
])('%#', (players, title) => expect(playgroundTitle(players, labels, false)).toBe(title));

test('an answer that was known before names no time', () => {
  expect([costWords({ tokens: 29, ms: 41.3 }), costWords({ tokens: 1, ms: null })]).toEqual([
    '29 tokens · 41 ms',
    '1 token',
  ]);
});
