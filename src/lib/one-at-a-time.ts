/**
 * Processes one item at a time, always the latest: an item that arrives during work replaces the waiting one. For values that
 * arrive faster than they can be saved.
 * @param work must not reject
 */
export function oneAtATime<T>(work: (item: T) => Promise<void>) {
  let waiting: { readonly item: T } | null = null;
  let busy: Promise<void> | null = null;

  async function workOff(): Promise<void> {
    for (let next = waiting; next; next = waiting) {
      waiting = null;
      await work(next.item);
    }
    busy = null;
  }

  return {
    put(item: T): void {
      waiting = { item };
      busy ??= workOff();
    },
    /** Resolves when nothing is left to do. */
    settled: async (): Promise<void> => void (await busy),
  };
}
