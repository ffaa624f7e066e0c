import { type IDBPDatabase, type IDBPTransaction, openDB, type StoreNames } from 'idb';
import { StudioError } from '../lib/errors';
import { BLOCKED, CLEARED, HELD_BY_OTHER_TAB, storeError } from './browser';
import {
  type Backend,
  isListed,
  isOfSet,
  listedId,
  migrate,
  OF_SET,
  type OfSet,
  relisted,
  SCHEMA_VERSION,
  type SetAside,
  type StudioSchema,
  TABLES,
  type TableName,
  type ValueOf,
} from './schema';

type Tx<M extends IDBTransactionMode> = IDBPTransaction<StudioSchema, TableName[], M>;

export interface IndexedDbOptions {
  readonly name?: string;
  /** Called while an older tab holds the database, and when a newer one takes it over. */
  readonly onTrouble?: (error: StudioError) => void;
  /** Called when the stored data is gone or may be gone: only the page still has the open set. */
  readonly onCleared?: (error: StudioError) => void;
}

/** @throws StudioError `store-blocked`, `store-failed` */
export async function openIndexedDb(options: IndexedDbOptions = {}): Promise<Backend> {
  if (typeof indexedDB === 'undefined') throw new StudioError('store-blocked', BLOCKED);
  const backend = new IndexedDbBackend(options);
  await backend.open();
  return backend;
}

class IndexedDbBackend implements Backend {
  readonly #options: IndexedDbOptions;
  #db: Promise<IDBPDatabase<StudioSchema>> | null = null;
  /** A newer tab has taken over the database: this page, whose code is older, must not open it again. */
  #superseded = false;

  constructor(options: IndexedDbOptions) {
    this.#options = options;
  }

