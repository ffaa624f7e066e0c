import { expect, it } from 'vitest';
import { labelNames, labelOfKey, spread } from './rows-store';

it('reads the names of labels once each, however they are typed', () => {
  expect(labelNames(' good, bad;Good\n__proto__,, ')).toEqual(['good', 'bad', '__proto__']);
  expect(labelNames(' , ;')).toEqual([]);
});

it('gives a label by its number, or by a first letter that only it has', () => {
  const names = ['praise', 'Problem', 'question', '😀'];
  const label = (key: string) => labelOfKey(names, key);
  expect(['1', '2', '4', 'q', 'Q', '😀'].map(label)).toEqual(['praise', 'Problem', '😀', 'question', 'question', '😀']);
  expect(['p', '9', '0', 'x', ' ', '', 'Tab', 'Enter', 'ArrowRight'].map(label)).toEqual(Array(9).fill(undefined));
});

it('takes rows evenly over the file', () => {
  const ids = Array.from({ length: 100 }, (_, i) => String(i));
  expect(spread(ids, 5)).toEqual(['0', '20', '40', '60', '80']);
  expect(spread(['a'], 5)).toEqual(['a']);
  expect(spread([], 5)).toEqual([]);
});
