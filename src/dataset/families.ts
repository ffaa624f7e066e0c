/** Rows with the same text, near-twins, or the same cell of the column that the split keeps together. */
import { groupBy } from '../lib/collect';
import { rowsOf, textKey, textKeyOf } from './labels';
import { twinFamilies } from './near-twins';
import type { ColumnMapping, Dataset, Row, Rows } from './types';

export type Groups = readonly (readonly Row[])[];

export const groupColumn = ({ splitBy }: Pick<Dataset, 'splitBy'>): string | null =>
  splitBy.kind === 'group' ? splitBy.column : null;

/** Directly or through a third row, in the order of their first rows. */
export function together(
  rows: readonly Row[],
  mapping: ColumnMapping,
  column: string | null,
  families: Groups = [],
): Groups {
  const leader = new Map<string, string>();
  const find = (key: string): string => {
    let at = key;
    for (let up = leader.get(at); up !== undefined && up !== at; up = leader.get(at)) at = up;
    leader.set(key, at);
    return at;
  };
  const textOf = (row: Row) => `t${textKeyOf(row, mapping)}`;
  for (const row of rows) {
    const cell = column === null ? '' : textKey(row.cells[column] ?? '');
    if (cell !== '') leader.set(find(`g${cell}`), find(textOf(row)));
  }
  for (const [first, ...others] of families)
    for (const row of others) leader.set(find(textOf(row)), find(textOf(first as Row)));
  return [...groupBy(rows, (row) => find(textOf(row))).values()];
}

type Placed = Pick<Dataset, 'table' | 'mapping' | 'split' | 'splitBy'>;

interface Known {
  readonly of: string;
  readonly split: Dataset['split'];
  readonly families: ReadonlyMap<string, number>;
}

const known = new WeakMap<Rows, Known>();

/** Family by row id. Test rows come first, since the search for near-twins ends early in very large files. */
export function familiesOf({ table, mapping, split, splitBy }: Placed): ReadonlyMap<string, number> {
  const column = groupColumn({ splitBy });
  const of = JSON.stringify([mapping.text, mapping.label, mapping.task, column]);
  const found = known.get(table.rows);
  if (found?.of === of && found.split === split) return found.families;
  const placed = rowsOf({ table, split }, [...split.test, ...split.validation, ...split.train]);
  const groups = together(placed, mapping, column, twinFamilies(placed, mapping).families);
  const families = new Map(groups.flatMap((group, family) => group.map(({ id }) => [id, family] as const)));
  known.set(table.rows, { of, split, families });
  return families;
}

/** By the places of the rows; `seen` are in a family with a row that trained or chose a prompt. */
export interface RowsBeside {
  readonly families: readonly number[];
  readonly seen: readonly number[];
}

export function besideKnown(rows: readonly Row[], known: readonly Row[], mapping: ColumnMapping): RowsBeside {
  const all = [...rows, ...known];
  const groups = together(all, mapping, null, twinFamilies(all, mapping).families);
  const before = new Set(known);
  const families = new Map(groups.flatMap((group, family) => group.map((row) => [row, family] as const)));
  const met = new Set(groups.flatMap((group, family) => (group.some((row) => before.has(row)) ? [family] : [])));
  return {
    families: rows.map((row) => families.get(row) as number),
    seen: rows.flatMap((row, i) => (met.has(families.get(row) as number) ? [i] : [])),
  };
}
