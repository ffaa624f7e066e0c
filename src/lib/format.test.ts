import { expect, it } from 'vitest';
import { listed, ofRows, percentWhole, rounded } from './format';

it('gives the same number for two that differ in the last bit', () => {
  expect(rounded(-50.62761489938456)).toBe(rounded(-50.62761489938457));
});

it('rounds at every depth, and keeps whole numbers, texts, vectors and keys like __proto__', () => {
  const vectors = Float32Array.of(0.1);
  const value = {
    a: [1 / 3, { b: 123456789012345 }],
    text: '0.1234567890123',
    vectors,
    none: null,
    ['__proto__']: 2 / 3,
  };
  const found = rounded(value);
  expect(found.a).toEqual([0.333333333333, { b: 123456789012345 }]);
  expect(found).toMatchObject({ text: '0.1234567890123', none: null });
  expect(found.vectors).toBe(vectors);
  expect(Object.getOwnPropertyDescriptor(found, '__proto__')?.value).toBe(0.666666666667);
});

it('counts rows below 30, and gives per cents above', () => {
  expect(ofRows(12 / 22, 22)).toBe('12 of 22');
  expect(ofRows(0.6667, 12, 'validation row')).toBe('8 of 12 validation rows');
  expect(ofRows(0.5, 30)).toBe('50.0%');
  expect(ofRows(0.5, 1000, 'row', percentWhole)).toBe('50% of 1,000 rows');
});

it('lists names without a comma before the last', () => {
  expect(listed(['tuned', 'word counts', 'probe'])).toBe('tuned, word counts and probe');
  expect(listed(['A', 'B'])).toBe('A and B');
  expect(listed([])).toBe('');
});
