/** What a browser does to a store: its failures as sentences, locks between its tabs, and memory where it saves nothing. */
import { StudioError } from '../lib/errors';
import {
  type Backend,
  isListed,
  isOfSet,
  listedId,
  OF_SET,
  relisted,
  TABLES,
  type TableName,
  type ValueOf,
} from './schema';

const NAMES_OF_FULL = new Set(['QuotaExceededError', 'NS_ERROR_DOM_QUOTA_REACHED']);

/** A browser's storage error as a sentence: what happened, and what to do. */
export function storeError(error: unknown, doing: string): StudioError {
  if (error instanceof StudioError) return error;
  const name = error instanceof Error || error instanceof DOMException ? error.name : '';
  if (NAMES_OF_FULL.has(name))
    return new StudioError(
      'store-full',
      `The browser has no room left for ${doing}. Everything saved before is still there, and what is on the screen stays until you close this tab. Free some disk space, or export a prompt set in the Library, delete it and empty “Deleted”; then try again.`,
      { cause: error },
    );
  if (name === 'SecurityError' || name === 'InvalidAccessError')
    return new StudioError('store-blocked', BLOCKED, { cause: error });
  if (name === 'InvalidStateError' || name === 'AbortError')
    return new StudioError(
      'store-failed',
      `The browser closed its storage during ${doing}, perhaps because site data was cleared or the disk is full. Nothing on the screen is lost: export what you want to be sure of, then reload the page.`,
      { cause: error },
    );
  if (name === 'VersionError')
    return new StudioError(
      'store-blocked',
      'Your saved work was written by a newer version of Softprompt Studio. Close all its tabs and reload to get that version. Nothing was changed.',
      { cause: error },
    );
  return new StudioError(
    'store-failed',
    `The browser could not finish ${doing} (${error instanceof Error ? error.message : String(error)}). Everything saved before is still there. Try again; if it happens again, reload the page.`,
    { cause: error },
  );
}

export const BLOCKED =
  'This browser does not let the page save anything (a private window, or site data switched off). You can work, but a reload loses it. Export what you want to keep, or allow site data and reload.';

export const HELD_BY_OTHER_TAB =
  'Another tab with an older version of Softprompt Studio is using your saved work. Close it, and this page continues by itself.';

export const CLEARED =
  'The browser has deleted what this page had saved, perhaps because site data was cleared. The open prompt set is still in this tab. Save it again to keep it, or export it in the Library.';

/** Runs `work`, which may outlast a transaction, while no other tab runs any under this name; waits for its turn. */
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

const keyOf = (value: object): string => {
  const v = value as { id?: string; setId?: string; runId?: string; key?: string };
  return v.runId ?? v.id ?? v.key ?? v.setId ?? '';
};

/** Keeps values until the tab is closed, for browsers that do not let the page save anything. */
export function memoryBackend(): Backend {
  const tables = Object.fromEntries(TABLES.map((table) => [table, new Map()])) as {
    [T in TableName]: Map<string, ValueOf<T>>;
  };
  const rows = <T extends TableName>(table: T) => tables[table] as unknown as Map<string, ValueOf<T>>;
  const put = <T extends TableName>(table: T, value: ValueOf<T>) => {
    rows(table).set(keyOf(value), structuredClone(value));
    if (!isListed(table)) return;
    const id = listedId(table, value as never);
    const listing = relisted(table, value as never, tables.listings.get(id));
    if (listing) tables.listings.set(id, listing);
  };
  return {
    get: async (table, key) => rows(table).get(key),
    keys: async (table) => [...tables[table].keys()],
    list: async (table) => [...rows(table).values()],
    bySet: async (table, setId) => [...rows(table).values()].filter((value) => value.setId === setId),
    put: async (table, value) => put(table, value),
    update: async (table, key, change) => {
      const next = change(rows(table).get(key));
      if (next !== undefined) put(table, next);
      return next;
    },
    remove: async (table, key) => {
      rows(table).delete(key);
    },
    setAside: async (table, key, found, sound) => {
      tables.quarantine.set(found.id, found);
      if (sound !== null) return put(table, sound);
      rows(table).delete(key);
      if (table === 'promptSets') tables.listings.delete(key);
    },
    removeSet: async (setId) => {
      tables.promptSets.delete(setId);
      tables.datasets.delete(setId);
      tables.listings.delete(setId);
      for (const table of OF_SET)
        for (const [key, value] of tables[table]) if (value.setId === setId) tables[table].delete(key);
      for (const key of tables.settings.keys()) if (isOfSet(key, setId)) tables.settings.delete(key);
    },
    dispose: () => undefined,
  };
}
