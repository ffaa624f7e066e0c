import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { broadcast, broadcastDim, canonical, difference, product, quotient, type SymbolicDim, sum } from './dims';

test.each([
  [['t', 'past'], 'past + t'],
  [['t', 't'], '2*t'],
  [['past', 3, 't', 4], 'past + t + 7'],
  [[2, 3], 5],
  [['a + 1', 'a'], '2*a + 1'],
  [[], 0],
] as const)('sum of %j is %s', (dims, expected) => expect(sum(dims)).toBe(expected));

test.each([
  [['b', 't', 2, 3], '6*b*t'],
  [['t', 'b'], 'b*t'],
  [[4, 0, 'b'], 0],
] as const)('product of %j is %s', (dims, expected) => expect(product(dims)).toBe(expected));

test('a quotient is exact or unknown', () => {
  expect(quotient(['b', 6, 't'], ['b', 2])).toBe('3*t');
  expect(quotient([product(['b', 't']), 64], ['b', 'a', 64])).toMatch(/^\?/);
  expect(quotient([7], [2])).toMatch(/^\?/);
});

test.each([
  ['past + t', 'past', 't'],
  ['past + 3', 3, 'past'],
  ['2*t', 't', 't'],
  ['t', 't', 0],
  [3, 5, -2],
] as const)('%s less %s is %s', (a, b, expected) => expect(difference(a, b)).toBe(expected));

test('a difference that is not a sum is unknown', () => expect(difference('past', 'past + t')).toMatch(/^\?/));

test('canonical rewrites an exporter’s spelling', () => {
  expect(canonical('sequence_length + past_sequence_length')).toBe('past_sequence_length + sequence_length');
  expect(canonical(null)).not.toBe(canonical(null));
});

describe('broadcasting', () => {
  test('a known size above 1 decides, two different symbols leave it open', () => {
    expect(broadcastDim('a', 64)).toBe(64);
    expect(broadcastDim(1, 'a')).toBe('a');
    expect(broadcastDim('a', 'b')).toMatch(/^\?/);
    expect(broadcast([['b', 1, 4], ['t', 1], []])).toEqual(['b', 't', 4]);
  });

  test('symbolic results hold for all sizes of the symbols', () => {
    const size = fc.integer({ min: 2, max: 9 });
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom('a', 'b', 'c'), size, { minKeys: 1 }),
        fc.array(fc.nat(20), { minLength: 1 }),
        (sizes, picks) => {
          const names = Object.keys(sizes);
          const dims: SymbolicDim[] = picks.map((pick) => (pick < 10 ? (names[pick % names.length] ?? 1) : pick - 9));
          const numbers = dims.map((dim) => (typeof dim === 'string' ? (sizes[dim] ?? 1) : dim));
          expect(evaluate(sum(dims), sizes)).toBe(numbers.reduce((a, b) => a + b, 0));
          expect(evaluate(product(dims), sizes)).toBe(numbers.reduce((a, b) => a * b, 1));
        },
      ),
    );
  });
});

/** The value of a spelling. */
const evaluate = (dim: SymbolicDim, sizes: Readonly<Record<string, number>>): number =>
  String(dim)
    .split(' + ')
    .map((term) => term.split('*').reduce((n, part) => n * (sizes[part] ?? Number(part)), 1))
    .reduce((a, b) => a + b, 0);
