/** The words of the rows table: its filters, its orders, its columns, and why a cell cannot be changed. Pure. */
import { PARTS } from '../../../dataset/query';
import type { ColumnMapping, Dataset, Issue, IssueKind, Row, SplitName } from '../../../dataset/types';
import { counted } from '../../ui/format';
import type { SelectOption } from '../../ui/Select';

const USED_FOR: Readonly<Record<SplitName, string>> = { train: 'training', validation: 'validation', test: 'test' };

/** What a row of this part (a place in PARTS) is used for, in a word. */
export function usedFor(part: number | undefined): string {
  if (part === undefined) return ''; // not known yet
  const name = PARTS[part];
  return name === undefined ? 'not used' : USED_FOR[name];
}

const PART_FILTERS: Readonly<Record<SplitName, string>> = {
  train: 'Training rows',
  validation: 'Validation rows',
  test: 'Test rows',
};

export function filterOptions(dataset: Dataset | null, issues: readonly Issue[]): readonly SelectOption[] {
  const all = [{ id: 'all', label: 'All rows' }];
  if (!dataset) return all;
  const kinds = new Map<IssueKind, { readonly label: string; readonly rows: number }>();
  for (const { kind, name, rowIds } of issues)
    if (rowIds.length > 0) kinds.set(kind, { label: name, rows: (kinds.get(kind)?.rows ?? 0) + rowIds.length });
  return [
    ...all,
    ...PARTS.map((name) => ({
      id: name,
      label: PART_FILTERS[name],
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
  { id: 'part', label: 'By part of the split' },
];

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
      : `Row ${row.id} is named by “${mapping.id}”: results refer to it, so it cannot be changed here.`;
  if (head.kind === 'use') return 'The split above the table decides what a row is used for.';
  if (part === undefined) return 'The rows are still being read: try again in a moment.';
  if (PARTS[part] !== 'test') return null;
  return head.title === mapping.label
    ? `Row ${row.id} is a test row: its label is locked, so that nobody bends the test to a result. “Check labels” on Compare lets you check it without seeing any answer.`
    : `Row ${row.id} is a test row: its text is locked, so that nobody bends the test to a result. Correct it in the file and replace the file.`;
}
