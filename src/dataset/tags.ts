/** Rows with several labels: how a cell names them. */

/** Equal keys say the same: compatibility forms, case and spacing are ignored. */
export function textKey(text: string): string {
  const folded = (isAscii(text) ? text : text.normalize('NFKC')).toLowerCase();
  return hasOddSpace(folded) ? folded.replace(/\s+/g, ' ').trim() : folded;
}

// Most texts are plain: these two tests spare them the costly steps, which counts in files of half a million rows.
const isAscii = (text: string) => !/[^\u0020-\u007e\s]/.test(text);
const hasOddSpace = (text: string) => /^\s|\s$|\s\s|[^\S ]/.test(text);

/** The label of rows without any other, against which the others are weighed. Always the last of the labels. */
export const NO_LABEL = 'none';

const SEPARATORS = [';', '|', ',', '/', '+', '&', '\n'] as const;
/** As cells are written once they are read. */
const BETWEEN = '; ';

/** Of a JSON list, or of one as Python prints it; null = the cell is no list. */
function listIn(cell: string): readonly string[] | null {
  const inside = /^\s*\[(.*)\]\s*$/s.exec(cell)?.[1];
  if (inside === undefined) return null;
  const quoted = [...inside.matchAll(/"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'/g)];
  const parts = quoted.length > 0 ? quoted.map(([, double, single]) => double ?? single ?? '') : inside.split(',');
  return parts.map((part) => part.replace(/\\(.)/g, '$1'));
}

const partsOf = (cell: string, separator: string): readonly string[] =>
  (listIn(cell) ?? cell.split(separator)).map((part) => part.trim()).filter((part) => part !== '');

/** What separates labels in cells such as `billing; delivery`: most such cells have only parts that occur in other cells too. Null = nothing does. */
export function separatorIn(cells: readonly string[]): string | null {
  const distinct = [...new Map(cells.map((cell) => [textKey(cell), cell])).values()];
  for (const separator of SEPARATORS) {
    const split = distinct.map((cell) => partsOf(cell, separator));
    const joined = split.filter((parts) => parts.length > 1);
    const times = new Map<string, number>();
    for (const key of split.flatMap((parts) => [...new Set(parts.map(textKey))]))
      times.set(key, (times.get(key) ?? 0) + 1);
    const shared = joined.filter((parts) => parts.every((part) => (times.get(textKey(part)) ?? 0) > 1));
    if (joined.length > 0 && 2 * shared.length > joined.length) return separator;
  }
  return null;
}

/** Of a column that is known to name several: else the separator that most cells have. */
export function separatorOf(cells: readonly string[]): string {
  const cellsWith = (separator: string) => cells.filter((cell) => cell.includes(separator)).length;
  const [most] = [';', '|', ',', '\n'].toSorted((a, b) => cellsWith(b) - cellsWith(a));
  return separatorIn(cells) ?? (most as string);
}

/** The labels that a cell names; `NO_LABEL` where it names none but is not blank. A label keeps no separator of cells. */
export function tagsIn(cell: string, separator: string): readonly string[] {
  const named = partsOf(cell, separator).map((part) => part.replaceAll(';', ','));
  const tags = named.filter((part) => textKey(part) !== NO_LABEL);
  return tags.length > 0 || cell.trim() === '' ? tags : [NO_LABEL];
}

export const joinTags = (tags: readonly string[]): string => tags.join(BETWEEN);

/** @param places of the tags among the labels */
export const namedTags = (places: readonly number[], labels: readonly string[]): string =>
  joinTags(places.map((place) => labels[place] ?? '')) || NO_LABEL;

/** Places of the labels that a cell names by any separator; none where it names one that is not known. */
export function knownTags(cell: string, index: ReadonlyMap<string, number>): readonly number[] {
  for (const separator of SEPARATORS) {
    const found = tagsIn(cell, separator).map((tag) => index.get(textKey(tag)));
    if (found.length > 0 && found.every((place) => place !== undefined))
      return [...new Set(found)].sort((a, b) => a - b);
  }
  return [];
}
