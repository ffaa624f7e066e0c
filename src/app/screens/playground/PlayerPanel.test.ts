import { expect, test } from 'vitest';
import type { PlayedAnswer } from '../../../workflow/play';
import { costWords, playgroundTitle } from './PlayerPanel';

const labels = ['Negative', 'neutral', 'good', 'great'];
const answer = (...probabilities: number[]): PlayedAnswer => ({ kind: 'classify', probabilities, tokens: 1, ms: 1 });

test.each([
  [[answer(0.9, 0.1), answer(0.2, 0.8)], 'Same text, same model, two answers'],
  [[answer(0.9, 0.1), answer(0.8, 0.2)], 'Same text, same model: all prompts say Negative'],
  [[answer(0.9, 0.1), undefined], 'Same text, same model, different prompts'],
  [[answer(1), answer(0, 1), answer(0, 0, 1), answer(0, 0, 0, 1)], 'Same text, same model, four answers'],
  [[answer(0.9, 0.1)], 'What the prompt answers to your text'],
])('says whether the prompts agree: %#', (answers, title) =>
  expect(playgroundTitle(answers, labels, false)).toBe(title),
);

test('leaves the time out of an answer that was known before', () => {
  expect([costWords({ tokens: 29, ms: 41.3 }), costWords({ tokens: 1, ms: null })]).toEqual([
    '29 tokens · 41 ms',
    '1 token',
  ]);
});
