import type { OfSet, SetAside, StudioSchema, TableName } from './schema';

export type ValueOf<T extends TableName> = StudioSchema[T]['value'];

/**
 * What the repositories need of a place to keep things. Every method is one transaction: all or nothing. What is put into
 * a table that listings follow from changes the listing too. @see relisted
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
  /** Keeps what was found under a key, and puts what is sound of it in its place, or nothing. */
  setAside<T extends TableName>(table: T, key: string, found: SetAside, sound: ValueOf<T> | null): Promise<void>;
  /** A set and everything that belongs to it, in one transaction. */
  removeSet(setId: string): Promise<void>;
  dispose(): void;
}
