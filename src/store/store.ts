import { StudioError } from '../lib/errors';
import type { Answers } from '../prompt-set/answers';
import type { Listing } from '../prompt-set/listing';
import type { Evaluation, PromptSet, RunCheckpoint, StoredDataset } from '../prompt-set/types';
import { forgetAnswers } from './answers';
import { claim, isHeld, memoryBackend, withLock } from './browser';
import { type Guarded, guarded } from './guard';
import { type IndexedDbOptions, openIndexedDb } from './indexed-db';
import type { Backend, SetAside } from './schema';

export type { SetAside } from './schema';

interface RemoteChange {
  readonly table: 'promptSets' | 'datasets' | 'evaluations' | 'measurements';
  readonly setId: string;
}

/** Everything that is stored. Methods throw StudioError `store-blocked`, `store-full` or `store-failed`. */
export interface Store {
  /** False where the browser does not let the page save anything: work lasts until the tab is closed. */
  readonly durable: boolean;
  /** What lists show of the sets, without rows and vectors. */
  readonly listings: {
    /** Deleted ones included; newest change first. */
    list(): Promise<readonly Listing[]>;
  };
  readonly sets: {
    /** Deleted ones included; newest change first. */
    list(): Promise<readonly PromptSet[]>;
    get(id: string): Promise<PromptSet | null>;
    put(set: PromptSet): Promise<void>;
    /** Changes the stored set, whichever tab wrote it last. Null where there is none. */
    update(id: string, change: (set: PromptSet) => PromptSet): Promise<PromptSet | null>;
    /** Deletes it for good, with its rows, checkpoints and comparisons. */
    remove(id: string): Promise<void>;
  };
  readonly datasets: {
    get(setId: string): Promise<StoredDataset | null>;
    put(value: StoredDataset): Promise<void>;
  };
  readonly checkpoints: {
    get(runId: string): Promise<RunCheckpoint | null>;
    put(value: RunCheckpoint): Promise<void>;
    remove(runId: string): Promise<void>;
    ofSet(setId: string): Promise<readonly RunCheckpoint[]>;
  };
  readonly evaluations: {
    /** Newest first. */
    ofSet(setId: string): Promise<readonly Evaluation[]>;
    put(value: Evaluation): Promise<void>;
    /** Changes the stored comparison, whichever tab wrote it last; where there is none, the one that is given. */
    update<E extends Evaluation>(of: E, change: (before: E) => E): Promise<E>;
  };
  readonly measurements: {
    /** Oldest first. */
    ofSet(setId: string): Promise<readonly Answers[]>;
    put(value: Answers): Promise<void>;
    remove(value: Answers): Promise<void>;
  };
  readonly settings: {
    get<T>(key: string): Promise<T | null>;
    set(key: string, value: unknown): Promise<void>;
  };
  /** Damaged values, kept as they were found. */
  readonly setAside: {
    list(): Promise<readonly SetAside[]>;
    clear(): Promise<void>;
    /** Checks everything that is stored, one value at a time, and sets damaged values aside. Never throws. */
    inspect(): Promise<void>;
    /** Called for each damaged value, also when a read finds it; returns how to stop listening. */
    onFound(listener: (found: SetAside) => void): () => void;
  };
  /** Lets one tab at a time train or resume a run; null when another tab has it. */
  claimRun(runId: string): Promise<{ release(): void } | null>;
  /** Whether any tab, this one included, has claimed a run. */
  runsUnderWay(): Promise<boolean>;
  /** Runs `work` while no other tab runs such work on the set. */
  alone<T>(setId: string, work: () => Promise<T>): Promise<T>;
  /** Called when the stored data is gone or may be gone while the page is open; returns how to stop listening. */
  onCleared(listener: (error: StudioError) => void): () => void;
  /** Called for changes by other tabs; returns how to stop listening. */
  onRemoteChange(listener: (change: RemoteChange) => void): () => void;
  /** Asks the browser to protect the data from clean-up. True when it agreed. */
  persist(): Promise<boolean>;
  /** Whether the browser protects the data. */
  persisted(): Promise<boolean>;
  /** Bytes used and available, where the browser says. */
  estimate(): Promise<{ readonly used: number; readonly quota: number } | null>;
  dispose(): void;
}

/** Opens the browser's database; where storage is forbidden it lasts as long as the tab, and `onTrouble` hears why. */
export async function openStore(options: IndexedDbOptions = {}): Promise<Store> {
  const cleared = listenersOf<StudioError>();
  try {
    return createStore(await openIndexedDb({ ...options, onCleared: cleared.call }), true, options.name, cleared);
  } catch (error) {
    if (!(error instanceof StudioError)) throw error;
    options.onTrouble?.(error);
    return createStore(memoryBackend(), false);
  }
}

/** A store that lasts as long as the tab; for tests, and for browsers that save nothing. */
export const openMemoryStore = (): Store => createStore(memoryBackend(), false);

interface Listeners<T> {
  readonly add: (listener: (value: T) => void) => () => void;
  readonly call: (value: T) => void;
  readonly clear: () => void;
}

