/** The page and the network: offline use, the new version that waits, and the requests that left for other sites. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { Kept, RuntimeName, ToWorker } from '../../offline/rules';
import type { Store } from '../../store/store';
import { toastError, toasts } from '../ui/toast';
import { until } from './resource';
import type { SessionState } from './session-state';
import type { SessionStore } from './session-store';

export interface OfflineState {
  /** `off`: this browser or address has no service workers; `failed`: no space, or the connection was lost. */
  readonly status: 'off' | 'preparing' | 'ready' | 'failed';
  readonly update: boolean;
  /** Keeps the page and the runtime that the model runs on; later calls keep what is new. */
  readonly prepare: () => Promise<void>;
  /** Lets the new version take over and opens the page again, unless a run is active in some tab. */
  readonly takeUpdate: () => Promise<void>;
}

/** Beside the page, so that its scope is the page's folder. */
const address = () => new URL('service-worker.js', document.baseURI);

/** Null in development, where files change under their names, and where there is no secure context. */
export const serviceWorkers = (): ServiceWorkerContainer | null =>
  import.meta.env.PROD ? (navigator.serviceWorker ?? null) : null;

export const registerWorker = (workers: ServiceWorkerContainer): Promise<ServiceWorkerRegistration> =>
  workers.register(address(), { updateViaCache: 'none' });

const say = (worker: ServiceWorker | null, message: ToWorker, transfer: Transferable[] = []) =>
  worker?.postMessage(message, transfer);

function keepRuntimes({ active }: ServiceWorkerRegistration, runtimes: readonly RuntimeName[]): Promise<Kept> {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    port1.onmessage = ({ data }: MessageEvent<Kept>) => resolve(data);
    say(active, { kind: 'keep', runtimes }, [port2]);
  });
}

/** Calls back once a version waits that is not the one this page runs. */
function onWaiting(registration: ServiceWorkerRegistration, call: () => void): void {
  const look = () => registration.waiting && registration.active && call();
  look();
  registration.addEventListener('updatefound', () => registration.installing?.addEventListener('statechange', look));
}

/** What the loaded model runs on; WebAssembly too where that is a graphics device, in case the device computes wrongly. */
function runtimesOf({ model }: SessionState): readonly RuntimeName[] {
  if (model.kind !== 'ready') return [];
  return model.info.backend === 'webgpu' ? ['wasm', 'webgpu'] : ['wasm'];
}

/** Offers the new version when nothing runs: at once, or when the job that runs has ended. */
function offer(session: SessionStore, takeUpdate: () => Promise<void>): void {
  void until(session, ({ job }) => job === null).then(() =>
    toasts.add({
      title: 'A new version of the studio is available',
      detail: 'Your work is saved; the page reopens where you are.',
      action: { label: 'Reload', run: () => void takeUpdate() },
    }),
  );
}

export function createOfflineStore(
  session: SessionStore,
  disk: Pick<Store, 'runsUnderWay'>,
  workers = serviceWorkers(),
) {
  let registration: ServiceWorkerRegistration | null = null;

  return createStore<OfflineState>((set, get) => {
    // another model may run on the other runtime
    session.subscribe(({ model }, before) => {
      if (registration && model !== before.model && model.kind === 'ready') void get().prepare();
    });

    return {
      status: workers ? 'preparing' : 'off',
      update: false,
      prepare: async () => {
        if (!workers) return;
        try {
          if (!registration) {
            registration = await registerWorker(workers);
            onWaiting(registration, () => {
              if (get().update) return;
              set({ update: true });
              offer(session, get().takeUpdate);
            });
          }
          const { ok } = await keepRuntimes(await workers.ready, runtimesOf(session.getState()));
          set({ status: ok ? 'ready' : 'failed' });
        } catch {
          set({ status: 'failed' });
        }
      },
      takeUpdate: async () => {
        const waiting = registration?.waiting ?? null;
        if (!workers || !waiting) return;
        if (session.getState().job || (await disk.runsUnderWay())) {
          toastError(
            'The new version must wait',
            'A run is active, here or in another tab. Reload when it has ended; the new version then loads, or is offered again.',
          );
          return;
        }
        workers.addEventListener('controllerchange', () => location.reload(), { once: true });
        say(waiting, { kind: 'take-over' });
      },
    };
  });
}

/** One request that left for another origin, or was stopped by the page's policy. */
export interface RequestEntry {
  readonly url: string;
  readonly at: string;
  readonly bytes: number | null;
  readonly blocked: boolean;
}

export interface RequestsState {
  readonly entries: readonly RequestEntry[];
}

export function leavesSite(url: string, origin: string): boolean {
  try {
    const { protocol, origin: target } = new URL(url);
    return /^(?:https?|wss?):$/.test(protocol) && target !== origin;
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
