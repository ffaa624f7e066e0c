/** What a worker did while all of them spun: its turns, and those of its best millisecond, at the full speed of a core. */
export interface Spun {
  readonly turns: number;
  readonly best: number;
}

const SPIN_MS = 60;

/** How many cores did that work, in `ms`. The first turns are slow, before they are compiled. */
export function coresBehind(workers: readonly Spun[], ms: number): number {
  const turns = workers.reduce((sum, spun) => sum + spun.turns, 0);
  const best = Math.max(...workers.map((spun) => spun.best));
  return best > 0 ? Math.ceil(turns / (best * ms) - 0.25) : 0;
}

const answer = <T>(worker: Worker): Promise<T> =>
  new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = reject;
  });

/**
 * How many of the cores that a browser reports there are, as some hide that: as many workers spin for 60 ms. Two are
 * believed, as a busy machine lends fewer than it has, and so is what cannot be measured.
 */
export async function countCores(reported: number): Promise<number> {
  if (reported <= 2) return reported;
  const workers = Array.from(
    { length: reported },
    () => new Worker(new URL('./cores.worker.ts', import.meta.url), { type: 'module', name: 'cores' }),
  );
  try {
    await Promise.all(workers.map(answer)); // each has started
    const until = performance.timeOrigin + performance.now() + SPIN_MS;
    for (const worker of workers) worker.postMessage(until);
    const counted = coresBehind(await Promise.all(workers.map(answer<Spun>)), SPIN_MS);
    return Math.min(reported, Math.max(2, counted));
  } catch {
    return reported;
  } finally {
    for (const worker of workers) worker.terminate();
  }
}
