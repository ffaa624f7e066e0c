import { expect, it, test } from 'vitest';
import { openMemoryStore } from '../../../store/store';
import { STANDARD } from '../../../training/settings';
import type { PlannedRun } from '../../../workflow/runs';
import type { Studio } from '../../state/studio';
import { moved, putBack, type RunEnd, RunQueue, without, withSeeds } from './run-queue';

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

/** A page that keeps its queue in `store`; a run that begins waits for the test. */
function page(store = openMemoryStore()) {
  const runs: string[] = [];
  let record = async () => {};
  let end: (how: RunEnd | null) => void = () => {};
  const made = new RunQueue({ services: { store } } as Studio, {
    isTaken: () => false,
    begin: (next, _set, recorded) => {
      record = async () => {
        runs.push(next.id);
        await recorded();
      };
      return new Promise((resolve) => {
        end = resolve;
      });
    },
    runsOf: async () => runs,
  });
  return {
    store,
    made,
    runs,
    waiting: () => made.getState().items.map(({ id }) => id),
    record: () => record(),
    end: () => end('over'),
  };
}

/** What a page that opens now would find. */
async function found({ store, runs }: ReturnType<typeof page>): Promise<readonly string[]> {
  const later = page(store);
  later.runs.push(...runs);
  await later.made.load('set');
  return later.waiting();
}

it('a run that is about to begin is found by a reload: in the queue, or in its set, never in both', async () => {
  const one = page();
  await one.made.load('set');
  await one.made.change(() => [item('a'), item('b')]);
  const drained = one.made.drain();
  await expect.poll(one.waiting).toEqual(['b']);
  expect(await found(one)).toEqual(['a', 'b']);
  await one.made.change((list) => [...list, item('c')]);
  expect(await found(one)).toEqual(['a', 'b', 'c']);
  // cut off between the two writes
  one.runs.push('a');
  expect(await found(one)).toEqual(['b', 'c']);
  one.runs.pop();
  await one.record();
  expect(await found(one)).toEqual(['b', 'c']);
  one.end();
  await expect.poll(one.waiting).toEqual(['c']);
  await one.made.change(() => [], true);
  one.end();
  await drained;
});

it('a full disk keeps no run from beginning', async () => {
  const store = openMemoryStore();
  const one = page({ ...store, settings: { ...store.settings, set: () => Promise.reject(new Error('full')) } });
  await one.made.load('set');
  await one.made.change(() => [item('a')]);
  const drained = one.made.drain();
  await expect.poll(one.waiting).toEqual([]);
  await one.record();
  expect(one.runs).toEqual(['a']);
  one.end();
  await drained;
});
