/** Which rows the table shows. Pure. */
import type { Dataset, LintFinding, LintKind, Row, SplitName } from '../../../dataset/types';
import { counted } from '../../ui/format';
import type { SelectOption } from '../../ui/Select';
import type { Prepared } from './data-state';

const USED_FOR: Readonly<Record<SplitName, string>> = { train: 'train', validation: 'validation', test: 'held back' };
const SPLITS = Object.keys(USED_FOR) as readonly SplitName[];

const KINDS: Readonly<Record<LintKind, string>> = {
  'one-class': 'One label',
  'too-few-rows': 'Too few rows',
  'too-many-classes': 'Many labels',
  'numeric-labels': 'Numbers as labels',
  'rare-class': 'Rare labels',
  imbalanced: 'Commonest label',
  'empty-text': 'Empty texts',
  'empty-label': 'Empty labels',
  duplicate: 'Duplicates',
  contradiction: 'Contradictions',
  leak: 'Leaks',
  'swapped-columns': 'Swapped columns',
  'long-text': 'Long texts',
  'label-spelling': 'Spellings',
  'personal-data': 'Personal data',
  'no-part': 'In no part',
  'read-poorly': 'Read poorly',
  'too-long': 'Too long for the model',
};

export function usedForById(dataset: Dataset | null): ReadonlyMap<string, string> {
  return new Map(
    dataset ? SPLITS.flatMap((name) => dataset.split[name].map((id) => [id, USED_FOR[name]] as const)) : [],
  );
}

export function filterOptions(prepared: Prepared | null, findings: readonly LintFinding[]): readonly SelectOption[] {
  const all = [{ id: 'all', label: 'All rows' }];
  if (!prepared) return all;
  const { dataset } = prepared;
  const kinds = new Map<LintKind, number>();
  for (const { kind, rowIds } of findings)
    if (rowIds.length > 0) kinds.set(kind, (kinds.get(kind) ?? 0) + rowIds.length);
  return [
    ...all,
    ...SPLITS.map((name) => ({
      id: name,
      label: name === 'test' ? 'Held back' : name === 'train' ? 'For training' : 'For validation',
      detail: counted(dataset.split[name].length, 'row'),
    })),
    ...[...kinds].map(([kind, rows]) => ({ id: kind, label: KINDS[kind], detail: counted(rows, 'row') })),
  ];
}

export type SortKey = 'file' | 'label' | 'text' | 'longest' | 'part';

export const SORTS: readonly SelectOption[] = [
  { id: 'file', label: 'As in the file' },
  { id: 'label', label: 'By label' },
  { id: 'text', label: 'By text, A to Z' },
  { id: 'longest', label: 'Longest text first' },
  { id: 'part', label: 'By what they are used for' },
];

interface Choice {
  readonly dataset: Dataset | null;
  readonly findings: readonly LintFinding[];
  readonly usedFor: ReadonlyMap<string, string>;
  /** `all`, a split, or a kind of finding. */
  readonly filter: string;
  readonly search: string;
  readonly sort: SortKey;
}

export function shownRows(rows: readonly Row[], choice: Choice): readonly Row[] {
  const { dataset, findings, usedFor, filter, search, sort } = choice;
  const wanted = search.trim().toLowerCase();
  const split = USED_FOR[filter as SplitName];
  const found = findings.filter(({ kind }) => kind === filter);
  const ids = found.length > 0 ? new Set(found.flatMap(({ rowIds }) => rowIds)) : null;
  const { text, label } = dataset?.mapping ?? { text: null, label: null };
  const shown = rows.filter((row) => {
    if (split !== undefined && usedFor.get(row.id) !== split) return false;
    if (ids && !ids.has(row.id)) return false;
    if (wanted === '') return true;
    const cells =
      text !== null && label !== null ? [row.cells[text], row.cells[label], row.id] : Object.values(row.cells);
    return cells.some((cell) => cell?.toLowerCase().includes(wanted));
  });
  if (sort === 'file' || text === null || label === null) return shown;
  return sorted(shown, sort, { text, label, usedFor });
}

function sorted(
  rows: readonly Row[],
  sort: Exclude<SortKey, 'file'>,
  { text, label, usedFor }: { readonly text: string; readonly label: string; readonly usedFor: Choice['usedFor'] },
): readonly Row[] {
  if (sort === 'longest') {
    const length = (row: Row) => row.cells[text]?.length ?? 0;
    return rows.toSorted((a, b) => length(b) - length(a));
  }
  const key = (row: Row) =>
    sort === 'part'
      ? (usedFor.get(row.id) ?? '\uffff')
      : (row.cells[sort === 'text' ? text : label] ?? '').toLowerCase();
  const keyed = rows.map((row) => ({ row, key: key(row) }));
  return keyed.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)).map(({ row }) => row);
}
