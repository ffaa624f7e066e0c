import type { DBSchema, IDBPDatabase, IDBPTransaction, StoreNames } from 'idb';
import type { Answers } from '../prompt-set/answers';
import { type Listing, listingOf, NO_FACTS, withEvaluation, withRows } from '../prompt-set/listing';
import type { Evaluation, PromptSet, RunCheckpoint, StoredDataset } from '../prompt-set/types';

/** A damaged value, unchanged. */
export interface SetAside {
  readonly id: string;
  readonly table: 'promptSets' | 'datasets' | 'checkpoints' | 'evaluations' | 'measurements';
  /** ISO time. */
  readonly at: string;
  /** What is lost, from which item, and what is left, in sentences. */
  readonly what: string;
  readonly value: unknown;
}

/** The tables of the browser's database. Keys are the ids of the values. */
export interface StudioSchema extends DBSchema {
  promptSets: { key: string; value: PromptSet };
  datasets: { key: string; value: StoredDataset };
  checkpoints: { key: string; value: RunCheckpoint; indexes: { bySet: string } };
  evaluations: { key: string; value: Evaluation; indexes: { bySet: string } };
  measurements: { key: string; value: Answers; indexes: { bySet: string } };
  /** What lists show of each set; updated with every value that it is derived from. */
  listings: { key: string; value: Listing };
  quarantine: { key: string; value: SetAside };
  /** Keys that end in `:<id of a set>` are deleted with that set. */
  settings: { key: string; value: { readonly key: string; readonly value: unknown } };
}

export const TABLES = [
  'promptSets',
  'datasets',
  'checkpoints',
  'evaluations',
  'measurements',
  'listings',
  'quarantine',
  'settings',
] as const satisfies readonly (keyof StudioSchema)[];
export type TableName = (typeof TABLES)[number];

/** Tables whose values name their set and are found by it. */
export type OfSet = 'checkpoints' | 'evaluations' | 'measurements';
export const OF_SET: readonly OfSet[] = ['checkpoints', 'evaluations', 'measurements'];

/** Whether a setting belongs to a set, and is deleted with it. */
export const isOfSet = (settingKey: string, setId: string): boolean => settingKey.endsWith(`:${setId}`);

export type ValueOf<T extends TableName> = StudioSchema[T]['value'];

/**
 * Where values are kept. Every method is one transaction: all or nothing. Putting a value into a table that listings are
 * derived from updates the listing too. @see relisted
 */
export interface Backend {
  get<T extends TableName>(table: T, key: string): Promise<ValueOf<T> | undefined>;
  keys(table: TableName): Promise<string[]>;
  list<T extends TableName>(table: T): Promise<ValueOf<T>[]>;
  bySet<T extends OfSet>(table: T, setId: string): Promise<ValueOf<T>[]>;
  put<T extends TableName>(table: T, value: ValueOf<T>): Promise<void>;
  /** Reads, changes and writes in one transaction, so that two tabs cannot lose each other's change. `change` must be synchronous. */
  update<T extends TableName>(
    table: T,
    key: string,
    change: (value: ValueOf<T> | undefined) => ValueOf<T> | undefined,
  ): Promise<ValueOf<T> | undefined>;
  remove(table: TableName, key: string): Promise<void>;
  /** Moves a damaged value to `quarantine`, and replaces it with its sound part, if any. */
  setAside<T extends TableName>(table: T, key: string, found: SetAside, sound: ValueOf<T> | null): Promise<void>;
  /** A set and everything that belongs to it, in one transaction. */
  removeSet(setId: string): Promise<void>;
  dispose(): void;
}

const LISTED = ['promptSets', 'datasets', 'evaluations'] as const;
type Listed = (typeof LISTED)[number];

export const isListed = (table: TableName): table is Listed => (LISTED as readonly TableName[]).includes(table);

/** Whose listing a value belongs to. */
export const listedId = (table: Listed, value: ValueOf<Listed>): string =>
  table === 'promptSets' ? (value as ValueOf<'promptSets'>).id : (value as ValueOf<'datasets' | 'evaluations'>).setId;

/** The listing after a value was put; undefined = there is no set to list. */
export function relisted(table: Listed, value: ValueOf<Listed>, before: Listing | undefined): Listing | undefined {
  switch (table) {
    case 'promptSets':
      return listingOf(value as ValueOf<'promptSets'>, before ?? NO_FACTS);
    case 'datasets':
      return before && withRows(before, (value as ValueOf<'datasets'>).dataset.table.rows.length);
    case 'evaluations':
      return before && withEvaluation(before, value as ValueOf<'evaluations'>);
  }
}

type Database = IDBPDatabase<StudioSchema>;
type Upgrade = IDBPTransaction<StudioSchema, StoreNames<StudioSchema>[], 'versionchange'>;

/** One step from `version - 1` to `version`. Must only use the transaction that it is given: anything else would end it. */
interface Migration {
  readonly version: number;
  readonly what: string;
  readonly up: (db: Database, tx: Upgrade) => void | Promise<void>;
}

/** Null where the value is damaged: it must not stop the others from opening, and is set aside when it is read. */
function sound<T>(make: () => T): T | null {
  try {
    return make();
  } catch {
    return null;
  }
}

/** In order, without gaps; a released one is never changed. */
export const MIGRATIONS: readonly Migration[] = [
  {
    version: 1,
    what: 'everything but listings',
    up: (db) => {
      db.createObjectStore('promptSets', { keyPath: 'id' });
      db.createObjectStore('datasets', { keyPath: 'setId' });
      db.createObjectStore('settings', { keyPath: 'key' });
      db.createObjectStore('quarantine', { keyPath: 'id' });
      db.createObjectStore('checkpoints', { keyPath: 'runId' }).createIndex('bySet', 'setId');
      for (const table of ['evaluations', 'measurements'] as const)
        db.createObjectStore(table, { keyPath: 'id' }).createIndex('bySet', 'setId');
    },
  },
  {
    version: 2,
    what: 'listings of the existing sets',
    up: async (db, tx) => {
      const listings = db.createObjectStore('listings', { keyPath: 'id' });
      // One value in memory at a time: data sets may be large.
      for await (const { value } of tx.objectStore('promptSets')) {
        const listing = sound(() => listingOf(value, NO_FACTS));
        if (listing) await listings.put(listing);
      }
      for (const table of ['datasets', 'evaluations'] as const)
        for await (const { value } of tx.objectStore(table)) {
          const before = await listings.get(value.setId);
          const after = before && sound(() => relisted(table, value, before));
          if (after) await listings.put(after);
        }
    },
  },
];

export const SCHEMA_VERSION = MIGRATIONS.length;

/** Runs every migration above `from`, in order. */
export async function migrate(db: Database, tx: Upgrade, from: number, list = MIGRATIONS): Promise<void> {
  for (const migration of list) if (migration.version > from) await migration.up(db, tx);
}
