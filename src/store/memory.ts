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
