/** Which rows the table shows. Pure. */
import { PARTS, type RowQuery } from '../../../dataset/query';
import type { ColumnMapping, Issue, IssueKind, Row, SplitName } from '../../../dataset/types';
import { counted } from '../../ui/format';
import type { SelectOption } from '../../ui/Select';
import type { Prepared } from './data-state';

const USED_FOR: Readonly<Record<SplitName, string>> = { train: 'train', validation: 'validation', test: 'held back' };

/** What a row of this part (a place in PARTS) is used for, in a word. */
export function usedFor(part: number | undefined): string {
  if (part === undefined) return ''; // not known yet
  const name = PARTS[part];
  return name === undefined ? 'not used' : USED_FOR[name];
}

export function filterOptions(prepared: Prepared | null, issues: readonly Issue[]): readonly SelectOption[] {
  const all = [{ id: 'all', label: 'All rows' }];
  if (!prepared) return all;
  const { dataset } = prepared;
  const kinds = new Map<IssueKind, { readonly label: string; readonly rows: number }>();
  for (const { kind, name, rowIds } of issues)
    if (rowIds.length > 0) kinds.set(kind, { label: name, rows: (kinds.get(kind)?.rows ?? 0) + rowIds.length });
  return [
    ...all,
    ...PARTS.map((name) => ({
      id: name,
      label: name === 'test' ? 'Held back' : name === 'train' ? 'For training' : 'For validation',
      detail: counted(dataset.split[name].length, 'row'),
    })),
    ...[...kinds].map(([kind, { label, rows }]) => ({ id: kind, label, detail: counted(rows, 'row') })),
  ];
}

export const SORTS: readonly SelectOption[] = [
  { id: 'file', label: 'As in the file' },
  { id: 'label', label: 'By label' },
  { id: 'text', label: 'By text, A to Z' },
  { id: 'longest', label: 'Longest text first' },
  { id: 'part', label: 'By what they are used for' },
];

/** What is asked of the data worker for a filter: `all`, a part, or a kind of issue. */
export function filterQuery(filter: string, issues: readonly Issue[]): Pick<RowQuery, 'part' | 'ids'> {
  const part = PARTS.find((name) => name === filter) ?? null;
  const [first, ...more] = issues.filter(({ kind, rowIds }) => kind === filter && rowIds.length > 0);
  if (!first) return { part, ids: null };
  return { part, ids: more.length === 0 ? first.rowIds : [first, ...more].flatMap(({ rowIds }) => rowIds) };
}

export interface ShownRow {
  readonly row: Row;
  /** A place in PARTS; undefined until it is known. */
  readonly part: number | undefined;
}

/** A column of the table on the screen: a row's name, a cell of the file, or what the row is used for. */
export interface Head {
  readonly kind: 'name' | 'cell' | 'use';
  readonly title: string;
}
export const NAME: Head = { kind: 'name', title: '#' };
export const USE: Head = { kind: 'use', title: 'used for' };

/** Why a cell cannot be changed, in a sentence; null = it can. */
export function whyLocked({ row, part }: ShownRow, head: Head, mapping: ColumnMapping | null): string | null {
  if (!mapping) return 'Choose the text and the label column first.';
  if (head.kind === 'name')
    return mapping.id === null
      ? `Row ${row.id} is named by its place in the file.`
      : `Row ${row.id} is named by “${mapping.id}”: results refer to it, so it stays as it is in the file.`;
  if (head.kind === 'use') return 'What a row is used for is drawn by the split above the table.';
  if (part === undefined) return 'The rows are still being read: try again in a moment.';
  if (PARTS[part] !== 'test') return null;
  return head.title === mapping.label
    ? `Row ${row.id} is held back: its label stays, so that nobody bends the test to a result. “Check labels” on Compare checks it with the answers out of sight.`
    : `Row ${row.id} is held back: its text stays, so that nobody bends the test to a result. Correct it in the file and replace the file.`;
}
