/**
 * Which tokens of a rendered prompt come from the row itself: those that touch the last place where one of its cells
 * stands. All false where tokens cannot be laid over the text (a letter cut into bytes).
 */
export function ownPieces(text: string, pieces: readonly string[], cells: readonly string[]): readonly boolean[] {
  if (pieces.join('') !== text) return pieces.map(() => false);
  const ranges = cells.flatMap((cell) => {
    const start = cell.trim() === '' ? -1 : text.lastIndexOf(cell);
    return start < 0 ? [] : [[start, start + cell.length] as const];
  });
  let at = 0;
  return pieces.map((piece) => {
    const [from, to] = [at, at + piece.length];
    at = to;
    return ranges.some(([start, end]) => from < end && start < to);
  });
}
