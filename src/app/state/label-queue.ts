import { createStore, type StoreApi } from 'zustand/vanilla';

/** Rows that a person labels one after another. */
export interface Labelled<R> {
  /** Empty before the start and after the end. */
  readonly rows: readonly R[];
  readonly labels: readonly string[];
  /** Of the rows from the first on; null = skipped. */
  readonly given: readonly (string | null)[];
  /** How many of the given are part of the data by now. */
  readonly kept: number;
  readonly saving: boolean;
}

export interface LabelQueue<R> extends StoreApi<Labelled<R>> {
  start(rows: readonly R[], labels: readonly string[]): void;
  give(label: string | null): void;
  /** To the row before, whose label is taken back. */
  back(): void;
  leave(): void;
}

const NONE = { rows: [], labels: [], given: [], kept: 0, saving: false };

export function labelQueue<R>(): LabelQueue<R> {
  const store = createStore<Labelled<R>>(() => NONE);
  const { setState: set } = store;
  return Object.assign(store, {
    start: (rows: readonly R[], labels: readonly string[]) => set({ ...NONE, rows, labels }),
    give: (label: string | null) =>
      set(({ rows, given }) => (given.length < rows.length ? { given: [...given, label] } : {})),
    back: () =>
      set(({ given, kept }) => ({ given: given.slice(0, -1), kept: Math.max(0, Math.min(kept, given.length - 1)) })),
    leave: () => set(NONE),
  });
}

/** The labelled rows with their labels, from a place on; without those that were skipped. */
export const labelledFrom = <R>(
  { rows, given }: Pick<Labelled<R>, 'rows' | 'given'>,
  from = 0,
): readonly (readonly [R, string])[] =>
  given.flatMap((label, i) => (label === null || i < from ? [] : [[rows[i] as R, label]]));
