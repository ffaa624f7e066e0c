import { expect, it } from 'vitest';
import { eachOrder, meanOverOrders, numbersOnly } from './score';

const ids = (...values: number[]) => Int32Array.from(values);
const row = (rowId: string, ...orders: Int32Array[]) => ({
  rowId,
  ids: ids(1, 2),
  label: 0,
  ...(orders.length > 0 ? { otherOrders: orders } : {}),
});
const scored = (...p: number[]) => ({ logProbs: p.map(Math.log), tokensSent: 10, tokensComputed: 4 });

it('makes every order of examples a row of its own, and leaves other rows alone', () => {
  const plain = [row('a'), row('b')];
  expect(eachOrder(plain)).toBe(plain);
  const found = eachOrder([row('a', ids(3), ids(4)), row('b')]);
  expect(found.map((r) => Array.from(r.ids))).toEqual([[1, 2], [3], [4], [1, 2]]);
  expect(new Set(found.map((r) => r.rowId)).size).toBe(4);
});

it('averages log-probabilities over orders, normalises them, and adds up tokens', () => {
  const rows = [row('a', ids(3)), row('b')];
  const [a, b] = meanOverOrders(rows, [scored(0.9, 0.1), scored(0.5, 0.5), scored(0.2, 0.8)]);
  const odds = Math.sqrt((0.9 / 0.1) * (0.5 / 0.5)); // geometric mean of the odds: 3 to 1
  expect(Math.exp(a?.logProbs[0] ?? 0)).toBeCloseTo(odds / (1 + odds), 12);
  expect((a?.logProbs ?? []).reduce((sum, x) => sum + Math.exp(x), 0)).toBeCloseTo(1, 12);
  expect(a).toMatchObject({ rowId: 'a', tokensSent: 20, tokensComputed: 8 });
  expect(b).toEqual({ rowId: 'b', ...scored(0.2, 0.8) });
});

it('refuses a score that is no number, and names the row', () => {
  expect(numbersOnly('7', [-0.1, -2.3])).toEqual([-0.1, -2.3]);
  expect(() => numbersOnly('7', [Number.NaN, Number.NaN])).toThrow(/no number for row 7: the vectors or the weights/);
});
