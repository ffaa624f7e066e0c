/** Long lists of objects as a few buffers: 200,000 objects would block the page when they cross or are stored. */
import { fnv1a } from '../lib/rng';
import type { CellChange, List, Lookup, Row } from './types';

export interface PackedShape {
  readonly kind: 'rows' | 'changes';
  /** An end that has the list already need not be sent it. */
  readonly key: string;
  /** For rows. */
  readonly columns: readonly string[];
  /** Bytes: first of the parts with numbers, then of those with letters. */
  readonly sizes: readonly number[];
}

export interface Packed extends PackedShape {
  readonly buffer: ArrayBuffer;
}

const FIELDS = ['rowId', 'column', 'before', 'after'] as const satisfies readonly (keyof CellChange)[];

/** Numbers first, as they must be aligned to four bytes. */
function joined(shape: Omit<PackedShape, 'sizes'>, numbers: readonly Uint32Array[], texts: readonly PackedTexts[]) {
  const parts = [...numbers, ...texts.map(({ ends }) => ends), ...texts.map(({ bytes }) => bytes)];
  const sizes = parts.map(({ byteLength }) => byteLength);
  const all = new Uint8Array(sizes.reduce((a, b) => a + b, 0));
  let at = 0;
  for (const { buffer, byteOffset, byteLength } of parts) {
    all.set(new Uint8Array(buffer, byteOffset, byteLength), at);
    at += byteLength;
  }
  return { ...shape, sizes, buffer: all.buffer };
}

function parted({ sizes, buffer }: Packed, numberCount: number) {
  let at = 0;
  const textCount = (sizes.length - numberCount) / 2;
  const words = sizes.slice(0, numberCount + textCount).map((size) => {
    at += size;
    return new Uint32Array(buffer, at - size, size / 4);
  });
  const texts = sizes.slice(numberCount + textCount).map((size, i): PackedTexts => {
    at += size;
    return { bytes: new Uint8Array(buffer, at - size, size), ends: words[numberCount + i] as Uint32Array };
  });
  return { numbers: words.slice(0, numberCount), texts };
}

/** Looking at all of it makes all of its items, which holds up the page for some thousands. */
abstract class PackedList<T> implements List<T> {
  abstract readonly length: number;
  protected abstract item(index: number): T;

  at(index: number): T | undefined {
    const place = index < 0 ? index + this.length : index;
    return place >= 0 && place < this.length ? this.item(place) : undefined;
  }

  *[Symbol.iterator](): Iterator<T> {
    for (let i = 0; i < this.length; i++) yield this.item(i);
  }

  slice(start = 0, end = this.length): T[] {
    const inside = (i: number) => Math.max(0, Math.min(this.length, i < 0 ? i + this.length : i));
    const from = inside(start);
    return Array.from({ length: Math.max(0, inside(end) - from) }, (_, i) => this.item(from + i));
  }

  map<U>(of: (item: T, index: number) => U): U[] {
    return Array.from(this, of);
  }

  flatMap<U>(of: (item: T, index: number) => U | readonly U[]): U[] {
    return [...this].flatMap(of);
  }

  filter(keep: (item: T, index: number) => boolean): T[] {
    return [...this].filter(keep);
  }

  find(wanted: (item: T, index: number) => boolean): T | undefined {
    let i = 0;
    for (const item of this) if (wanted(item, i++)) return item;
    return undefined;
  }

  /** Exports hold the items. */
  toJSON(): T[] {
    return [...this];
  }

  some(holds: (item: T, index: number) => boolean): boolean {
    return this.find(holds) !== undefined;
  }
}

export class PackedRows extends PackedList<Row> implements Lookup<Row> {
  readonly #ids: PackedTexts;
  readonly #columns: readonly (readonly [name: string, texts: PackedTexts])[];
  /** A hash table from ids to places. */
  readonly #places: Uint32Array;
  readonly #lines: Uint32Array;
  /** @param blob the buffer as it is stored, where there is one */
  constructor(
    readonly packed: Packed,
    readonly blob: Blob | null = null,
  ) {
    super();
    const { numbers, texts } = parted(packed, 2);
    [this.#places, this.#lines] = numbers as [Uint32Array, Uint32Array];
    this.#ids = texts[0] as PackedTexts;
    this.#columns = packed.columns.map((name, i) => [name, texts[i + 1] as PackedTexts]);
  }

  get length(): number {
    return this.#lines.length;
  }

  get(id: string): Row | undefined {
    const place = findPlace(this.#places, id, (at) => textAt(this.#ids, at));
    return place === null ? undefined : this.item(place);
  }

  has(id: string): boolean {
    return this.get(id) !== undefined;
  }

  unpack(): readonly Row[] {
    const cells = this.#columns.map(([name, texts]) => [name, unpackTexts(texts)] as const);
    return unpackTexts(this.#ids).map((id, i) => ({
      id,
      line: this.#lines[i] as number,
      cells: Object.fromEntries(cells.map(([name, texts]) => [name, texts[i] ?? ''])),
    }));
  }

