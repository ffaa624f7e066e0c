import { counted, listed } from '../lib/format';
import { MENDS } from './mends';
import { findPersonal, type PersonalKind, type PersonalSpan } from './personal';
import type { CellChange, Change, ColumnMapping, Dataset, DataVersion } from './types';
import { type ByTask, taskKindOf } from './types';

const NOUNS: Readonly<Record<PersonalKind, readonly [one: string, many?: string]>> = {
  email: ['e-mail address', 'e-mail addresses'],
  phone: ['phone number'],
  iban: ['IBAN'],
};

const quoted = (text: string) => `“${text.length > 30 ? `${text.slice(0, 29).trimEnd()}…` : text}”`;

const NAMED = 4;
const named = (labels: readonly string[]) =>
  labels.length > NAMED
    ? [...labels.slice(0, NAMED - 1).map(quoted), counted(labels.length - NAMED + 1, 'other label')]
    : labels.map(quoted);

/** "2 e-mail addresses and 1 IBAN". */
export function personalWords(counts: ReadonlyMap<PersonalKind, number>): string {
  return listed([...counts].filter(([, n]) => n > 0).map(([kind, n]) => counted(n, ...NOUNS[kind])));
}

export function countKinds(spans: readonly PersonalSpan[]): ReadonlyMap<PersonalKind, number> {
  const counts = new Map<PersonalKind, number>([
    ['email', 0],
    ['phone', 0],
    ['iban', 0],
  ]);
  for (const { kind } of spans) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return counts;
}

/** Holds no row's text. */
export function describeChange(change: Change, cells: readonly CellChange[], label: string): string {
  const rows = counted(new Set(cells.map(({ rowId }) => rowId)).size, 'row');
  switch (change.kind) {
    case 'cell': {
      const cell = cells.find(({ rowId, column }) => rowId === change.rowId && column === label);
      const how = cell ? `, from ${quoted(cell.before)} to ${quoted(cell.after)}` : '';
      return `Row ${change.rowId}: “${change.column}” changed${how}`;
    }
    case 'merge-labels':
      return `${listed(named(change.from))} merged into ${quoted(change.into)} in ${rows}`;
    case 'mend':
      return `${MENDS[change.mend].done} in ${rows}`;
    case 'label-rows':
      return `${rows} labelled by hand`;
    case 'relabel':
      return `${counted(cells.length, 'label')} of test rows corrected without seeing any prediction`;
    case 'unlabel':
      return `${rows} left out: the label was removed`;
    case 'mask':
      return `${personalWords(countKinds(cells.flatMap(({ before }) => findPersonal(before))))} masked in ${rows}`;
    case 'add-rows':
      return `Rows added from ${change.from}`;
    case 'go-back':
      return `Back to version ${change.version}`;
  }
}

/** "Text is “message”, label “tone”". */
export const mappingWords = (mapping: ColumnMapping): string => {
  const answer: ByTask<string> = { classify: `label “${mapping.label}”`, generate: `answer “${mapping.label}”` };
  return `Text is “${mapping.text}”, ${answer[taskKindOf(mapping)]}`;
};

/** For a data set that was opened, or whose columns mean something else now. */
export function freshVersion(
  dataset: Dataset,
  what: string,
  now: string,
  before: readonly DataVersion[] = [],
): Dataset {
  const last = before.at(-1);
  if (last?.fingerprint === dataset.fingerprint) return { ...dataset, versions: before };
  const version: DataVersion = {
    number: (last?.number ?? 0) + 1,
    createdAt: now,
    fingerprint: dataset.fingerprint,
    what,
    cells: null,
    dropped: [],
  };
  return { ...dataset, versions: [...before, version] };
}

export const currentVersion = (dataset: Dataset): DataVersion | null => dataset.versions?.at(-1) ?? null;

/** "made on version 2 of the data; it is at version 4 now"; null where the rows are those open now. */
export function otherVersionWords(dataset: Dataset, fingerprint: string | null | undefined): string | null {
  if (!fingerprint || fingerprint === dataset.fingerprint) return null;
  const made = dataset.versions?.findLast((version) => version.fingerprint === fingerprint);
  const now = currentVersion(dataset);
  return made && now
    ? `made on version ${made.number} of the data; it is at version ${now.number} now`
    : 'made on different rows than those open now';
}

/** Rows added to training between two fingerprints; 0 where another file came between. */
export function addedBetween({ versions = [] }: Pick<Dataset, 'versions'>, from: string, to: string): number {
  const start = versions.findLastIndex(({ fingerprint }) => fingerprint === from);
  const end = versions.findLastIndex(({ fingerprint }) => fingerprint === to);
  const since = versions.slice(start + 1, end + 1);
  if (start === -1 || since.some(({ cells }) => cells === null)) return 0;
  return Math.max(
    0,
    since.reduce((sum, { added = 0, removed = [] }) => sum + added - removed.length, 0),
  );
}
