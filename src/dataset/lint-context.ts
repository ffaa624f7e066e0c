/** What the rules of `lint.ts` look at, and how they say what they found. */
import { isUsable, labelOf, type Spellings, textKeyOf, textOf } from './labels';
import type { Dataset, LintFinding, LintKind, Row } from './types';

/** Below this nothing can be trained and checked. */
export const MIN_ROWS = 10;
export const MAX_CLASSES = 100;

export interface Context {
  readonly dataset: Dataset;
  readonly spellings: readonly Spellings[];
  readonly usable: readonly Row[];
  /** Usable rows that say the same, by text. */
  readonly sameText: ReadonlyMap<string, readonly Row[]>;
  /** Text and label column look swapped: then most other findings would only confuse. */
  readonly swapped: boolean;
}

export type Rule = (context: Context) => readonly LintFinding[];

export const plural = (n: number, one: string, many = `${one}s`) => `${n.toLocaleString('en')} ${n === 1 ? one : many}`;
export const percent = (share: number) => `${Math.round(100 * share)}%`;
export const quote = (text: string, length = 40) =>
  `“${text.length > length ? `${text.slice(0, length - 1).trimEnd()}…` : text}”`;
export const listed = (items: readonly string[], most = 4) =>
  items.length <= most ? items.join(', ') : `${items.slice(0, most).join(', ')} and ${items.length - most} more`;

export const finding = (
  kind: LintKind,
  severity: LintFinding['severity'],
  title: string,
  advice: string,
  rows: readonly Row[] = [],
  fix?: LintFinding['fix'],
): LintFinding => ({ kind, severity, title, advice, rowIds: rows.map((row) => row.id), ...(fix ? { fix } : {}) });

/** An ID or free text taken as the label: most labels occur once. */
export const labelsHardlyRepeat = ({ dataset, usable }: Pick<Context, 'dataset' | 'usable'>) =>
  usable.length >= MIN_ROWS && dataset.labels.length > usable.length / 2;

function looksSwapped({ dataset, usable, sameText }: Omit<Context, 'swapped'>): boolean {
  if (usable.length < 4) return false;
  const { mapping, labels } = dataset;
  const words = (of: (row: Row) => string) =>
    usable.reduce((sum, row) => sum + of(row).trim().split(/\s+/).length, 0) / usable.length;
  const text = (row: Row) => textOf(row, mapping);
  const label = (row: Row) => labelOf(row, mapping);
  return sameText.size <= Math.min(50, labels.length / 2) && words(label) > words(text) + 1;
}

export function contextOf(dataset: Dataset, spellings: readonly Spellings[]): Context {
  const usable = dataset.table.rows.filter((row) => isUsable(row, dataset.mapping));
  const sameText = new Map<string, Row[]>();
  for (const row of usable) {
    const key = textKeyOf(row, dataset.mapping);
    const rows = sameText.get(key);
    if (rows) rows.push(row);
    else sameText.set(key, [row]);
  }
  const facts = { dataset, spellings, usable, sameText };
  return { ...facts, swapped: looksSwapped(facts) };
}
