/**
 * Work on the latest of what comes, one at a time: what comes while one is being worked on replaces what waits. For
 * values that come faster than they can be saved.
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
    /** Resolves when nothing waits any more. */
    settled: async (): Promise<void> => void (await busy),
  };
}
