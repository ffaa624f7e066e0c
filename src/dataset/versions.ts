import { TASK_FACTS } from './task-facts';
import type { ColumnMapping, Dataset, DataVersion } from './types';

/** "Text is “message”, label “tone”". */
export const mappingWords = (mapping: ColumnMapping): string =>
  `Text is “${mapping.text}”, ${TASK_FACTS[mapping.task].column.toLowerCase()} “${mapping.label}”`;

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
    ? `made on version ${made.number} of the data, now at ${now.number}`
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
