/** Locks between tabs, for work longer than one transaction: two tabs must never continue the same training run. */

/** Runs `work` while no other tab runs anything under the same name; waits for its turn. */
export function withLock<T>(name: string, work: () => Promise<T>): Promise<T> {
  if (typeof navigator === 'undefined' || !navigator.locks) return work();
  return navigator.locks.request(`softprompt:${name}`, work) as Promise<T>;
}

/** A closed tab releases its locks a moment later. */
const PATIENCE_MS = 1500;

/** Takes a lock until `release` is called or the tab is closed; null when another tab keeps it. */
export function claim(name: string): Promise<{ release(): void } | null> {
  if (typeof navigator === 'undefined' || !navigator.locks) return Promise.resolve({ release: () => undefined });
  const signal = AbortSignal.timeout(PATIENCE_MS);
  return new Promise((resolve, reject) => {
    navigator.locks
      .request(`softprompt:${name}`, { signal }, () => new Promise<void>((release) => resolve({ release })))
      .catch((cause: unknown) => (signal.aborted ? resolve(null) : reject(cause)));
  });
}

/** Whether any tab holds a lock whose name starts with `prefix`. */
export async function isHeld(prefix: string): Promise<boolean> {
  if (typeof navigator === 'undefined' || !navigator.locks) return false;
  const { held = [] } = await navigator.locks.query();
  return held.some(({ name }) => name?.startsWith(`softprompt:${prefix}`));
}
