/** Runs that wait for their turn, as there is one engine: the list, its order, and the queue at work. */
import type { TrainingSettings } from '../../../training/settings';
import type { PlannedRun } from '../../../workflow/runs';
import type { Services } from '../../state/services';

export interface RunQueue {
  /** The prompt set whose runs these are. */
  readonly setId: string;
  readonly items: readonly PlannedRun[];
  /** The next one waits until the user continues. */
  readonly paused: boolean;
}

export const emptyQueue = (setId: string): RunQueue => ({ setId, items: [], paused: false });

/** One place earlier (-1) or later (1); at the ends nothing moves. */
export function moved(items: readonly PlannedRun[], id: string, by: -1 | 1): readonly PlannedRun[] {
  const from = items.findIndex((item) => item.id === id);
  const to = from + by;
  if (from < 0 || to < 0 || to >= items.length) return items;
  const others = items.filter((item) => item.id !== id);
  return [...others.slice(0, to), ...items.slice(from, from + 1), ...others.slice(to)];
}

export const without = (items: readonly PlannedRun[], id: string): readonly PlannedRun[] =>
  items.filter((item) => item.id !== id);

/** A removed run back in its place; nothing changes if it is there again. */
export function putBack(items: readonly PlannedRun[], item: PlannedRun, place: number): readonly PlannedRun[] {
  if (items.some(({ id }) => id === item.id)) return items;
  return [...items.slice(0, place), item, ...items.slice(place)];
}

/** The same settings with each of so many seeds. */
export const withSeeds = (settings: TrainingSettings, seeds: number): readonly TrainingSettings[] =>
  Array.from({ length: Math.max(1, seeds) }, (_, i) => ({ ...settings, seed: settings.seed + i }));

/** What became of a run. `held` = it was paused or cut off: the runs behind it wait too. */
export type RunEnd = 'over' | 'held';

interface RunQueueWith {
  readonly services: Pick<Services, 'store'>;
  readonly read: () => RunQueue;
  readonly write: (queue: RunQueue) => void;
  readonly busy: () => boolean;
  /** Null = it did not even start, so it keeps waiting. `recorded` is called once the set has the run, under the item's id. */
  readonly begin: (item: PlannedRun, setId: string, recorded: () => Promise<void>) => Promise<RunEnd | null>;
  /** Ids of the runs that a set has. */
  readonly runsOf: (setId: string) => Promise<readonly string[]>;
}

export interface RunQueueAtWork {
  /** The queue of a set as it was left. */
  load(setId: string): Promise<void>;
  change(how: (items: readonly PlannedRun[]) => readonly PlannedRun[], paused?: boolean): Promise<void>;
  /** Runs what waits, until nothing does, or the user or an error holds it. */
  drain(): Promise<void>;
  isActive(): boolean;
}

const keyOf = (setId: string) => `queue:${setId}`;

/** The queue at work; a reload finds what still waits. */
export function createRunQueue({ services, read, write, busy, begin, runsOf }: RunQueueWith): RunQueueAtWork {
  const { settings } = services.store;
  let draining = false;
  /** It no longer waits, but its set does not have it yet: a reload must find it in one of the two. */
  let starting: PlannedRun | null = null;

  const change: RunQueueAtWork['change'] = async (how, paused = read().paused) => {
    const queue = { ...read(), items: how(read().items), paused };
    write(queue);
    const { items } = queue;
    // on a full disk the queue lasts as long as the tab; recording the run says that nothing is saved
    await settings
      .set(keyOf(queue.setId), starting ? { ...queue, items: [starting, ...items] } : queue)
      .catch(() => undefined);
  };

  async function runNext(): Promise<boolean> {
    const { setId, items, paused } = read();
    const [next] = items;
    if (!next || paused || busy()) return false;
    starting = next;
    await change((list) => without(list, next.id));
    const end = await begin(next, setId, async () => {
      starting = null;
      await change((list) => list);
    });
    starting = null;
    if (end === null) await change((list) => [next, ...list], true);
    if (end === 'held') await change((list) => list, true);
    return true;
  }

  return {
    load: async (setId) => {
      if (draining || read().setId === setId) return;
      const [kept, runs] = await Promise.all([settings.get<RunQueue>(keyOf(setId)), runsOf(setId)]);
      const queue = kept ?? emptyQueue(setId);
      if (!draining) write({ ...queue, items: queue.items.filter(({ id }) => !runs.includes(id)) });
    },
    change,
    isActive: () => draining,
    drain: async () => {
      if (draining) return;
      draining = true;
      try {
        while (await runNext());
      } finally {
        draining = false;
      }
    },
  };
}
