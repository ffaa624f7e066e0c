/**
 * Long lists of a data set cross between page and workflow worker once: each end remembers what the other has, and sends a
 * key in its place. In the worker rows are arrays, since it looks at all of them; in the page they stay packed.
 */
import { StudioError } from '../lib/errors';
import { isPackedList, openPacked, type Packed, type PackedShape, pack } from './packed';
import type { CellChange, Row } from './types';

type Plain = Readonly<Record<string, unknown>>;
type LongList = readonly string[] | readonly Row[] | readonly CellChange[];

/** Shorter lists are copied as they are. */
export const LONG = 1000;
/** Items of all lists that the worker keeps for the page; what it has forgotten is sent to it again. */
const MOST_ITEMS = 1_500_000;

/**
 * What crosses, or is stored, in the place of a list. The worker moves a buffer and hands over a blob of it; the page stores
 * that blob and sends it to a worker that lacks the list, so it never copies the rows.
 */
interface Crossing {
  readonly $list: string;
  readonly length: number;
  readonly ids?: readonly string[];
  readonly shape?: PackedShape;
  readonly buffer?: ArrayBuffer;
  readonly blob?: Blob;
  /** Lines of JSON: IndexedDB would copy the strings of an array one by one. */
  readonly json?: Blob;
}

const isPlain = (value: unknown): value is Plain =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
const isCrossing = (value: unknown): value is Crossing => isPlain(value) && typeof value.$list === 'string';
const isIds = (list: LongList): list is readonly string[] => typeof list[0] === 'string';

/** The lists of a data set that grow with its rows, by their names; label sets and the like are lists of their own kind. */
const NAMES = new Set(['rows', 'train', 'validation', 'test', 'cells', 'rowIds', 'overRowIds', 'ids']);

function isLong(value: unknown): value is LongList {
  if (!Array.isArray(value) || value.length < LONG) return false;
  const [first] = value;
  return typeof first === 'string' || (isPlain(first) && ('cells' in first || 'before' in first));
}

function mapLists(value: unknown, of: (list: unknown) => unknown, name = ''): unknown {
  if (isPackedList(value) || isCrossing(value) || (NAMES.has(name) && isLong(value))) return of(value);
  if (Array.isArray(value))
    return value.length < LONG && isPlain(value[0]) ? value.map((inner) => mapLists(inner, of)) : value;
  if (!isPlain(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, mapLists(inner, of, key)]));
}

function crossingsIn(value: unknown): readonly Crossing[] {
  const found: Crossing[] = [];
  mapLists(value, (list) => {
    if (isCrossing(list)) found.push(list);
    return list;
  });
  return found;
}

export const buffersIn = (value: unknown): ArrayBuffer[] => crossingsIn(value).flatMap(({ buffer }) => buffer ?? []);

let made = 0;
const freshKey = (): string => `${++made} ${crypto.randomUUID()}`;

const packedCrossing = ({ buffer, ...shape }: Packed, length: number): Crossing => ({
  $list: shape.key,
  length,
  shape,
  buffer,
  blob: new Blob([buffer]),
});

async function packedIn(value: unknown, isNeeded: (key: string) => boolean): Promise<ReadonlyMap<string, Packed>> {
  const found = new Map<string, Packed>();
  for (const { $list: key, shape, blob } of crossingsIn(value))
    if (shape && blob && isNeeded(key)) found.set(key, { ...shape, buffer: await blob.arrayBuffer() });
  return found;
}

function storedRows(list: unknown): Crossing {
  const open = isPackedList(list) ? list : openPacked(pack(list as readonly Row[], freshKey()));
  const { buffer, ...shape } = open.packed;
  return { $list: shape.key, length: open.length, shape, blob: open.blob ?? new Blob([buffer]) };
}

const isNames = (list: unknown): list is readonly string[] => !isPackedList(list) && isIds(list as LongList);

/** Names in a line: parsing so many holds the page up for a few milliseconds. */
const NAMES_A_LINE = 10_000;

function namesBlob(names: readonly string[]): Blob {
  const lines: string[] = [];
  for (let at = 0; at < names.length; at += NAMES_A_LINE)
    lines.push(`${JSON.stringify(names.slice(at, at + NAMES_A_LINE))}\n`);
  return new Blob(lines);
}

async function namesIn(blob: Blob): Promise<readonly string[]> {
  const names: string[] = [];
  for (const line of (await blob.text()).split('\n')) {
    if (line === '') continue;
    names.push(...(JSON.parse(line) as string[]));
    await new Promise((resolve) => setTimeout(resolve)); // other work has its turn
  }
  return names;
}