  open(): Promise<IDBPDatabase<StudioSchema>> {
    if (this.#superseded) return Promise.reject(new StudioError('store-blocked', SUPERSEDED));
    this.#db ??= this.#connect().catch((error: unknown) => {
      this.#db = null;
      const name = error instanceof Error || error instanceof DOMException ? error.name : '';
      throw name === 'UnknownError' || name === 'InvalidStateError'
        ? new StudioError('store-blocked', BLOCKED, { cause: error })
        : storeError(error, 'opening your saved work');
    });
    return this.#db;
  }

  // Async, so that a browser that throws at once rejects like one that throws later.
  async #connect(): Promise<IDBPDatabase<StudioSchema>> {
    return openDB<StudioSchema>(this.#options.name ?? 'softprompt', SCHEMA_VERSION, {
      upgrade: (db, from, _to, tx) => migrate(db, tx as Parameters<typeof migrate>[1], from),
      blocked: () => this.#options.onTrouble?.(new StudioError('store-blocked', HELD_BY_OTHER_TAB)),
      blocking: (_from, to, event) => {
        // Must close at once: the other tab's upgrade waits for it, and so does a deletion.
        (event.target as IDBDatabase).close();
        this.#db = null;
        if (to === null) return this.#options.onCleared?.(cleared());
        this.#superseded = true;
        this.#options.onTrouble?.(new StudioError('store-blocked', SUPERSEDED));
      },
      terminated: () => {
        this.#db = null;
        this.#options.onCleared?.(cleared());
      },
    });
  }

  /** The only access to the database. Rejects if `work` rejects; resolves once the data is on its way to disk. */
  async #tx<T, M extends 'readonly' | 'readwrite'>(
    tables: TableName[],
    mode: M,
    doing: string,
    work: (tx: Tx<M>) => Promise<T>,
  ): Promise<T> {
    for (let attempt = 0; ; attempt++) {
      const db = await this.open();
      try {
        const tx = db.transaction(tables as StoreNames<StudioSchema>[], mode, {
          durability: mode === 'readwrite' ? 'strict' : 'default',
        }) as unknown as Tx<M>;
        const done = tx.done;
        done.catch(() => undefined);
        try {
          const result = await work(tx);
          await done;
          return result;
        } catch (error) {
          try {
            tx.abort();
          } catch {
            // It has ended already.
          }
          throw error;
        }
      } catch (error) {
        const closed = error instanceof DOMException && error.name === 'InvalidStateError';
        if (!closed || attempt > 0) throw storeError(error, doing);
        this.#db = null; // The browser closed the connection: try once more with a new one.
      }
    }
  }

  get<T extends TableName>(table: T, key: string) {
    return this.#tx([table], 'readonly', 'reading your saved work', async (tx) => {
      const value = await tx.objectStore(table).get(key);
      return value as ValueOf<T> | undefined;
    });
  }

  keys(table: TableName) {
    return this.#tx([table], 'readonly', 'reading your saved work', (tx) => tx.objectStore(table).getAllKeys());
  }

  list<T extends TableName>(table: T) {
    return this.#tx([table], 'readonly', 'reading your saved work', async (tx) => {
      const values = await tx.objectStore(table).getAll();
      return values as ValueOf<T>[];
    });
  }

  bySet<T extends OfSet>(table: T, setId: string) {
    return this.#tx([table], 'readonly', 'reading your saved work', async (tx) => {
      const index = tx.objectStore<OfSet>(table).index('bySet');
      const values = await index.getAll(setId);
      return values as ValueOf<T>[];
    });
  }

  put<T extends TableName>(table: T, value: ValueOf<T>) {
    return this.#tx(written(table), 'readwrite', WHAT[table], (tx) => put(tx, table, value));
  }

  update<T extends TableName>(
    table: T,
    key: string,
    change: (value: ValueOf<T> | undefined) => ValueOf<T> | undefined,
  ) {
    return this.#tx(written(table), 'readwrite', WHAT[table], async (tx) => {
      const next = change((await tx.objectStore(table).get(key)) as ValueOf<T> | undefined);
      if (next !== undefined) await put(tx, table, next);
      return next;
    });
  }

  remove(table: TableName, key: string) {
    return this.#tx([table], 'readwrite', 'deleting', async (tx) => {
      await tx.objectStore(table).delete(key);
    });
  }

  setAside<T extends TableName>(table: T, key: string, found: SetAside, sound: ValueOf<T> | null) {
    const doing = 'setting a damaged value aside';
    return this.#tx(
      [...new Set([...written(table), 'listings', 'quarantine'] as const)],
      'readwrite',
      doing,
      async (tx) => {
        await tx.objectStore('quarantine').put(found);
        if (sound !== null) return put(tx, table, sound);
        await tx.objectStore(table).delete(key);
        if (table === 'promptSets') await tx.objectStore('listings').delete(key);
      },
    );
  }

  removeSet(setId: string) {
    return this.#tx([...TABLES], 'readwrite', 'deleting a prompt set', async (tx) => {
      await tx.objectStore('promptSets').delete(setId);
      await tx.objectStore('datasets').delete(setId);
      await tx.objectStore('listings').delete(setId);
      for (const table of OF_SET) {
        const rows = tx.objectStore<OfSet>(table);
        for (const key of await rows.index('bySet').getAllKeys(setId)) await rows.delete(key);
      }
      const settings = tx.objectStore('settings');
      for (const key of await settings.getAllKeys()) if (isOfSet(key, setId)) await settings.delete(key);
    });
  }

  dispose() {
    void this.#db?.then(
      (db) => db.close(),
      () => undefined,
    );
    this.#db = null;
  }
}

const cleared = () => new StudioError('store-failed', CLEARED);

/** The tables that a write to one of them touches. */
const written = (table: TableName): TableName[] => (isListed(table) ? [table, 'listings'] : [table]);

async function put<T extends TableName>(tx: Tx<'readwrite'>, table: T, value: ValueOf<T>): Promise<void> {
  await tx.objectStore(table).put(value);
  if (!isListed(table)) return;
  const listings = tx.objectStore('listings');
  const before = await listings.get(listedId(table, value as never));
  const listing = relisted(table, value as never, before);
  if (listing) await listings.put(listing);
}

const SUPERSEDED =
  'A newer version of Softprompt Studio was opened in another tab and has taken over your saved work. Reload this page to continue here. Nothing is lost.';

const WHAT: Readonly<Record<TableName, string>> = {
  promptSets: 'saving the prompt set',
  datasets: 'saving the data set',
  checkpoints: 'saving the training run',
  evaluations: 'saving the comparison',
  measurements: 'saving the measurement',
  listings: 'saving the prompt set',
  quarantine: 'setting a damaged value aside',
  settings: 'saving a setting',
};
