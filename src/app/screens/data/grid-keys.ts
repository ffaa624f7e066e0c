/** Where the arrow keys lead in a grid. Pure. */
export interface Place {
  readonly row: number;
  readonly column: number;
}

const PAGE = 10;

/** The place after a key, within the grid; null for keys that do not move. Source: WAI-ARIA practices, data grids. */
export function placeAfter(
  { key, ctrlKey, metaKey }: { readonly key: string; readonly ctrlKey: boolean; readonly metaKey: boolean },
  { row, column }: Place,
  size: { readonly rows: number; readonly columns: number },
): Place | null {
  const to = (r: number, c: number): Place => ({
    row: Math.max(0, Math.min(size.rows - 1, r)),
    column: Math.max(0, Math.min(size.columns - 1, c)),
  });
  const far = ctrlKey || metaKey;
  switch (key) {
    case 'ArrowUp':
      return to(row - 1, column);
    case 'ArrowDown':
      return to(row + 1, column);
    case 'ArrowLeft':
      return to(row, column - 1);
    case 'ArrowRight':
      return to(row, column + 1);
    case 'PageUp':
      return to(row - PAGE, column);
    case 'PageDown':
      return to(row + PAGE, column);
    case 'Home':
      return far ? to(0, 0) : to(row, 0);
    case 'End':
      return far ? to(size.rows - 1, size.columns - 1) : to(row, size.columns - 1);
    default:
      return null;
  }
}
