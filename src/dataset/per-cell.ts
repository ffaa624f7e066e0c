import type { Row } from './types';

/**
 * Remembers a value computed from a cell as long as its row exists: rows are never changed, and when one cell is, all
 * other rows stay the same objects.
 */
export function perCell<T>(of: (cell: string) => T): (row: Row, column: string) => T {
  const columns = new Map<string, WeakMap<Row, T>>();
  return (row, column) => {
    let known = columns.get(column);
    if (!known) {
      known = new WeakMap();
      columns.set(column, known);
    }
    const found = known.get(row);
    if (found !== undefined) return found;
    const made = of(row.cells[column] ?? '');
    known.set(row, made);
    return made;
  };
}
