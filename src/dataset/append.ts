/**
 * New labelled rows for an open data set become training rows, so that prompts trained before and after are measured on the
 * same unseen rows. Where nothing could be trained and tested yet, they are dealt out to all parts.
 */
import { countBy } from '../lib/collect';
import { count } from '../lib/format';
import { type Failure, fail, ok, type Result } from '../lib/result';
import { rowsRead, without } from './account';
import { inDrawnOrder } from './draw';
import { isUsable, rowsOf, textKey, textKeyOf, writes } from './labels';
import { MIN_ROWS } from './lint/define';
import { nearTwins } from './near-twins';
import { partNamed } from './split-by';
import { type Change, type Dataset, MAX_ROWS, type Row, type RowAccount, type Table } from './types';

export type AddRows = Extract<Change, { readonly kind: 'add-rows' }>;

type Reason = 'empty' | 'label' | 'part' | 'same' | 'contradicts' | 'almost';

/** The first that applies counts. */
const REASONS: Readonly<Record<Reason, (rows: number) => string>> = {
  empty: () => 'without a text or an answer',
  label: () => 'with a label that no row has yet',
  part: (rows) => `that ${rows === 1 ? 'belongs' : 'belong'} to validation or test`,
  same: () => 'with the text of a row that is here',
  contradicts: () => 'with the text of a row that is here and another answer',
  almost: (rows) => `that almost ${rows === 1 ? 'repeats' : 'repeat'} a row that is here`,
};

export interface NewRows {
  readonly rows: readonly Row[];
  readonly leftOut: ReadonlyMap<Reason, number>;
}

export function addedRows(dataset: Dataset, change: AddRows, table: Pick<Table, 'rows' | 'rejected'>): RowAccount {
  const found = newRows(dataset, change);
  const rows = (...reasons: readonly Reason[]) =>
    found.ok ? reasons.reduce((sum, reason) => sum + (found.value.leftOut.get(reason) ?? 0), 0) : 0;
  const known = without(without(rowsRead(table, dataset.mapping), 'unknown', rows('label')), 'part', rows('part'));
  return without(known, 'repeat', rows('same', 'contradicts', 'almost'));
}

/** "left out: 3 with the text of a row that is here, 1 that almost repeats a row that is here"; empty where none is. */
export const leftOutWords = (leftOut: NewRows['leftOut']): string =>
  leftOut.size === 0
    ? ''
    : `left out: ${[...leftOut].map(([reason, n]) => `${count(n)} ${REASONS[reason](n)}`).join(', ')}`;

export const isTooSmall = ({ table, mapping, labels, split }: Dataset): boolean =>
  table.rows.filter((row) => isUsable(row, mapping)).length < MIN_ROWS ||
  (!writes(mapping) && labels.length < 2) ||
  split.train.length === 0 ||
  split.test.length === 0;

/** Whether a row's own cells put it into another part: a named one, or that of its customer or thread. */
function isElsewhere(dataset: Dataset): (row: Row) => boolean {
  const { splitBy } = dataset;
  if (splitBy.kind === 'seed') return () => false;
  const { column } = splitBy;
  const cellOf = (row: Row) => row.cells[column] ?? '';
  if (splitBy.kind === 'column') return (row) => (partNamed(cellOf(row)) ?? 'train') !== 'train';
  const held = rowsOf(dataset, [...dataset.split.validation, ...dataset.split.test]);
  const groups = new Set(held.map((row) => textKey(cellOf(row))));
  groups.delete('');
  return (row) => groups.has(textKey(cellOf(row)));
}

function fitted({ table, mapping, labels }: Dataset, { rows, columns }: AddRows): readonly Row[] {
  const spelled = new Map(labels.map((label) => [textKey(label), label]));
  const shared = table.columns.filter((name) => columns.includes(name));
  return rows.map(({ line, cells }) => {
    const own = Object.fromEntries(shared.map((name) => [name, cells[name] ?? '']));
    const answer = own[mapping.label] ?? '';
    return { id: '', line, cells: { ...own, [mapping.label]: spelled.get(textKey(answer)) ?? answer } };
  });
}

function refusing(dataset: Dataset): (row: Row) => Reason | null {
  const { mapping, split, labels } = dataset;
  const placed = rowsOf(dataset, Object.values(split).flat());
  const answers = new Map(placed.map((row) => [textKeyOf(row, mapping), row.cells[mapping.label] ?? '']));
  const isOther = isElsewhere(dataset);
  const isOpen = isTooSmall(dataset);
  return (row) => {
    const answer = row.cells[mapping.label] ?? '';
    if (!isUsable(row, mapping)) return 'empty';
    if (!isOpen && !writes(mapping) && !labels.includes(answer)) return 'label';
    if (!isOpen && isOther(row)) return 'part';
    const key = textKeyOf(row, mapping);
    const known = answers.get(key);
    answers.set(key, known ?? answer);
    return known === undefined ? null : known === answer ? 'same' : 'contradicts';
  };
}

export function newRows(dataset: Dataset, change: AddRows): Result<NewRows, Failure<'no-column' | 'too-many-rows'>> {
  const { table, mapping, split, seed } = dataset;
  const missing = [mapping.text, mapping.label].find((name) => !change.columns.includes(name));
  if (missing !== undefined)
    return fail(
      'no-column',
      `${change.from} has no column “${missing}”; it has ${change.columns.map((name) => `“${name}”`).join(', ')}. Rows are added from a file with the same columns.`,
    );
  if (table.rows.length + change.rows.length > MAX_ROWS)
    return fail(
      'too-many-rows',
      `With these there would be more than ${count(MAX_ROWS)} rows. Add fewer: a few thousand labelled rows are plenty.`,
    );
  const refusal = refusing(dataset);
  const judged = fitted(dataset, change).map((row) => ({ row, reason: refusal(row) }));
  const fresh = judged.flatMap(({ row, reason }) => (reason === null ? [row] : []));
  // rows that are dealt out are kept together with their twins
  const beside = isTooSmall(dataset) ? [] : rowsOf(dataset, Object.values(split).flat());
  const twins = new Set(beside.length === 0 ? [] : nearTwins(fresh, beside, mapping).asked);
  const leftOut = countBy([
    ...judged.flatMap(({ reason }) => reason ?? []),
    ...Array.from(twins, () => 'almost' as const),
  ]);
  const rows = fresh.filter((row) => !twins.has(row));
  return ok({ rows: inDrawnOrder(rows, mapping, seed), leftOut });
}