function listenersOf<T>(): Listeners<T> {
  const all = new Set<(value: T) => void>();
  return {
    add: (listener) => {
      all.add(listener);
      return () => all.delete(listener);
    },
    call: (value) => all.forEach((listener) => void listener(value)),
    clear: () => all.clear(),
  };
}

function createStore(
  bare: Backend,
  durable: boolean,
  name = 'softprompt',
  cleared = listenersOf<StudioError>(),
): Store {
  const found = listenersOf<SetAside>();
  const remote = listenersOf<RemoteChange>();
  const backend = guarded(bare, found.call);
  const channel = durable && typeof BroadcastChannel !== 'undefined' ? new BroadcastChannel(`${name}:changes`) : null;
  if (channel) channel.onmessage = (event) => remote.call(event.data as RemoteChange);
  const tell: Tell = (table, setId) => channel?.postMessage({ table, setId });
  return {
    durable,
    ...setTables(backend, tell),
    ...resultTables(backend, tell),
    ...browserStorage(durable),
    setAside: {
      list: async () => (await backend.list('quarantine')).sort((a, b) => a.at.localeCompare(b.at)),
      clear: async () => {
        for (const key of await backend.keys('quarantine')) await backend.remove('quarantine', key);
      },
      inspect: () => backend.inspect(),
      onFound: found.add,
    },
    claimRun: (runId) => claim(`${name}:run:${runId}`),
    runsUnderWay: () => isHeld(`${name}:run:`),
    alone: (setId, work) => withLock(`${name}:set:${setId}`, work),
    onCleared: cleared.add,
    onRemoteChange: remote.add,
    dispose: () => {
      channel?.close();
      for (const listeners of [remote, found, cleared]) listeners.clear();
      backend.dispose();
    },
  };
}

type Tell = (table: RemoteChange['table'], setId: string) => void;

/** ISO times compared as text: there may be thousands. */
const newestChange = (a: { readonly updatedAt: string }, b: { readonly updatedAt: string }): number =>
  a.updatedAt < b.updatedAt ? 1 : a.updatedAt > b.updatedAt ? -1 : 0;

const setTables = (backend: Guarded, tell: Tell): Pick<Store, 'listings' | 'sets' | 'datasets' | 'settings'> => ({
  listings: { list: async () => (await backend.list('listings')).sort(newestChange) },
  sets: {
    list: async () => (await backend.list('promptSets')).sort(newestChange),
    get: async (id) => (await backend.get('promptSets', id)) ?? null,
    put: async (set) => {
      await backend.put('promptSets', set);
      tell('promptSets', set.id);
    },
    update: async (id, change) => {
      const next = await backend.update('promptSets', id, (set) => set && change(set));
      if (next) tell('promptSets', id);
      return next ?? null;
    },
    remove: async (id) => {
      await backend.removeSet(id);
      await forgetAnswers();
      tell('promptSets', id);
    },
  },
  datasets: {
    get: async (setId) => (await backend.get('datasets', setId)) ?? null,
    put: async (value) => {
      await backend.put('datasets', value);
      tell('datasets', value.setId);
    },
  },
  settings: {
    get: async <T>(key: string) => ((await backend.get('settings', key))?.value as T | undefined) ?? null,
    set: (key, value) => backend.put('settings', { key, value }),
  },
});

const resultTables = (backend: Guarded, tell: Tell): Pick<Store, 'checkpoints' | 'evaluations' | 'measurements'> => ({
  checkpoints: {
    get: async (runId) => (await backend.get('checkpoints', runId)) ?? null,
    put: (value) => backend.put('checkpoints', value),
    remove: (runId) => backend.remove('checkpoints', runId),
    ofSet: (setId) => backend.bySet('checkpoints', setId),
  },
  evaluations: {
    ofSet: async (setId) =>
      (await backend.bySet('evaluations', setId)).sort((a, b) => b.createdAt.localeCompare(a.createdAt)),
    put: async (value) => {
      await backend.put('evaluations', value);
      tell('evaluations', value.setId);
    },
    update: async (of, change) => {
      let next = of;
      await backend.update('evaluations', of.id, (stored) => {
        next = change((stored as typeof of | undefined) ?? of);
        return next;
      });
      tell('evaluations', of.setId);
      return next;
    },
  },
  measurements: {
    ofSet: async (setId) =>
      (await backend.bySet('measurements', setId)).sort((a, b) => a.createdAt.localeCompare(b.createdAt)),
    put: async (value) => {
      await backend.put('measurements', value);
      tell('measurements', value.setId);
    },
    remove: async ({ id, setId }) => {
      await backend.remove('measurements', id);
      tell('measurements', setId);
    },
  },
});

const browserStorage = (durable: boolean): Pick<Store, 'persist' | 'persisted' | 'estimate'> => ({
  persist: async () => {
    if (!durable || !navigator.storage?.persist) return false;
    return navigator.storage.persist().catch(() => false);
  },
  persisted: async () => {
    if (!durable || !navigator.storage?.persisted) return false;
    return navigator.storage.persisted().catch(() => false);
  },
  estimate: async () => {
    if (!durable || !navigator.storage?.estimate) return null;
    const { usage, quota } = await navigator.storage.estimate().catch(() => ({}) as StorageEstimate);
    return usage === undefined || quota === undefined ? null : { used: usage, quota };
  },
});
