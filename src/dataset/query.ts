/** Which rows of a table are shown, and in which order. */
import { type ColumnMapping, type Dataset, type Issue, PARTS, type Row, type Rows, type SplitName } from './types';

export type RowSort = 'file' | 'label' | 'text' | 'longest' | 'part';

export interface RowQuery {
  readonly part: SplitName | null;
  readonly ids: readonly string[] | null;
  /** Searched in text, label and id, ignoring case; before columns are known, in any cell. */
  readonly search: string;
  readonly sort: RowSort;
}

interface Queried {
  readonly rows: Rows;
  readonly mapping: ColumnMapping | null;
  readonly split: Dataset['split'] | null;
}

/** Kept as long as their rows: typing into the search asks again at every letter. */
interface Known {
  readonly orders: Map<string, Uint32Array>;
  readonly lower: Map<string, readonly string[]>;
  parts: { readonly split: Dataset['split']; readonly of: Uint8Array } | null;
}
const known = new WeakMap<Rows, Known>();

function knownOf(rows: Rows): Known {
  const found = known.get(rows) ?? { orders: new Map(), lower: new Map(), parts: null };
  known.set(rows, found);
  return found;
}

function kept<T>(map: Map<string, T>, key: string, make: () => T): T {
  const found = map.get(key) ?? make();
  map.set(key, found);
  return found;
}

/** Index into `PARTS` of each row; one more for rows of no part. */
export function rowParts({ rows, split }: Queried): Uint8Array {
  const kept = knownOf(rows);
  if (kept.parts && split && PARTS.every((part) => kept.parts?.split[part] === split[part])) return kept.parts.of;
  const byId = new Map<string, number>();
  PARTS.forEach((part, i) => {
    for (const id of split?.[part] ?? []) byId.set(id, i);
  });
  const of = Uint8Array.from(rows.map(({ id }) => byId.get(id) ?? PARTS.length));
  if (split) kept.parts = { split, of };
  kept.orders.delete('part');
  return of;
}

const lowerCells = (rows: Rows, column: string): readonly string[] =>
  kept(knownOf(rows).lower, column, () => rows.map((row) => (row.cells[column] ?? '').toLowerCase()));

/** Row places by a number, then by a text, then as in the file. */
function orderBy(numbers: Float64Array, texts: readonly string[] | null): Uint32Array {
  return Uint32Array.from(numbers, (_, i) => i).sort((a, b) => {
    const difference = (numbers[a] as number) - (numbers[b] as number);
    if (difference !== 0 || texts === null) return difference || a - b;
    const [x, y] = [texts[a] as string, texts[b] as string];
    return x < y ? -1 : x > y ? 1 : a - b;
  });
}

/** The first three UTF-16 units as a number that sorts as they do: comparing numbers is several times faster. */
const prefix = (text: string) =>
  ((text.charCodeAt(0) || 0) * 65536 + (text.charCodeAt(1) || 0)) * 65536 + (text.charCodeAt(2) || 0);

function orderOf(table: Queried, { text, label }: ColumnMapping, sort: Exclude<RowSort, 'file'>): Uint32Array {
  const { rows } = table;
  if (sort === 'part') {
    const parts = rowParts(table); // forgets the order where the parts are others now
    return kept(knownOf(rows).orders, sort, () => orderBy(Float64Array.from(parts), null));
  }
  return kept(knownOf(rows).orders, `${sort} ${sort === 'label' ? label : text}`, () => {
    if (sort === 'longest') return orderBy(Float64Array.from(rows.map((row) => -(row.cells[text]?.length ?? 0))), null);
    const cells = lowerCells(rows, sort === 'label' ? label : text);
    return orderBy(Float64Array.from(cells, prefix), cells);
  });
}

export function queryRows(table: Queried, { part, ids, search, sort }: RowQuery): Uint32Array {
  const { rows, mapping } = table;
  const order = sort === 'file' || mapping === null ? null : orderOf(table, mapping, sort);
  const parts = part === null ? null : rowParts(table);
  const wantedPart = part === null ? -1 : PARTS.indexOf(part);
  const wantedIds = ids === null ? null : new Set(ids);
  const wanted = search.trim().toLowerCase();
  const columns = mapping ? [mapping.text, mapping.label] : Object.keys(rows.at(0)?.cells ?? {});
  const cells = wanted === '' ? [] : columns.map((column) => lowerCells(rows, column));
  const out = new Uint32Array(rows.length);
  let found = 0;
  for (let at = 0; at < rows.length; at++) {
    const i = order ? (order[at] as number) : at;
    const { id } = rows.at(i) as Row;
    if (parts && parts[i] !== wantedPart) continue;
    if (wantedIds && !wantedIds.has(id)) continue;
    const isHit =
      wanted === '' ||
      cells.some((column) => column[i]?.includes(wanted)) ||
      (mapping !== null && id.toLowerCase().includes(wanted));
    if (isHit) out[found++] = i;
  }
  return out.slice(0, found);
}

/** @param filter `all`, a part of the split, or a kind of issue */
export function filterQuery(filter: string, issues: readonly Issue[]): Pick<RowQuery, 'part' | 'ids'> {
  const part = PARTS.find((name) => name === filter) ?? null;
  const [first, ...more] = issues.filter(({ kind, rowIds }) => kind === filter && rowIds.length > 0);
  if (!first) return { part, ids: null };
  return { part, ids: more.length === 0 ? first.rowIds : [first, ...more].flatMap(({ rowIds }) => rowIds) };
}
