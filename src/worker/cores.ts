/** When one worker ran without a pause, in milliseconds since 1970. */
export type Stretch = readonly [from: number, to: number];

const SPIN_MS = 40;
const STEP_MS = 0.25;
/** Of the time, i.e. a millisecond: shorter is jitter, and where other programs run too, not all cores are free for longer. */
const SHARE = 0.025;

/** How many workers ran at once, for a fortieth of the time from `from` to `to` at least. */
export function mostAtOnce(workers: readonly (readonly Stretch[])[], [from, to]: Stretch): number {
  const moments = Array.from({ length: Math.ceil((to - from) / STEP_MS) }, (_, i) => from + i * STEP_MS);
  const counts = moments.map((at) => workers.filter((ran) => ran.some(([a, b]) => a <= at && at <= b)).length);
  return counts.toSorted((a, b) => b - a)[Math.floor(counts.length * SHARE)] ?? 0;
}

const answer = <T>(worker: Worker): Promise<T> =>
  new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = reject;
  });

/**
 * How many of the cores that a browser reports there are, as some hide that: as many workers spin for 40 ms. Two are
 * believed, as a busy machine shows fewer than it has, and so is what cannot be measured.
 */
export async function countCores(reported: number): Promise<number> {
  if (reported <= 2) return reported;
  const workers = Array.from(
    { length: reported },
    () => new Worker(new URL('./cores.worker.ts', import.meta.url), { type: 'module', name: 'cores' }),
  );
  try {
    await Promise.all(workers.map(answer)); // each has started
    const from = performance.timeOrigin + performance.now();
    const span: Stretch = [from, from + SPIN_MS];
    for (const worker of workers) worker.postMessage(span);
    return Math.max(2, mostAtOnce(await Promise.all(workers.map(answer<readonly Stretch[]>)), span));
  } catch {
    return reported;
  } finally {
    for (const worker of workers) worker.terminate();
  }
}
