/**
 * One writer at a time. IndexedDB already makes each change whole; these locks are for what takes longer than one
 * transaction: a training run, of which two tabs must never resume the same one.
 */

/** Runs `work` while no other tab runs anything under the same name; waits its turn. */
export function withLock<T>(name: string, work: () => Promise<T>): Promise<T> {
  if (typeof navigator === 'undefined' || !navigator.locks) return work();
  return navigator.locks.request(`softprompt:${name}`, work) as Promise<T>;
}

/** A tab that was closed lets go of its locks a moment later. */
const PATIENCE_MS = 1500;

/** Takes a lock until `release` is called or the tab is gone; null when another tab holds it, and goes on holding it. */
export function claim(name: string): Promise<{ release(): void } | null> {
  if (typeof navigator === 'undefined' || !navigator.locks) return Promise.resolve({ release: () => undefined });
  const signal = AbortSignal.timeout(PATIENCE_MS);
  return new Promise((resolve, reject) => {
    navigator.locks
      .request(`softprompt:${name}`, { signal }, () => new Promise<void>((release) => resolve({ release })))
      .catch((cause: unknown) => (signal.aborted ? resolve(null) : reject(cause)));
  });
}

/** Whether some tab holds a lock whose name begins so. */
export async function isHeld(beginning: string): Promise<boolean> {
  if (typeof navigator === 'undefined' || !navigator.locks) return false;
  const { held = [] } = await navigator.locks.query();
  return held.some(({ name }) => name?.startsWith(`softprompt:${beginning}`));
}
