import type { Backend, ValueOf } from './backend';
import type { TableName } from './schema';

const keyOf = (value: object): string => {
  const v = value as { id?: string; setId?: string; runId?: string; key?: string };
  return v.runId ?? v.id ?? v.key ?? v.setId ?? '';
};

/** Keeps everything until the tab is closed: what is left where the browser lets a page save nothing. */
export function memoryBackend(): Backend {
  const tables: { [T in TableName]: Map<string, ValueOf<T>> } = {
    promptSets: new Map(),
    datasets: new Map(),
    checkpoints: new Map(),
    evaluations: new Map(),
    settings: new Map(),
  };
  const rows = <T extends TableName>(table: T) => tables[table] as unknown as Map<string, ValueOf<T>>;
  return {
    get: async (table, key) => rows(table).get(key),
    list: async (table) => [...rows(table).values()],
    bySet: async (table, setId) => [...rows(table).values()].filter((value) => value.setId === setId),
    put: async (table, value) => {
      rows(table).set(keyOf(value), structuredClone(value));
    },
    update: async (table, key, change) => {
      const next = change(rows(table).get(key));
      if (next !== undefined) rows(table).set(key, structuredClone(next));
      return next;
    },
    remove: async (table, key) => {
      rows(table).delete(key);
    },
    removeSet: async (setId) => {
      tables.promptSets.delete(setId);
      tables.datasets.delete(setId);
      for (const table of [tables.checkpoints, tables.evaluations])
        for (const [key, value] of table) if (value.setId === setId) table.delete(key);
    },
    dispose: () => undefined,
  };
}
