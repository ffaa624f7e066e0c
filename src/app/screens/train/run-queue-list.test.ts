import { expect, test } from 'vitest';
import { STANDARD } from '../../../training/settings';
import type { PlannedRun } from '../../../workflow/runs';
import { moved, putBack, without, withSeeds } from './run-queue';

const item = (id: string): PlannedRun => ({ id, settings: STANDARD, name: id, hybrid: false, group: null });
const items = ['a', 'b', 'c'].map(item);
const order = (list: readonly PlannedRun[]) => list.map(({ id }) => id).join('');

test('a run moves by one place, and not beyond the ends', () => {
  expect(order(moved(items, 'b', -1))).toBe('bac');
  expect(order(moved(items, 'b', 1))).toBe('acb');
  for (const [id, by] of [
    ['a', -1],
    ['c', 1],
    ['gone', 1],
  ] as const)
    expect(order(moved(items, id, by))).toBe('abc');
});

test('puts a removed run back in its place, once', () => {
  const left = without(items, 'b');
  expect(order(left)).toBe('ac');
  const back = putBack(left, item('b'), 1);
  expect(order(back)).toBe('abc');
  expect(putBack(back, item('b'), 0)).toBe(back);
  expect(order(putBack([], item('b'), 1))).toBe('b');
});

test('several seeds are the same settings, counted on', () => {
  expect(withSeeds({ ...STANDARD, seed: 4 }, 3)).toEqual([4, 5, 6].map((seed) => ({ ...STANDARD, seed })));
});
