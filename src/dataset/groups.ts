/** Rows that must stay in one part of a split: with the same text, with almost the same text, or with the same cell in a column. */
import { stratumOf, textKey, textKeyOf } from './labels';
import { twinFamilies } from './near-twins';
import type { ColumnMapping, Row, SplitName } from './types';

type Groups = readonly (readonly Row[])[];

/** Rows of each part. */
export type Parts = Readonly<Record<SplitName, readonly Row[]>>;

export const PARTS: readonly SplitName[] = ['train', 'validation', 'test'];

/**
 * The rows in groups: the same text, the same cell of the column, or one family of near-twins, directly or through a third
 * row. In the order of their first rows.
 * @param column null = none
 */
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
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const top = find(textOf(row));
    const group = groups.get(top);
    if (group) group.push(row);
    else groups.set(top, [row]);
  }
  return [...groups.values()];
}

/** Rows of each label, by its key. */
export function labelTally(rows: readonly Row[], mapping: ColumnMapping): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const row of rows) {
    const key = textKey(stratumOf(row, mapping));
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

/** Half of a share, and all of one row. */
const least = (share: number): number => Math.min(Math.floor(share), Math.ceil(share / 2));

/** Whether every part has at least half of its rows, and half of its share of every label. */
function isFair(parts: Parts, mapping: ColumnMapping, sizes: Readonly<Record<SplitName, number>>): boolean {
  const rows = PARTS.flatMap((part) => parts[part]);
  const labels = labelTally(rows, mapping);
  return PARTS.every((part) => {
    const has = labelTally(parts[part], mapping);
    const share = sizes[part] / rows.length;
    return (
      parts[part].length >= least(sizes[part]) &&
      [...labels].every(([label, n]) => (has.get(label) ?? 0) >= least(n * share))
    );
  });
}

/**
 * A split that keeps families of near-twins together. Where a part would have less than half of its share of a label, the
 * largest families fall apart, half by half: a file of one template per label has no other split.
 * @param sizes rows of each part @param split the parts, with these families kept together
 */
export function keepingTwins(
  rows: readonly Row[],
  mapping: ColumnMapping,
  sizes: Readonly<Record<SplitName, number>>,
  split: (families: Groups) => Parts,
): Parts {
  let { families } = twinFamilies(rows, mapping);
  for (;;) {
    const parts = split(families);
    if (families.length === 0 || isFair(parts, mapping, sizes)) return parts;
    const largest = families.reduce((most, { length }) => Math.max(most, length), 0);
    families = families.filter(({ length }) => length <= largest / 2);
  }
}
