import { expect, it } from 'vitest';
import { openMemoryStore } from '../../../store/store';
import { STANDARD } from '../../../training/settings';
import type { PlannedRun } from '../../../workflow/runs';
import { createRunQueue, emptyQueue, type RunEnd } from './run-queue';

const item = (id: string): PlannedRun => ({ id, settings: STANDARD, name: '', hybrid: false, group: null });

/** A page that keeps its queue in `store`; a run that begins waits for the test. */
function page(store = openMemoryStore()) {
  let queue = emptyQueue('');
  const runs: string[] = [];
  let record = async () => {};
  let end: (how: RunEnd | null) => void = () => {};
  const made = createRunQueue({
    services: { store },
    read: () => queue,
    write: (next) => {
      queue = next;
    },
    busy: () => false,
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
    waiting: () => queue.items.map(({ id }) => id),
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
