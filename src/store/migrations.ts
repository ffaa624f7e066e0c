import type { IDBPDatabase, IDBPTransaction, StoreNames } from 'idb';
import { calibratedBy } from '../prompt-set/calibration';
import { listingOf, NO_FACTS, withEvaluation, withRows } from '../prompt-set/listing';
import type { StudioSchema } from './schema';

type Database = IDBPDatabase<StudioSchema>;
type Upgrade = IDBPTransaction<StudioSchema, StoreNames<StudioSchema>[], 'versionchange'>;

/** One step from `version - 1` to `version`. Must only use the transaction that it is given: anything else would end it. */
export interface Migration {
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
    what: 'prompt sets, data sets, checkpoints, evaluations, settings',
    up: (db) => {
      db.createObjectStore('promptSets', { keyPath: 'id' });
      db.createObjectStore('datasets', { keyPath: 'setId' });
      db.createObjectStore('checkpoints', { keyPath: 'runId' }).createIndex('bySet', 'setId');
      db.createObjectStore('evaluations', { keyPath: 'id' }).createIndex('bySet', 'setId');
      db.createObjectStore('settings', { keyPath: 'key' });
    },
  },
  {
    version: 2,
    what: 'measurements of versions, and listings of the existing sets',
    up: async (db, tx) => {
      db.createObjectStore('measurements', { keyPath: 'id' }).createIndex('bySet', 'setId');
      const listings = db.createObjectStore('listings', { keyPath: 'id' });
      // One value in memory at a time: data sets may be large.
      for await (const { value } of tx.objectStore('promptSets')) {
        const listing = sound(() => listingOf(value, NO_FACTS));
        if (listing) await listings.put(listing);
      }
      for await (const { value } of tx.objectStore('datasets')) {
        const listing = await listings.get(value.setId);
        const withThem = listing && sound(() => withRows(listing, value.dataset.table.rows.length));
        if (withThem) await listings.put(withThem);
      }
      for await (const { value } of tx.objectStore('evaluations')) {
        const listing = await listings.get(value.setId);
        const withIt = listing && sound(() => withEvaluation(listing, value));
        if (withIt) await listings.put(withIt);
      }
    },
  },
  {
    version: 3,
    what: 'a table for damaged values',
    up: (db) => {
      db.createObjectStore('quarantine', { keyPath: 'id' });
    },
  },
  {
    version: 4,
    what: 'comparisons of generated texts',
    up: (db) => {
      db.createObjectStore('writings', { keyPath: 'id' }).createIndex('bySet', 'setId');
    },
  },
  {
    version: 5,
    what: 'versions say how they are calibrated, as their newest comparison did',
    up: async (_db, tx) => {
      const sets = tx.objectStore('promptSets');
      const comparisons = tx.objectStore('evaluations').index('bySet');
      for (const id of await sets.getAllKeys()) {
        const set = await sets.get(id);
        const found = await comparisons.getAll(id);
        const newestFirst = found.sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1));
        const calibrated = set && sound(() => calibratedBy(set, newestFirst));
        if (calibrated && calibrated !== set) await sets.put(calibrated);
      }
    },
  },
];

export const SCHEMA_VERSION = MIGRATIONS.length;

/** Runs every migration above `from`, in order. */
export async function migrate(db: Database, tx: Upgrade, from: number, list = MIGRATIONS): Promise<void> {
  for (const migration of list) if (migration.version > from) await migration.up(db, tx);
}
