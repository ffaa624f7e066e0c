import { inTurn } from '../../../lib/control';
import type { TrainingSettings } from '../../../training/settings';
import type { PlannedRun } from '../../../workflow/runs';
import { ActionStore, type Studio } from '../../state/studio';

export interface WaitingRuns {
  readonly setId: string;
  readonly items: readonly PlannedRun[];
  readonly paused: boolean;
}

const noneOf = (setId: string): WaitingRuns => ({ setId, items: [], paused: false });

export function moved(items: readonly PlannedRun[], id: string, by: -1 | 1): readonly PlannedRun[] {
  const from = items.findIndex((item) => item.id === id);
  const to = from + by;
  if (from < 0 || to < 0 || to >= items.length) return items;
  const others = items.filter((item) => item.id !== id);
  return [...others.slice(0, to), ...items.slice(from, from + 1), ...others.slice(to)];
}

export const without = (items: readonly PlannedRun[], id: string): readonly PlannedRun[] =>
  items.filter((item) => item.id !== id);

export function putBack(items: readonly PlannedRun[], item: PlannedRun, place: number): readonly PlannedRun[] {
  if (items.some(({ id }) => id === item.id)) return items;
  return [...items.slice(0, place), item, ...items.slice(place)];
}

export const withSeeds = (settings: TrainingSettings, seeds: number): readonly TrainingSettings[] =>
  Array.from({ length: Math.max(1, seeds) }, (_, i) => ({ ...settings, seed: settings.seed + i }));

/** What became of a run. `held` = it was paused or cut off: the runs behind it wait too. */
export type RunEnd = 'over' | 'held';

interface Runner {
  readonly isTaken: () => boolean;
  /** Null = it did not even start, so it keeps waiting. `recorded` is called once the set has the run, under the item's id. */
  readonly begin: (item: PlannedRun, setId: string, recorded: () => Promise<void>) => Promise<RunEnd | null>;
  readonly runsOf: (setId: string) => Promise<readonly string[]>;
}

const keyOf = (setId: string) => `queue:${setId}`;

export class RunQueue extends ActionStore<WaitingRuns> {
  readonly #runner: Runner;
  /** A change is made over the one before, and shown once it is on disk. */
  readonly #turn = inTurn();
  #draining = false;
  /** It no longer waits, but its set does not have it yet: a reload must find it in one of the two. */
  #starting: PlannedRun | null = null;

  constructor(studio: Studio, runner: Runner) {
    super(studio, noneOf(''));
    this.#runner = runner;
  }

  isActive(): boolean {
    return this.#draining;
  }

  async load(setId: string): Promise<void> {
    if (this.#draining || this.getState().setId === setId) return;
    await this.#turn(async () => {
      const kept = await this.services.store.settings.get<WaitingRuns>(keyOf(setId));
      const runs = await this.#runner.runsOf(setId);
      const queue = kept ?? noneOf(setId);
      if (!this.#draining) this.set({ ...queue, items: queue.items.filter(({ id }) => !runs.includes(id)) });
    });
  }

  change(how: (items: readonly PlannedRun[]) => readonly PlannedRun[], paused?: boolean): Promise<void> {
    return this.#turn(async () => {
      const before = this.getState();
      const queue = { ...before, items: how(before.items), paused: paused ?? before.paused };
      const starting = this.#starting;
      // on a full disk the queue lasts as long as the tab; recording the run says that nothing is saved
      await this.services.store.settings
        .set(keyOf(queue.setId), starting ? { ...queue, items: [starting, ...queue.items] } : queue)
        .catch(() => undefined);
      this.set(queue);
    });
  }

  async drain(): Promise<void> {
    if (this.#draining) return;
    this.#draining = true;
    try {
      while (await this.#runNext());
    } finally {
      this.#draining = false;
    }
  }

  async #runNext(): Promise<boolean> {
    const { setId, items, paused } = this.getState();
    const [next] = items;
    if (!next || paused || this.#runner.isTaken()) return false;
    this.#starting = next;
    await this.change((list) => without(list, next.id));
    const end = await this.#runner.begin(next, setId, async () => {
      this.#starting = null;
      await this.change((list) => list);
    });
    this.#starting = null;
    if (end === null) await this.change((list) => [next, ...list], true);
    if (end === 'held') await this.change((list) => list, true);
    return true;
  }
}
