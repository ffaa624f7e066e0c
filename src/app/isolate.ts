/**
 * Threads need cross-origin isolation, which a host grants by two headers. Where it cannot send them our service worker
 * does, from the second load on: so the first visit loads once more, and never twice.
 */
import { registerWorker, serviceWorkers } from './state/offline';

const TRIED = 'softprompt:isolating';
/** Longer than this and the page begins without threads; its next visit has them. */
const PATIENCE_MS = 8000;

/** Session storage may be forbidden: then nothing could stop a loop, so nothing begins one. */
function once(): boolean {
  try {
    if (sessionStorage.getItem(TRIED) !== null) return false;
    sessionStorage.setItem(TRIED, 'yes');
    return true;
  } catch {
    return false;
  }
}

const forget = () => {
  try {
    sessionStorage.removeItem(TRIED);
  } catch {
    // Nothing kept, nothing to forget.
  }
};

/** Becomes true when the page is being loaded again: then nothing else should begin. */
export async function isolate(
  workers = serviceWorkers(),
  isIsolated = globalThis.crossOriginIsolated,
  reload = () => location.reload(),
): Promise<boolean> {
  if (isIsolated) {
    forget();
    return false;
  }
  if (!workers || !once()) return false;
  const late = new Promise<null>((resolve) => setTimeout(() => resolve(null), PATIENCE_MS));
  const active = registerWorker(workers).then(() => workers.ready);
  const registration = await Promise.race([active, late]).catch(() => null);
  if (!registration) return false;
  reload();
  return true;
}
