/** Between the repositories and the disk: what is damaged is set aside before anything trips over it. */

import {
  type Soundness,
  soundCheckpoint,
  soundDataset,
  soundEvaluation,
  soundMeasurement,
  soundSet,
  soundWriting,
} from '../interchange/soundness';
import { StudioError } from '../lib/errors';
import type { PromptSet } from '../project/types';
import type { Backend, ValueOf } from './backend';
import type { SetAside, TableName } from './schema';

/** Tables whose values are looked at. Listings follow from them; settings are looked at by who reads them. */
const CHECKS = {
  promptSets: soundSet,
  checkpoints: soundCheckpoint,
  evaluations: soundEvaluation,
  writings: soundWriting,
  measurements: soundMeasurement,
  datasets: soundDataset,
} as const;
type Checked = keyof typeof CHECKS;

const KEY: Readonly<Record<Checked, string>> = {
  promptSets: 'id',
  checkpoints: 'runId',
  evaluations: 'id',
  writings: 'id',
  measurements: 'id',
  datasets: 'setId',
};

/** Data sets may be large: they are looked at when they are opened. */
const INSPECTED = [
  'promptSets',
  'checkpoints',
  'evaluations',
  'writings',
  'measurements',
] as const satisfies readonly Checked[];

const isChecked = (table: TableName): table is Checked => table in CHECKS;

const check = <T extends TableName>(table: T, value: ValueOf<T>): Soundness<ValueOf<T>> =>
  isChecked(table) ? (CHECKS[table] as (v: unknown) => Soundness<ValueOf<T>>)(value) : { sound: value, faults: [] };

const what = (table: Checked, value: unknown, faults: readonly string[], isRepaired: boolean): string => {
  const { name } = (value ?? {}) as Partial<PromptSet>;
  const set = typeof name === 'string' ? `“${name.slice(0, 80)}”` : 'without a name';
  switch (table) {
    case 'promptSets':
      return isRepaired
        ? `Prompt set ${set}: ${faults.join(', ')}. Everything else of the set is here.`
        : `A prompt set ${set} (${faults.join(', ')}).`;
    case 'checkpoints':
      return `The last state of a run (${faults.join(', ')}): it cannot be gone on with. A prompt that it has given stays.`;
    case 'evaluations':
    case 'writings':
      return `A comparison (${faults.join(', ')}): compare again to have it back.`;
    case 'measurements':
      return `A measurement of a version (${faults.join(', ')}): measure it again to have it back.`;
    case 'datasets':
      return `The rows of a prompt set (${faults.join(', ')}): open the file again on the Data screen.`;
  }
};

export interface Guarded extends Backend {
  /** Looks at all that is kept but rows, one value at a time; tells of what is damaged, never throws. */
  inspect(): Promise<void>;
}

/** @param tell of each damaged value, when it was set aside or could not be */
export function guarded(backend: Backend, tell: (found: SetAside) => void): Guarded {
  async function sound<T extends TableName>(table: T, value: ValueOf<T>): Promise<ValueOf<T> | undefined> {
    const { sound: good, faults } = check(table, value);
    if (faults.length === 0 || !isChecked(table)) return value;
    const key = ((value ?? {}) as Record<string, unknown>)[KEY[table]];
    const said = what(table, value, faults, good !== null);
    // of what it says: two that read it at once set it aside once
    const found: SetAside = { id: `${table} ${key} ${said}`, table, at: new Date().toISOString(), what: said, value };
    try {
      if (typeof key === 'string') await backend.setAside(table, key, found, good);
    } catch {
      // No room or no storage: it stays where it is, and is found again next time.
    }
    tell(found);
    return good ?? undefined;
  }

  const all = async <T extends TableName>(table: T, values: ValueOf<T>[]): Promise<ValueOf<T>[]> => {
    const good: ValueOf<T>[] = [];
    for (const value of values) {
      const kept = await sound(table, value);
      if (kept !== undefined) good.push(kept);
    }
    return good;
  };

  /** Null = the browser itself cannot read it, e.g. as a file of its storage is gone. */
  async function read<T extends TableName>(table: T, key: string): Promise<ValueOf<T> | null | undefined> {
    try {
      return await backend.get(table, key);
    } catch (error) {
      if (error instanceof StudioError && error.code === 'store-failed') return null;
      throw error;
    }
  }

  /** One that cannot be read must not hide the others. */
  async function oneByOne<T extends TableName>(table: T): Promise<ValueOf<T>[]> {
    const values: ValueOf<T>[] = [];
    for (const key of await backend.keys(table)) {
      const value = await read(table, key);
      if (value) values.push(value);
    }
    return values;
  }

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
    list: async (table) => {
      const values = await backend.list(table).catch((error: unknown) => {
        if (error instanceof StudioError && error.code === 'store-failed') return oneByOne(table);
        throw error;
      });
      return all(table, values);
    },
    bySet: async (table, setId) => all(table, await backend.bySet(table, setId)),
    update: (table, key, change) =>
      backend.update(table, key, (value) =>
        change(value === undefined ? value : (check(table, value).sound ?? undefined)),
      ),
    inspect: async () => {
      try {
        for (const table of INSPECTED)
          for (const key of await backend.keys(table)) {
            const value = await read(table, key);
            if (value) await sound(table, value);
          }
      } catch {
        // The storage is gone: that is said by whatever asks for something.
      }
    },
  };
}
