/** Runs that wait for their turn: there is one engine. Pure. */
import type { TrainingSettings } from '../../../training/settings';

export interface QueuedRun {
  readonly id: string;
  readonly settings: TrainingSettings;
  /** "standard, seed 1"; empty = it is named by its number. */
  readonly name: string;
  /** Vectors on top of the hand-written prompt. */
  readonly hybrid: boolean;
  /** Runs that were asked for together; null = alone. */
  readonly group: string | null;
}

export interface RunQueue {
  /** The set whose runs these are. */
  readonly setId: string;
  readonly items: readonly QueuedRun[];
  /** The next one waits until the user says so. */
  readonly paused: boolean;
}

export const emptyQueue = (setId: string): RunQueue => ({ setId, items: [], paused: false });

/** One place earlier (-1) or later (1); at the ends nothing moves. */
export function moved(items: readonly QueuedRun[], id: string, by: -1 | 1): readonly QueuedRun[] {
  const from = items.findIndex((item) => item.id === id);
  const to = from + by;
  if (from < 0 || to < 0 || to >= items.length) return items;
  const others = items.filter((item) => item.id !== id);
  return [...others.slice(0, to), ...items.slice(from, from + 1), ...others.slice(to)];
}

export const without = (items: readonly QueuedRun[], id: string): readonly QueuedRun[] =>
  items.filter((item) => item.id !== id);

/** What was removed, back in its place; nothing changes where it is there again. */
export function putBack(items: readonly QueuedRun[], item: QueuedRun, place: number): readonly QueuedRun[] {
  if (items.some(({ id }) => id === item.id)) return items;
  return [...items.slice(0, place), item, ...items.slice(place)];
}

/** What the parts of a group are called by: the same settings with each of so many seeds. */
export const withSeeds = (settings: TrainingSettings, seeds: number): readonly TrainingSettings[] =>
  Array.from({ length: Math.max(1, seeds) }, (_, i) => ({ ...settings, seed: settings.seed + i }));
