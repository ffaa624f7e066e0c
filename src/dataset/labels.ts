import { textKey } from './normalise';
import type { ColumnMapping, Dataset, Row } from './types';

/** Spellings of one label, the commonest first. */
export interface Spellings {
  readonly label: string;
  readonly spellings: readonly string[];
}

const cell = (row: Row, column: string) => row.cells[column] ?? '';

/**
 * The label set in order of first appearance. Cells that differ only in case, spacing or Unicode form are one label,
 * spelled as most rows spell it.
 */
export function labelSet(rows: readonly Row[], column: string): readonly Spellings[] {
  const counts = new Map<string, Map<string, number>>();
  for (const row of rows) {
    const raw = cell(row, column);
    const key = textKey(raw);
    if (key === '') continue;
    const spellings = counts.get(key) ?? new Map<string, number>();
    spellings.set(raw, (spellings.get(raw) ?? 0) + 1);
    counts.set(key, spellings);
  }
  return [...counts.values()].map((spellings) => {
    const trimmed = new Map<string, number>();
    for (const [raw, n] of spellings) trimmed.set(raw.trim(), (trimmed.get(raw.trim()) ?? 0) + n);
    const [label] = [...trimmed].sort((a, b) => b[1] - a[1])[0] as [string, number];
    const raws = [...spellings].sort((a, b) => b[1] - a[1]).map(([raw]) => raw);
    return { label, spellings: raws };
  });
}

/** Rows with the label cell in its common spelling; untouched rows are the same objects. */
export function withCommonSpelling(rows: readonly Row[], column: string, set: readonly Spellings[]): readonly Row[] {
  const common = new Map(set.map(({ label }) => [textKey(label), label]));
  return rows.map((row) => {
    const raw = cell(row, column);
    const label = common.get(textKey(raw)) ?? raw;
    return label === raw ? row : { ...row, cells: { ...row.cells, [column]: label } };
  });
}

export const textOf = (row: Row, mapping: ColumnMapping): string => cell(row, mapping.text);
export const labelOf = (row: Row, mapping: ColumnMapping): string => cell(row, mapping.label);

/** Row -> index into `dataset.labels`, or null for a row without a label of the set. */
export function labelIndexer(dataset: Pick<Dataset, 'labels' | 'mapping'>): (row: Row) => number | null {
  const index = new Map(dataset.labels.map((label, i) => [textKey(label), i]));
  return (row) => index.get(textKey(labelOf(row, dataset.mapping))) ?? null;
}

/** A row that can be learned from: it has a text and a label. */
export const isUsable = (row: Row, mapping: ColumnMapping): boolean =>
  textOf(row, mapping).trim() !== '' && labelOf(row, mapping).trim() !== '';

/** Rows by id. */
export const rowsById = (rows: readonly Row[]): ReadonlyMap<string, Row> => new Map(rows.map((row) => [row.id, row]));

export interface ClassShare {
  readonly label: string;
  readonly rows: number;
  readonly share: number;
}

/** Rows of each label among the usable ones, in the order of the label set. */
export function classBalance(dataset: Dataset): readonly ClassShare[] {
  const indexOf = labelIndexer(dataset);
  const counts = dataset.labels.map(() => 0);
  for (const row of dataset.table.rows) {
    const i = isUsable(row, dataset.mapping) ? indexOf(row) : null;
    if (i !== null) counts[i] = (counts[i] as number) + 1;
  }
  const total = counts.reduce((a, b) => a + b, 0);
  return dataset.labels.map((label, i) => {
    const rows = counts[i] as number;
    return { label, rows, share: total === 0 ? 0 : rows / total };
  });
}
