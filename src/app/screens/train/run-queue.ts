/** The queue at work: takes one run after another, and remembers over a reload what still waits. */
import type { Services } from '../../state/services';
import { emptyQueue, type QueuedRun, type RunQueue } from './queue';

/** What became of a run. `held` = it was paused or cut off: what waits behind it waits too. */
export type RunEnd = 'over' | 'held';

interface RunQueueWith {
  readonly services: Pick<Services, 'store'>;
  readonly read: () => RunQueue;
  readonly write: (queue: RunQueue) => void;
  readonly busy: () => boolean;
  /** Null = it was not even begun, so it goes on waiting. `recorded` is called once the set has the run, under the item's id. */
  readonly begin: (item: QueuedRun, setId: string, recorded: () => Promise<void>) => Promise<RunEnd | null>;
  /** Ids of the runs that a set has. */
  readonly runsOf: (setId: string) => Promise<readonly string[]>;
}

export interface RunQueueAtWork {
  /** The queue of a set as it was left. */
  load(setId: string): Promise<void>;
  change(how: (items: readonly QueuedRun[]) => readonly QueuedRun[], paused?: boolean): Promise<void>;
  /** Runs what waits, until nothing does, or the user or trouble holds it. */
  drain(): Promise<void>;
}

const keyOf = (setId: string) => `queue:${setId}`;

export function createRunQueue({ services, read, write, busy, begin, runsOf }: RunQueueWith): RunQueueAtWork {
  const { settings } = services.store;
  let draining = false;
  /** It waits no more, but is not in its set yet: a reload must find it in one of the two. */
  let starting: QueuedRun | null = null;

  const change: RunQueueAtWork['change'] = async (how, paused = read().paused) => {
    const queue = { ...read(), items: how(read().items), paused };
    write(queue);
    const { items } = queue;
    // on a full disk the queue lasts as long as the tab; that nothing is saved is said when the run is recorded
    await settings
      .set(keyOf(queue.setId), starting ? { ...queue, items: [starting, ...items] } : queue)
      .catch(() => undefined);
  };

  return {
    load: async (setId) => {
      if (draining || read().setId === setId) return;
      const [kept, runs] = await Promise.all([settings.get<RunQueue>(keyOf(setId)), runsOf(setId)]);
      const queue = kept ?? emptyQueue(setId);
      if (!draining) write({ ...queue, items: queue.items.filter(({ id }) => !runs.includes(id)) });
    },
    change,
    drain: async () => {
      if (draining) return;
      draining = true;
      try {
        for (;;) {
          const { setId, items, paused } = read();
          const [next] = items;
          if (!next || paused || busy()) return;
          starting = next;
          await change((list) => list.filter(({ id }) => id !== next.id));
          const end = await begin(next, setId, async () => {
            starting = null;
            await change((list) => list);
          });
          starting = null;
          if (end === null) await change((list) => [next, ...list], true);
          if (end === 'held') await change((list) => list, true);
        }
      } finally {
        draining = false;
      }
    },
  };
}
