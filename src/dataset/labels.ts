import { countBy, groupBy } from '../lib/collect';
import { PackedRows } from './packed';
import { knownTags, textKey } from './tags';
import { generates } from './task-facts';
import { type ColumnMapping, type Dataset, type Lookup, mapped, type Row, type Rows, type SplitName } from './types';

export { textKey };

/** The text with lone surrogates replaced, since UTF-8 cannot encode them. */
export const wellFormed = (text: string): string => text.replace(/\p{Surrogate}/gu, '\ufffd');

/** Remembers a value as long as its row exists; rows are replaced, never changed. */
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

/** The most frequent first. */
export interface Spellings {
  readonly label: string;
  readonly spellings: readonly string[];
}

const keyOf = perCell(textKey);
const cell = (row: Row, column: string) => row.cells[column] ?? '';

/** Numbers by their value; ties by code units. */
const inAlphabet = new Intl.Collator('en', { numeric: true });
const byName = (a: string, b: string): number => inAlphabet.compare(a, b) || (a < b ? -1 : 1);
const byCount = (a: readonly [string, number], b: readonly [string, number]): number =>
  b[1] - a[1] || byName(a[0], b[0]);

/** In alphabetical order, so that it does not depend on the file's order; spelled as most rows spell it. */
export function labelSet(rows: Rows, column: string): readonly Spellings[] {
  const labelled = groupBy(rows, (row) => keyOf(row, column));
  labelled.delete('');
  const keys = [...labelled].sort(([a], [b]) => byName(a, b));
  return keys.map(([, own]) => {
    const raws = own.map((row) => cell(row, column));
    const byFrequency = (texts: readonly string[]) => [...countBy(texts)].sort(byCount).map(([text]) => text);
    return { label: byFrequency(raws.map((raw) => raw.trim()))[0] ?? '', spellings: byFrequency(raws) };
  });
}

export function withCommonSpelling(rows: Rows, column: string, set: readonly Spellings[]): Rows {
  const common = new Map(set.map(({ label }) => [textKey(label), label]));
  return mapped(rows, (row) => {
    const raw = cell(row, column);
    const label = common.get(keyOf(row, column)) ?? raw;
    return label === raw ? row : { ...row, cells: { ...row.cells, [column]: label } };
  });
}

export const textOf = (row: Row, mapping: ColumnMapping): string => cell(row, mapping.text);
export const textKeyOf = (row: Row, mapping: ColumnMapping): string => keyOf(row, mapping.text);
export const labelOf = (row: Row, mapping: ColumnMapping): string => cell(row, mapping.label);

type Labelled = Pick<Dataset, 'labels' | 'mapping'>;

/** Every label of a row, in the order of the labels; none where it has none that is known. */
export function labelsIndexer({ labels, mapping }: Labelled): (row: Row) => readonly number[] {
  const index = new Map(labels.map((label, i) => [textKey(label), i]));
  if (mapping.task === 'tag') return (row) => knownTags(labelOf(row, mapping), index);
  return (row) => {
    const found = index.get(keyOf(row, mapping.label));
    return found === undefined ? [] : [found];
  };
}

/** The first of its labels. */
export function labelIndexer(dataset: Labelled): (row: Row) => number | null {
  const labelsAt = labelsIndexer(dataset);
  return (row) => labelsAt(row)[0] ?? null;
}

function countedLabels(dataset: Labelled, rows: readonly Row[]): number[] {
  const labelsAt = labelsIndexer(dataset);
  const counts = dataset.labels.map(() => 0);
  for (const label of rows.flatMap(labelsAt)) counts[label] = (counts[label] ?? 0) + 1;
  return counts;
}

export function labelCounts(dataset: Pick<Dataset, 'labels' | 'mapping' | 'table'>, ids: readonly string[]): number[] {
  const byId = rowsById(dataset.table.rows);
  return countedLabels(
    dataset,
    ids.flatMap((id) => byId.get(id) ?? []),
  );
}

export const isUsable = (row: Row, mapping: ColumnMapping): boolean =>
  textOf(row, mapping).trim() !== '' && labelOf(row, mapping).trim() !== '';

const indices = new WeakMap<Rows, Lookup<Row>>();

export function rowsById(rows: Rows): Lookup<Row> {
  if (rows instanceof PackedRows) return rows;
  const known = indices.get(rows) ?? new Map(rows.map((row) => [row.id, row]));
  indices.set(rows, known);
  return known;
}

/** Rows that are gone drop out. */
export function rowsOf(
  { table, split }: Pick<Dataset, 'table' | 'split'>,
  of: SplitName | readonly string[],
): readonly Row[] {
  const byId = rowsById(table.rows);
  return (typeof of === 'string' ? split[of] : of).flatMap((id) => byId.get(id) ?? []);
}

export function textById(
  dataset: Pick<Dataset, 'table' | 'mapping'> | null,
  isGone = ' (its text is no longer in this browser)',
): (id: string) => string {
  const rows = rowsById(dataset?.table.rows ?? []);
  return (id) => {
    const row = rows.get(id);
    return row && dataset ? textOf(row, dataset.mapping) : `Row ${id}${isGone}`;
  };
}

export interface ClassShare {
  readonly label: string;
  readonly rows: number;
  readonly share: number;
}

export function classBalance(dataset: Dataset): readonly ClassShare[] {
  const labelsAt = labelsIndexer(dataset);
  const usable = dataset.table.rows.filter((row) => isUsable(row, dataset.mapping) && labelsAt(row).length > 0);
  const counts = countedLabels(dataset, usable);
  return dataset.labels.map((label, i) => {
    const rows = counts[i] as number;
    return { label, rows, share: usable.length === 0 ? 0 : rows / usable.length };
  });
}

/** -1 for a row without a label. */
export function goldOf(dataset: Pick<Dataset, 'labels' | 'mapping' | 'table'>, rowIds: readonly string[]): number[] {
  const byId = rowsById(dataset.table.rows);
  const indexOf = labelIndexer(dataset);
  return rowIds.map((id) => {
    const row = byId.get(id);
    return (row && indexOf(row)) ?? -1;
  });
}

export const writes = (mapping: Pick<ColumnMapping, 'task'>): boolean => generates(mapping.task);

/** One line, as the end of a line ends an answer. */
export const targetOf = (row: Row, mapping: ColumnMapping): string =>
  labelOf(row, mapping)
    .trim()
    .replace(/\s*[\n\r\u2028\u2029]+\s*/g, ' ');

/** Parts of a split are alike in their labels; texts to be written have no kinds. */
export const stratumOf = (row: Row, mapping: ColumnMapping): string => (writes(mapping) ? '' : labelOf(row, mapping));
