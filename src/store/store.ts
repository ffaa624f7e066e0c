import { StudioError } from '../lib/errors';
import { kept, withKind } from '../project/evaluations';
import type { Listing } from '../project/listing';
import type { Evaluation, Measurement, PromptSet, RunCheckpoint, StoredDataset } from '../project/types';
import type { Backend } from './backend';
import { guarded } from './guard';
import { type IndexedDbOptions, openIndexedDb } from './indexed-db';
import { claim, isHeld, withLock } from './locks';
import { memoryBackend } from './memory';
import type { SetAside } from './schema';

export type { SetAside } from './schema';

/** A change that another tab has made. */
interface RemoteChange {
  readonly table: 'promptSets' | 'datasets' | 'evaluations' | 'measurements';
  readonly setId: string;
}

/** Everything that is kept. Methods throw StudioError `store-blocked`, `store-full` or `store-failed`. */
export interface Store {
  /** False where the browser lets the page save nothing: work lasts until the tab is closed. */
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
    /** Changes the set as it is stored now, whichever tab wrote it last. Null when it is gone. */
    update(id: string, change: (set: PromptSet) => PromptSet): Promise<PromptSet | null>;
    /** For good, with its rows, checkpoints and comparisons. */
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
    /** Of both kinds, newest first. */
    ofSet(setId: string): Promise<readonly Evaluation[]>;
    put(value: Evaluation): Promise<void>;
  };
  readonly measurements: {
    /** Oldest first. */
    ofSet(setId: string): Promise<readonly Measurement[]>;
    put(value: Measurement): Promise<void>;
    remove(value: Measurement): Promise<void>;
  };
  readonly settings: {
    get<T>(key: string): Promise<T | null>;
    set(key: string, value: unknown): Promise<void>;
  };
  /** Values that were damaged: kept as they were found, out of the way of the others. */
  readonly setAside: {
    list(): Promise<readonly SetAside[]>;
    clear(): Promise<void>;
    /** Looks at what is kept, one value at a time, and sets aside what is damaged. Never throws. */
    inspect(): Promise<void>;
    /** Called for each value that turns out to be damaged, also while it is read; returns how to stop listening. */
    onFound(listener: (found: SetAside) => void): () => void;
  };
  /** Only one tab at a time may run or resume a run; null when another has it. */
  claimRun(runId: string): Promise<{ release(): void } | null>;
  /** Whether any tab, this one too, has claimed a run. */
  runsUnderWay(): Promise<boolean>;
  /** Runs `work` while no other tab works on the set in this way. */
  alone<T>(setId: string, work: () => Promise<T>): Promise<T>;
  /** Called when what was kept is gone, or may be, while the page is open; returns how to stop listening. */
  onCleared(listener: (error: StudioError) => void): () => void;
  /** Called for what other tabs change; returns how to stop listening. */
  onRemoteChange(listener: (change: RemoteChange) => void): () => void;
  /** Asks the browser not to evict what is kept. True when it promised. */
  persist(): Promise<boolean>;
  /** Whether it has promised. */
  persisted(): Promise<boolean>;
  /** Bytes used and granted, where the browser says. */
  estimate(): Promise<{ readonly used: number; readonly quota: number } | null>;
  dispose(): void;
}

/**
 * Opens what is kept. Where the browser forbids it, a store that forgets comes back and `onTrouble` is told why: the page
 * must stay usable.
 */
export async function openStore(options: IndexedDbOptions = {}): Promise<Store> {
  const cleared = new Set<(error: StudioError) => void>();
  const onCleared = (error: StudioError) => cleared.forEach((listener) => void listener(error));
  try {
    return createStore(await openIndexedDb({ ...options, onCleared }), true, options.name, cleared);
  } catch (error) {
    if (!(error instanceof StudioError)) throw error;
    options.onTrouble?.(error);
    return createStore(memoryBackend(), false);
  }
}

/** A store that lasts as long as the tab; for tests and for browsers that keep nothing. */
export const openMemoryStore = (): Store => createStore(memoryBackend(), false);

/** ISO times in plain order: thousands of them are compared. */
const newestChange = (a: { readonly updatedAt: string }, b: { readonly updatedAt: string }): number =>
  a.updatedAt < b.updatedAt ? 1 : a.updatedAt > b.updatedAt ? -1 : 0;

function createStore(
  bare: Backend,
  durable: boolean,
  name = 'softprompt-studio',
  cleared = new Set<(error: StudioError) => void>(),
): Store {
  const finders = new Set<(found: SetAside) => void>();
  const backend = guarded(bare, (found) => finders.forEach((listener) => void listener(found)));
  const channel = durable && typeof BroadcastChannel !== 'undefined' ? new BroadcastChannel(`${name}:changes`) : null;
  const listeners = new Set<(change: RemoteChange) => void>();
  if (channel) channel.onmessage = (event) => listeners.forEach((l) => void l(event.data as RemoteChange));
  const tell = (table: RemoteChange['table'], setId: string) => channel?.postMessage({ table, setId });

  return {
    durable,
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
    checkpoints: {
      get: async (runId) => (await backend.get('checkpoints', runId)) ?? null,
      put: (value) => backend.put('checkpoints', value),
      remove: (runId) => backend.remove('checkpoints', runId),
      ofSet: (setId) => backend.bySet('checkpoints', setId),
    },
    evaluations: {
      ofSet: async (setId) => {
        const [classified, generated] = await Promise.all([
          backend.bySet('evaluations', setId),
          backend.bySet('writings', setId),
        ]);
        const all: Evaluation[] = [
          ...classified.map((value) => withKind(value, 'classify')),
          ...generated.map((value) => withKind(value, 'generate')),
        ];
        return all.sort((a, b) => b.createdAt.localeCompare(a.createdAt));
      },
      put: async (value) => {
        if (value.kind === 'classify') await backend.put('evaluations', kept(value));
        else await backend.put('writings', kept(value));
        tell('evaluations', value.setId);
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
    settings: {
      get: async <T>(key: string) => ((await backend.get('settings', key))?.value as T | undefined) ?? null,
      set: (key, value) => backend.put('settings', { key, value }),
    },
    setAside: {
      list: async () => (await backend.list('quarantine')).sort((a, b) => a.at.localeCompare(b.at)),
      clear: async () => {
        for (const key of await backend.keys('quarantine')) await backend.remove('quarantine', key);
      },
      inspect: () => backend.inspect(),
      onFound: (listener) => {
        finders.add(listener);
        return () => finders.delete(listener);
      },
    },
    claimRun: (runId) => claim(`${name}:run:${runId}`),
    runsUnderWay: () => isHeld(`${name}:run:`),
    alone: (setId, work) => withLock(`${name}:set:${setId}`, work),
    onCleared: (listener) => {
      cleared.add(listener);
      return () => cleared.delete(listener);
    },
    onRemoteChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
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
    dispose: () => {
      channel?.close();
      listeners.clear();
      finders.clear();
      cleared.clear();
      backend.dispose();
    },
  };
}
