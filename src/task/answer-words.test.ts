import { expect, it } from 'vitest';
import { dealt, preparedOf } from '../dataset/test-support';
import { renderRows } from './render';
import { alignWords } from './template';

const words = ['b', 'a', 'c'].map((label) => ({ label, word: ` ${label}` }));

it('brings the words into the order of the labels, whatever order they came in', () => {
  expect(alignWords(words, ['c', 'a', 'b']).map(({ label }) => label)).toEqual(['c', 'a', 'b']);
  expect(alignWords(words, ['c']).map(({ label }) => label)).toEqual(['c', 'b', 'a']);
});

it('rows are never rendered with words in another order: their gold labels would name other words', async () => {
  const { dataset } = await preparedOf(dealt(120, ['c', 'a', 'b']));
  const prompt = { template: 'Message: {text}\nTone:', shots: 0, shotSeed: 0 };
  expect(() => renderRows(dataset, prompt, words, 'train')).toThrow('internal: answer words');
  expect(renderRows(dataset, prompt, alignWords(words, dataset.labels), 'train').ok).toBe(true);
});
