import { expect, test } from 'vitest';
import { balancedWeights, stratifiedSubset } from './subset';

const gold = Array.from({ length: 100 }, (_, i) => (i % 10 === 0 ? 2 : i % 2));
const share = (indices: readonly number[], label: number) =>
  indices.filter((i) => gold[i] === label).length / indices.length;

test('a part of the rows has the labels in their shares, and lies within every larger part', () => {
  for (const count of [10, 30, 60]) {
    const part = stratifiedSubset(gold, count);
    expect(part).toHaveLength(count);
    expect(new Set(part).size).toBe(count);
    for (const label of [0, 1, 2]) expect(share(part, label)).toBeCloseTo(share([...gold.keys()], label), 1);
    expect(stratifiedSubset(gold, count + 7).slice(0, count)).toEqual(part);
  }
  expect(stratifiedSubset(gold, 10)).not.toEqual([...Array(10).keys()]);
});

test('all rows are all rows, in their order', () => {
  for (const count of [null, 100, 500]) expect(stratifiedSubset(gold, count)).toEqual([...gold.keys()]);
});

test('balanced weights make labels count the same', () => {
  const weights = balancedWeights(gold, 4);
  const sums = [0, 1, 2].map((label) => gold.filter((g) => g === label).length * (weights[label] ?? 0));
  expect(sums).toEqual([25, 25, 25]);
  expect(weights[3]).toBe(1);
});