  protected item(index: number): Row {
    // a column may be called `__proto__`, which an assignment would not make one
    const cells = Object.fromEntries(this.#columns.map(([name, texts]) => [name, textAt(texts, index)]));
    return { id: textAt(this.#ids, index), line: this.#lines[index] as number, cells };
  }
}

class PackedChanges extends PackedList<CellChange> {
  readonly #fields: readonly PackedTexts[];

  constructor(
    readonly packed: Packed,
    readonly blob: Blob | null = null,
  ) {
    super();
    this.#fields = parted(packed, 0).texts;
  }

  get length(): number {
    return this.#fields[0]?.ends.length ?? 0;
  }

  unpack(): readonly CellChange[] {
    const [rowIds = [], columns, befores, afters] = this.#fields.map(unpackTexts);
    return rowIds.map((rowId, i) => ({
      rowId,
      column: columns?.[i] ?? '',
      before: befores?.[i] ?? '',
      after: afters?.[i] ?? '',
    }));
  }

  protected item(index: number): CellChange {
    const [rowId = '', column = '', before = '', after = ''] = this.#fields.map((texts) => textAt(texts, index));
    return { rowId, column, before, after };
  }
}

export const openPacked = (packed: Packed, blob: Blob | null = null): PackedRows | PackedChanges =>
  packed.kind === 'rows' ? new PackedRows(packed, blob) : new PackedChanges(packed, blob);

export const isPackedList = (value: unknown): value is PackedRows | PackedChanges => value instanceof PackedList;

const isRows = (list: readonly Row[] | readonly CellChange[]): list is readonly Row[] =>
  list[0] !== undefined && 'cells' in list[0];

export function pack(list: readonly Row[] | readonly CellChange[], key: string): Packed {
  if (isRows(list)) return packRows(list, key);
  const texts = FIELDS.map((field) => packTexts(list.length, (i) => list[i]?.[field] ?? ''));
  return joined({ kind: 'changes', key, columns: [] }, [], texts);
}

function packRows(rows: readonly Row[], key: string): Packed {
  const names = new Set<string>();
  for (const { cells } of rows) for (const name of Object.keys(cells)) names.add(name);
  const columns = [...names];
  const idAt = (i: number) => rows[i]?.id ?? '';
  return joined(
    { kind: 'rows', key, columns },
    [placesByName(rows.length, idAt), Uint32Array.from(rows, ({ line }) => line)],
    [packTexts(rows.length, idAt), ...columns.map((name) => packTexts(rows.length, (i) => rows[i]?.cells[name] ?? ''))],
  );
}

interface PackedTexts {
  /** UTF-8, one text after the other. */
  readonly bytes: Uint8Array;
  /** Offset in bytes behind each text. */
  readonly ends: Uint32Array;
}

/** A letter of UTF-16 takes at most so many bytes of UTF-8. */
const MOST_BYTES = 3;

/** Half characters of malformed UTF-16 are lost. */
export function packTexts(count: number, textAt: (index: number) => string): PackedTexts {
  const encoder = new TextEncoder();
  const ends = new Uint32Array(count);
  let bytes = new Uint8Array(1024);
  let end = 0;
  for (let i = 0; i < count; i++) {
    const text = textAt(i);
    const most = end + MOST_BYTES * text.length;
    if (most > bytes.length) {
      const larger = new Uint8Array(2 * most);
      larger.set(bytes.subarray(0, end));
      bytes = larger;
    }
    end += encoder.encodeInto(text, bytes.subarray(end)).written;
    ends[i] = end;
  }
  return { bytes: bytes.slice(0, end), ends };
}

// a byte order mark at the start of a text is a part of it
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

export const textAt = ({ bytes, ends }: PackedTexts, index: number): string =>
  decoder.decode(bytes.subarray(index === 0 ? 0 : ends[index - 1], ends[index]));

export function unpackTexts({ bytes, ends }: PackedTexts): string[] {
  const all = decoder.decode(bytes);
  // one byte a letter: the offsets in bytes are those in letters
  if (all.length === bytes.length) return Array.from(ends, (end, i) => all.slice(i === 0 ? 0 : ends[i - 1], end));
  return Array.from(ends, (_, i) => textAt({ bytes, ends }, i));
}
/** The low bits choose the slot: the high ones must reach them. */
function hash(name: string): number {
  const sum = fnv1a(name);
  return (sum ^ (sum >>> 15)) >>> 0;
}

/** A hash table with open addressing; slots hold the place plus one, 0 = free. Of a name that occurs twice the first counts. */
export function placesByName(count: number, nameAt: (place: number) => string): Uint32Array {
  const size = 2 ** Math.ceil(Math.log2(2 * count + 2));
  const slots = new Uint32Array(size);
  for (let place = 0; place < count; place++) {
    let slot = hash(nameAt(place)) & (size - 1);
    while (slots[slot] !== 0) slot = (slot + 1) & (size - 1);
    slots[slot] = place + 1;
  }
  return slots;
}

export function findPlace(slots: Uint32Array, name: string, nameAt: (place: number) => string): number | null {
  const mask = slots.length - 1;
  for (let slot = hash(name) & mask; slots[slot]; slot = (slot + 1) & mask) {
    const place = (slots[slot] as number) - 1;
    if (nameAt(place) === name) return place;
  }
  return null;
}