export const toStored = <T>(value: T): T =>
  mapLists(value, (list) => {
    if (isCrossing(list)) return list;
    if (!isNames(list)) return storedRows(list);
    return { $list: freshKey(), length: list.length, json: namesBlob(list) };
  }) as T;

export async function fromStored<T>(value: T): Promise<T> {
  const stored = mapLists(value, (list) => (isCrossing(list) || isNames(list) ? list : storedRows(list)));
  const packed = await packedIn(stored, () => true);
  const names = new Map<string, readonly string[]>();
  for (const { $list: key, json } of crossingsIn(stored)) if (json) names.set(key, await namesIn(json));
  return mapLists(stored, (list) => {
    if (!isCrossing(list)) return list;
    const found = packed.get(list.$list);
    return names.get(list.$list) ?? (found ? openPacked(found, list.blob) : list);
  }) as T;
}
/** The worker has no list of this key: another worker got the list, or it has forgotten it. */
export const isForgotten = (error: unknown): boolean =>
  error instanceof StudioError && error.data?.kind === 'forgotten-list';

export class WorkerLists {
  /** By key, least recently used first. */
  readonly #lists = new Map<string, LongList>();
  readonly #keys = new WeakMap<LongList, string>();

  /** @throws StudioError `internal`, kind `forgotten-list` */
  async receive(params: unknown): Promise<unknown> {
    const packed = await packedIn(params, (key) => !this.#lists.has(key));
    return mapLists(params, (list) => {
      if (!isCrossing(list)) return list;
      const { $list: key, ids } = list;
      const bytes = packed.get(key);
      const items = this.#lists.get(key) ?? ids ?? (bytes && openPacked(bytes).unpack());
      if (!items)
        throw new StudioError('internal', 'internal: a list that was sent before is not here', {
          data: { kind: 'forgotten-list' },
        });
      this.#keep(key, items);
      return items;
    });
  }

  /** The result as it crosses. Lists that came by a key with `params` (as received) go back as that. */
  send(result: unknown, params: unknown): unknown {
    const asked = new Set<unknown>();
    mapLists(params, (list) => this.#keys.has(list as LongList) && asked.add(list));
    return mapLists(result, (list): Crossing => {
      const items = list as LongList;
      const { length } = items;
      const key = this.#keys.get(items) ?? freshKey();
      this.#keep(key, items);
      if (asked.has(items)) return { $list: key, length };
      return isIds(items) ? { $list: key, length, ids: items } : packedCrossing(pack(items, key), length);
    });
  }

  #keep(key: string, list: LongList): void {
    this.#lists.delete(key);
    this.#lists.set(key, list);
    this.#keys.set(list, key);
    let items = 0;
    for (const [each, { length }] of [...this.#lists].reverse()) {
      items += length;
      if (items > MOST_ITEMS && each !== key) this.#lists.delete(each);
    }
  }
}

export class PageLists {
  /** Keys of what the worker was sent, or has sent. */
  #known = new Set<string>();
  readonly #keys = new WeakMap<object, string>();

  /** Another worker has replaced the one that had them. */
  forgetAll(): void {
    this.#known = new Set();
  }

  send(params: unknown): unknown {
    return mapLists(params, (list) => {
      if (!isPackedList(list) && !isIds(list as LongList)) return list;
      const key = this.#keyOf(list as object) ?? freshKey();
      const { length } = list as LongList;
      const isKnown = this.#known.has(key);
      this.#known.add(key);
      if (!isPackedList(list)) this.#keys.set(list as object, key);
      if (isKnown) return { $list: key, length };
      return isPackedList(list) ? storedRows(list) : { $list: key, length, ids: list };
    });
  }

  /** @param params of the call, which has the lists that come back as keys */
  receive(result: unknown, params: unknown): unknown {
    const sent = new Map<string | undefined, unknown>();
    mapLists(params, (list) => sent.set(this.#keyOf(list as object), list));
    return mapLists(result, (list) => {
      if (!isCrossing(list)) return list;
      const { $list: key, ids, shape, buffer, blob } = list;
      this.#known.add(key);
      if (shape && buffer) return openPacked({ ...shape, buffer }, blob);
      if (ids) this.#keys.set(ids, key);
      return ids ?? sent.get(key);
    });
  }

  #keyOf(list: object): string | undefined {
    return isPackedList(list) ? list.packed.key : this.#keys.get(list);
  }
}
