import type { DBSchema } from 'idb';
import { type Listing, listingOf, NO_FACTS, withEvaluation, withRows } from '../prompt-set/listing';
import type {
  ClassifyEvaluation,
  GenerateEvaluation,
  Kept,
  Measurement,
  PromptSet,
  RunCheckpoint,
  StoredDataset,
} from '../prompt-set/types';

/** A damaged value, unchanged. */
export interface SetAside {
  readonly id: string;
  readonly table: 'promptSets' | 'datasets' | 'checkpoints' | 'evaluations' | 'writings' | 'measurements';
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
  evaluations: { key: string; value: Kept<ClassifyEvaluation>; indexes: { bySet: string } };
  /** Comparisons of generated texts. */
  writings: { key: string; value: Kept<GenerateEvaluation>; indexes: { bySet: string } };
  measurements: { key: string; value: Measurement; indexes: { bySet: string } };
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
  'writings',
  'measurements',
  'listings',
  'quarantine',
  'settings',
] as const satisfies readonly (keyof StudioSchema)[];
export type TableName = (typeof TABLES)[number];

/** Tables whose values name their set and are found by it. */
export type OfSet = 'checkpoints' | 'evaluations' | 'writings' | 'measurements';
export const OF_SET: readonly OfSet[] = ['checkpoints', 'evaluations', 'writings', 'measurements'];

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

const LISTED = ['promptSets', 'datasets', 'evaluations', 'writings'] as const;
type Listed = (typeof LISTED)[number];

export const isListed = (table: TableName): table is Listed => (LISTED as readonly TableName[]).includes(table);

/** Whose listing a value belongs to. */
export const listedId = (table: Listed, value: ValueOf<Listed>): string =>
  table === 'promptSets'
    ? (value as ValueOf<'promptSets'>).id
    : (value as ValueOf<'datasets' | 'evaluations' | 'writings'>).setId;

/** The listing after a value was put; undefined = there is no set to list. */
export function relisted(table: Listed, value: ValueOf<Listed>, before: Listing | undefined): Listing | undefined {
  switch (table) {
    case 'promptSets':
      return listingOf(value as ValueOf<'promptSets'>, before ?? NO_FACTS);
    case 'datasets':
      return before && withRows(before, (value as ValueOf<'datasets'>).dataset.table.rows.length);
    case 'evaluations':
    case 'writings':
      return before && withEvaluation(before, value as ValueOf<'evaluations' | 'writings'>);
  }
}
