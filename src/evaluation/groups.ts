import { rowsById, textOf } from '../dataset/labels';
import { textKey } from '../dataset/normalise';
import type { Dataset } from '../dataset/types';

/**
 * Rows that say the same, which are no two independent trials: the bootstrap draws them together. Undefined where every
 * text is its own.
 */
export function textGroups(dataset: Dataset, rowIds: readonly string[]): readonly number[] | undefined {
  const rows = rowsById(dataset.table.rows);
  const known = new Map<string, number>();
  const groups = rowIds.map((id) => {
    const row = rows.get(id);
    const key = row ? textKey(textOf(row, dataset.mapping)) : `row ${id}`;
    const group = known.get(key) ?? known.size;
    known.set(key, group);
    return group;
  });
  return known.size === rowIds.length ? undefined : groups;
}
