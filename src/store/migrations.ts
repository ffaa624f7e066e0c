import type { IDBPDatabase, IDBPTransaction, StoreNames } from 'idb';
import type { StudioSchema } from './schema';

type Database = IDBPDatabase<StudioSchema>;
type Upgrade = IDBPTransaction<StudioSchema, StoreNames<StudioSchema>[], 'versionchange'>;

/** One step from `version - 1` to `version`. Must only use the transaction that it is given: anything else would end it. */
export interface Migration {
  readonly version: number;
  readonly what: string;
  readonly up: (db: Database, tx: Upgrade) => void | Promise<void>;
}

/** In order, without gaps; a released one is never changed. */
export const MIGRATIONS: readonly Migration[] = [
  {
    version: 1,
    what: 'prompt sets, data sets, checkpoints, evaluations, settings',
    up: (db) => {
      db.createObjectStore('promptSets', { keyPath: 'id' });
      db.createObjectStore('datasets', { keyPath: 'setId' });
      db.createObjectStore('checkpoints', { keyPath: 'runId' }).createIndex('bySet', 'setId');
      db.createObjectStore('evaluations', { keyPath: 'id' }).createIndex('bySet', 'setId');
      db.createObjectStore('settings', { keyPath: 'key' });
    },
  },
];

export const SCHEMA_VERSION = MIGRATIONS.length;

/** Runs every migration above `from`, in order. */
export async function migrate(db: Database, tx: Upgrade, from: number, list = MIGRATIONS): Promise<void> {
  for (const migration of list) if (migration.version > from) await migration.up(db, tx);
}
