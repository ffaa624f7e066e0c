/** A list that is read and never changed: an array, or a packed one (packed.ts), which makes an item when it is read. */
export interface List<T> extends Iterable<T> {
  readonly length: number;
  /** As of an array: counted from the end when negative, undefined where there is none. */
  at(index: number): T | undefined;
  slice(start?: number, end?: number): T[];
  map<U>(of: (item: T, index: number) => U): U[];
  flatMap<U>(of: (item: T, index: number) => U | readonly U[]): U[];
  filter(keep: (item: T, index: number) => boolean): T[];
  find(wanted: (item: T, index: number) => boolean): T | undefined;
  some(holds: (item: T, index: number) => boolean): boolean;
}

/** A list that can be looked into by a name: a Map, or packed rows. */
export type Lookup<T> = Pick<ReadonlyMap<string, T>, 'get' | 'has'>;

/** The list with each item in its new form; the list itself where every item stays the same object. */
export function mapped<T>(list: List<T>, of: (item: T, index: number) => T): List<T> {
  let isSame = true;
  const next = list.map((item, i) => {
    const made = of(item, i);
    isSame &&= made === item;
    return made;
  });
  return isSame ? list : next;
}
