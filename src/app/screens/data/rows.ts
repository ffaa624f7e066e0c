/** Which rows the table shows. Pure. */
import type { Dataset, LintKind, Row, SplitName } from '../../../dataset/types';
import { counted } from '../../ui/format';
import type { SelectOption } from '../../ui/Select';
import type { Prepared } from './data-store';

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
};

export function usedForById(dataset: Dataset | null): ReadonlyMap<string, string> {
  return new Map(
    dataset ? SPLITS.flatMap((name) => dataset.split[name].map((id) => [id, USED_FOR[name]] as const)) : [],
  );
}

export function filterOptions(prepared: Prepared | null): readonly SelectOption[] {
  const all = [{ id: 'all', label: 'All rows' }];
  if (!prepared) return all;
  const { dataset, findings } = prepared;
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

interface Choice {
  readonly prepared: Prepared | null;
  readonly usedFor: ReadonlyMap<string, string>;
  /** `all`, a split, or a kind of finding. */
  readonly filter: string;
  readonly search: string;
}

export function shownRows(rows: readonly Row[], { prepared, usedFor, filter, search }: Choice): readonly Row[] {
  const wanted = search.trim().toLowerCase();
  const split = USED_FOR[filter as SplitName];
  const found = prepared?.findings.filter(({ kind }) => kind === filter) ?? [];
  const ids = found.length > 0 ? new Set(found.flatMap(({ rowIds }) => rowIds)) : null;
  const { text, label } = prepared?.dataset.mapping ?? { text: null, label: null };
  return rows.filter((row) => {
    if (split !== undefined && usedFor.get(row.id) !== split) return false;
    if (ids && !ids.has(row.id)) return false;
    if (wanted === '') return true;
    const cells =
      text !== null && label !== null ? [row.cells[text], row.cells[label], row.id] : Object.values(row.cells);
    return cells.some((cell) => cell?.toLowerCase().includes(wanted));
  });
}
