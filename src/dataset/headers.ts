/**
 * Column names that are trimmed, never empty and all different: the second `text` becomes `text (2)`, an empty one
 * `column 3`. Every change is told in a sentence.
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
