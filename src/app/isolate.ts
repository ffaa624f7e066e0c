/**
 * Threads need cross-origin isolation, which a host grants by two headers. Where it cannot send them our service worker
 * does, from the second load on: so the first visit loads once more, and never twice.
 */
import { registerWorker, serviceWorkers } from './state/offline';

const TRIED = 'softprompt:isolating';
/** After this long the page starts without threads; the next visit has them. */
const PATIENCE_MS = 8000;

/** Where session storage is forbidden, nothing could stop a loop of reloads: then none is started. */
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

/** True when the page is about to load again: nothing else should start then. */
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
