import { createStore, type StoreApi } from 'zustand/vanilla';

/** One request that left for another origin, or was stopped by the page's policy. */
export interface RequestEntry {
  readonly url: string;
  /** ISO time. */
  readonly at: string;
  readonly bytes: number | null;
  readonly blocked: boolean;
}

export interface RequestsState {
  readonly entries: readonly RequestEntry[];
}

/** Is the address one that leaves this site? `blob:` and `data:` never leave the page. */
export function leavesSite(url: string, origin: string): boolean {
  try {
    const { protocol, origin: target } = new URL(url);
    return (
      (protocol === 'http:' || protocol === 'https:' || protocol === 'ws:' || protocol === 'wss:') && target !== origin
    );
  } catch {
    return false;
  }
}

/**
 * The measured request log: what the browser's own resource timing lists for other origins, and what the
 * Content-Security-Policy has stopped. The browser measures it; nothing in the app reports to it.
 */
export function createRequestLog(): StoreApi<RequestsState> {
  const store = createStore<RequestsState>(() => ({ entries: [] }));
  const add = (found: readonly RequestEntry[]) => {
    if (found.length > 0) store.setState(({ entries }) => ({ entries: [...entries, ...found] }));
  };
  new PerformanceObserver((list) =>
    add(
      list
        .getEntries()
        .filter(({ name }) => leavesSite(name, location.origin))
        .map((entry) => ({
          url: entry.name,
          at: new Date(performance.timeOrigin + entry.startTime).toISOString(),
          bytes: (entry as PerformanceResourceTiming).transferSize || null,
          blocked: false,
        })),
    ),
  ).observe({ type: 'resource', buffered: true });
  document.addEventListener('securitypolicyviolation', ({ blockedURI }) => {
    if (leavesSite(blockedURI, location.origin))
      add([{ url: blockedURI, at: new Date().toISOString(), bytes: null, blocked: true }]);
  });
  return store;
}
