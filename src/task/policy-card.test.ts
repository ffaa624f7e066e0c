import { expect, test } from 'vitest';
import { cardMapping, cardWords, type PolicyCard, unnamedLabels } from './policy-card';

const CARD: PolicyCard = {
  id: 'mood',
  name: 'Mood',
  about: 'How a post sounds.',
  columns: { text: ['headline', 'post'], label: ['mood'] },
  labels: [
    { label: 'up', word: ' up', means: 'glad' },
    { label: 'down', word: ' down', means: 'sad' },
  ],
  limits: 'None.',
  template: 'Post: {text}\nMood:',
  prompt: 'Say up or down.\nPost: {text}\nMood:',
};

test('takes the columns that the card names, in any case, over the guessed ones', () => {
  const guess = { text: 'body', label: 'author', id: 'no' };
  expect(cardMapping(CARD, ['no', 'Mood', 'body', 'Headline'], guess)).toEqual({
    text: 'Headline',
    label: 'Mood',
    id: 'no',
  });
  expect(cardMapping(CARD, ['no', 'body', 'author'], guess)).toEqual(guess);
  expect(cardMapping(CARD, ['x'], null)).toBeNull();
});

test('never maps one column twice, and classifies where a text would be guessed as the answer', () => {
  expect(cardMapping(CARD, ['mood', 'post'], { text: 'mood', label: 'post', id: null })).toEqual({
    text: 'post',
    label: 'mood',
    id: null,
  });
  const writing = { text: 'post', label: 'reply', id: 'mood', task: 'write' } as const;
  expect(cardMapping(CARD, ['post', 'reply', 'mood'], writing)).toEqual({ text: 'post', label: 'mood', id: null });
});

test('answers with the words of the card, and names the labels that it does not know', () => {
  const labels = ['Up', '__proto__', 'down'];
  expect(cardWords(CARD, labels)).toEqual([
    { label: 'Up', word: ' up' },
    { label: '__proto__', word: ' __proto__' },
    { label: 'down', word: ' down' },
  ]);
  expect(unnamedLabels(CARD, labels)).toEqual(['__proto__']);
});
