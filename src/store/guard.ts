/** Between the store and the disk: damaged values are set aside before anything reads them. */

import {
  type Soundness,
  soundCheckpoint,
  soundDataset,
  soundEvaluation,
  soundMeasurement,
  soundSet,
} from '../interchange/soundness';
import { StudioError } from '../lib/errors';
import type { PromptSet } from '../prompt-set/types';
import type { Backend, SetAside, TableName, ValueOf } from './schema';

/** How the values of each table are checked. Listings are derived from these; settings are checked where they are read. */
const CHECKS = {
  promptSets: soundSet,
  checkpoints: soundCheckpoint,
  evaluations: soundEvaluation,
  measurements: soundMeasurement,
  datasets: soundDataset,
} as const;
type Checked = keyof typeof CHECKS;

const KEY: Readonly<Record<Checked, string>> = {
  promptSets: 'id',
  checkpoints: 'runId',
  evaluations: 'id',
  measurements: 'id',
  datasets: 'setId',
};

/** Checked when the page starts. Data sets may be large, and are checked when they are opened. */
const INSPECTED = ['promptSets', 'checkpoints', 'evaluations', 'measurements'] as const satisfies readonly Checked[];

const isChecked = (table: TableName): table is Checked => table in CHECKS;

const check = <T extends TableName>(table: T, value: ValueOf<T>): Soundness<ValueOf<T>> =>
  isChecked(table) ? (CHECKS[table] as (v: unknown) => Soundness<ValueOf<T>>)(value) : { sound: value, faults: [] };

const nameOf = (value: unknown): string => {
  const { name } = (value ?? {}) as Partial<PromptSet>;
  return typeof name === 'string' ? `“${name.slice(0, 80)}”` : 'without a name';
};

const LOST = {
  checkpoints: (faults) =>
    `The last state of a training run (${faults}): the run cannot be resumed. A prompt that it has made is still here.`,
  evaluations: (faults) => `A comparison (${faults}). Compare again to replace it.`,
  measurements: (faults) => `A measurement of a version (${faults}). Measure it again to replace it.`,
  datasets: (faults) => `The rows of a prompt set (${faults}). Open the file again on the Data screen.`,
  promptSets: (faults, value, isRepaired) =>
    isRepaired
      ? `Prompt set ${nameOf(value)}: ${faults}. The rest of the set is here.`
      : `A prompt set ${nameOf(value)} (${faults}).`,
} satisfies Readonly<Record<Checked, (faults: string, value: unknown, isRepaired: boolean) => string>>;

export interface Guarded extends Backend {
  /** Checks everything but rows, one value at a time; reports damaged values, and never throws. */
  inspect(): Promise<void>;
}

type Sound = <T extends TableName>(table: T, value: ValueOf<T>) => Promise<ValueOf<T> | undefined>;

/** Sets the value aside where it is damaged. @returns its sound part */
const setting =
  (backend: Backend, onFound: (found: SetAside) => void): Sound =>
  async (table, value) => {
    const { sound, faults } = check(table, value);
    if (faults.length === 0 || !isChecked(table)) return sound ?? value;
    const key = ((value ?? {}) as Record<string, unknown>)[KEY[table]];
    const what = LOST[table](faults.join(', '), value, sound !== null);
    // its id contains the sentence, so that two readers that find it at the same time set it aside once
    const found: SetAside = { id: `${table} ${key} ${what}`, table, at: new Date().toISOString(), what, value };
    try {
      if (typeof key === 'string') await backend.setAside(table, key, found, sound);
    } catch {
      // no room or no storage: it stays in its table, and is found again next time
    }
    onFound(found);
    return sound ?? undefined;
  };

/** Null = the browser cannot read it, for example because a file of its storage is gone. */
async function readable<T extends TableName>(backend: Backend, table: T, key: string) {
  try {
    return await backend.get(table, key);
  } catch (error) {
    if (error instanceof StudioError && error.code === 'store-failed') return null;
    throw error;
  }
}

/** All values of a table; one that cannot be read does not hide the others. */
async function readableValues<T extends TableName>(backend: Backend, table: T): Promise<ValueOf<T>[]> {
  try {
    return await backend.list(table);
  } catch (error) {
    if (!(error instanceof StudioError && error.code === 'store-failed')) throw error;
  }
  const values: ValueOf<T>[] = [];
  for (const key of await backend.keys(table)) {
    const value = await readable(backend, table, key);
    if (value) values.push(value);
  }
  return values;
}

/** @param onFound called for each damaged value, set aside or not */
export function guarded(backend: Backend, onFound: (found: SetAside) => void): Guarded {
  const sound = setting(backend, onFound);
  const all = async <T extends TableName>(table: T, values: ValueOf<T>[]): Promise<ValueOf<T>[]> => {
    const good: ValueOf<T>[] = [];
    for (const value of values) {
      const kept = await sound(table, value);
      if (kept !== undefined) good.push(kept);
    }
    return good;
  };
  return {
    keys: (table) => backend.keys(table),
    put: (table, value) => backend.put(table, value),
    remove: (table, key) => backend.remove(table, key),
    removeSet: (setId) => backend.removeSet(setId),
    setAside: (table, key, found, good) => backend.setAside(table, key, found, good),
    dispose: () => backend.dispose(),
    get: async (table, key) => {
      const value = await backend.get(table, key);
      return value === undefined ? value : sound(table, value);
    },
    list: async (table) => all(table, await readableValues(backend, table)),
    bySet: async (table, setId) => all(table, await backend.bySet(table, setId)),
    update: (table, key, change) =>
      backend.update(table, key, (value) =>
        change(value === undefined ? value : (check(table, value).sound ?? undefined)),
      ),
    inspect: async () => {
      try {
        for (const table of INSPECTED)
          for (const key of await backend.keys(table)) {
            const value = await readable(backend, table, key);
            if (value) await sound(table, value);
          }
      } catch {
        // the storage is gone: the next read or write reports that
      }
    },
  };
}
