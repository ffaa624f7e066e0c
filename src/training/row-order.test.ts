import { describe, expect, it, test } from 'vitest';
import { balancedWeights, nextBatch, startOrder, stratifiedSubset } from './row-order';

const gold = Array.from({ length: 100 }, (_, i) => (i % 10 === 0 ? 2 : i % 2));
const share = (indices: readonly number[], label: number) =>
  indices.filter((i) => gold[i] === label).length / indices.length;

test('keeps the shares of the labels in a subset, and every smaller subset inside the larger ones', () => {
  for (const count of [10, 30, 60]) {
    const part = stratifiedSubset(gold, count);
    expect(part).toHaveLength(count);
    expect(new Set(part).size).toBe(count);
    for (const label of [0, 1, 2]) expect(share(part, label)).toBeCloseTo(share([...gold.keys()], label), 1);
    expect(stratifiedSubset(gold, count + 7).slice(0, count)).toEqual(part);
  }
  expect(stratifiedSubset(gold, 10)).not.toEqual([...Array(10).keys()]);
});

test('keeps all rows in their order when there are no more than asked for', () => {
  for (const count of [null, 100, 500]) expect(stratifiedSubset(gold, count)).toEqual([...gold.keys()]);
});

test('weighs rows so that every label counts the same', () => {
  const weights = balancedWeights(gold, 4);
  const sums = [0, 1, 2].map((label) => gold.filter((g) => g === label).length * (weights[label] ?? 0));
  expect(sums).toEqual([25, 25, 25]);
  expect(weights[3]).toBe(1);
});

describe('nextBatch', () => {
  it('visits every row once an epoch, in a new order each time', () => {
    let order = startOrder(3);
    const epochs: number[][] = [];
    for (let i = 0; i < 6; i++) {
      const next = nextBatch(order, 9, 3);
      order = next.order;
      epochs.push(next.batch);
    }
    const first = epochs.slice(0, 3).flat();
    const second = epochs.slice(3).flat();
    expect([...first].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect([...second].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect(first).not.toEqual(second);
  });

  it('fills a batch from the next epoch when this one runs out', () => {
    const { batch, order } = nextBatch({ rngState: 1, pending: [4] }, 5, 3);
    expect(batch).toHaveLength(3);
    expect(batch[0]).toBe(4);
    expect(order.pending).toHaveLength(3);
  });
});
