import { textKey } from './normalise';
import type { Row } from './types';

/**
 * Column names that are trimmed, never empty and all different: the second `text` becomes `text (2)`, an empty one
 * `column 3`. A sentence describes every change.
 */
export function uniqueHeaders(cells: readonly string[]): { columns: readonly string[]; notes: readonly string[] } {
  const columns: string[] = [];
  const notes: string[] = [];
  const wanted = cells.map((cell) => cell.trim());
  wanted.forEach((name, i) => {
    const base = name === '' ? `column ${i + 1}` : name;
    let unique = base;
    for (let n = 2; columns.includes(unique) || (unique !== base && wanted.includes(unique)); n++)
      unique = `${base} (${n})`;
    columns.push(unique);
    if (name === '') notes.push(`Column ${i + 1} has no name and is called “${unique}”.`);
    else if (unique !== name) notes.push(`Two columns are called “${name}”: the later one is shown as “${unique}”.`);
  });
  return { columns, notes };
}

/** A sentence when the header is probably the first row: one of its names is a common value of its own column. */
export function missingHeader(columns: readonly string[], rows: readonly Row[]): string | null {
  const sample = rows.slice(0, 1000);
  const suspect = columns.find((name) => {
    const key = textKey(name);
    const same = sample.filter((row) => textKey(row.cells[name] ?? '') === key).length;
    return same >= 3 && same >= 0.05 * sample.length;
  });
  return suspect === undefined
    ? null
    : `The first line looks like a row, not like column names (“${suspect}” is also a value below it). If so, put a line with names such as “text,label” above it and open the file again.`;
}
