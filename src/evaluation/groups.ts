import { rowsById } from '../dataset/labels';
import { together } from '../dataset/split-by';
import type { Dataset, Row } from '../dataset/types';

/** The column whose equal cells keep rows together in the split, if there is one. */
export const groupColumn = ({ splitBy }: Pick<Dataset, 'splitBy'>): string | null =>
  splitBy?.kind === 'group' ? splitBy.column : null;

/**
 * Group index of each row: rows that say the same, or that the split keeps together, are no independent trials, and the
 * bootstrap draws them together. Undefined where every row stands alone.
 */
export function rowGroups(dataset: Dataset, rowIds: readonly string[]): readonly number[] | undefined {
  const known = rowsById(dataset.table.rows);
  const rows = rowIds.map((id) => known.get(id)).filter((row): row is Row => row !== undefined);
  const groups = together(rows, dataset.mapping, groupColumn(dataset));
  if (groups.length === rows.length) return undefined;
  const index = new Map(groups.flatMap((group, g) => group.map(({ id }) => [id, g] as const)));
  // a row that is gone stands alone
  let next = groups.length;
  return rowIds.map((id) => index.get(id) ?? next++);
}
