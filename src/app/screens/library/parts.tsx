import { counted } from '../../../lib/format';
import type { Listing } from '../../../prompt-set/listing';
import { resolveStage, stagesOf } from '../../../prompt-set/stages';
import type { PromptSet, StageMove, Version } from '../../../prompt-set/types';
import { versionWords } from '../../../prompt-set/versions';
import type { RowsDone } from '../../../workflow/check-rows';
import { downloaded } from '../../shell/ModelStatus';
import { useSession } from '../../state/studio';
import { MISSING_VERSION, targetWords } from '../../state/version-words';
import { LabelTag, ProgressBar } from '../../ui';

interface CheckedRowsProps {
  readonly label: string;
  readonly rows: RowsDone | null;
  readonly needsModel?: boolean;
}

/** The progress of check rows, which begin once the model is there. */
export function CheckedRows({ label, rows, needsModel = true }: CheckedRowsProps) {
  const model = useSession((s) => s.model);
  const loaded = needsModel && model.kind === 'downloading' ? downloaded(model) : null;
  return (
    <ProgressBar
      label={needsModel && model.kind !== 'ready' ? 'Waiting for the model' : label}
      value={rows && rows.total > 0 ? rows.done / rows.total : loaded}
      detail={rows ? `${rows.done} of ${rows.total}` : ''}
    />
  );
}

const MOST_LABELS = 8;

export const Labels = ({ labels }: { readonly labels: readonly string[] }) => (
  <span className="row">
    {labels.slice(0, MOST_LABELS).map((label) => (
      <LabelTag key={label}>{label}</LabelTag>
    ))}
    {labels.length > MOST_LABELS ? <span className="dim small">and {labels.length - MOST_LABELS} more</span> : null}
  </span>
);

export const libraryTitle = (sets: readonly Listing[]): string => {
  const tuned = sets.filter((s) => s.tuned > 0).length;
  if (sets.length === 0) return 'No prompt set yet';
  return `${counted(sets.length, 'prompt set')}, ${tuned === 0 ? 'none tuned yet' : tuned === sets.length ? 'all tuned' : `${tuned} tuned`}`;
};

export const hasVersions = ({ written, tuned }: Pick<Listing, 'written' | 'tuned'>): boolean => written + tuned > 0;

export const versionsWords = ({ written, tuned }: Pick<Listing, 'written' | 'tuned'>): string =>
  `${counted(written, 'hand-written prompt')}, ${counted(tuned, 'tuned prompt')}`;

export const rowsWords = ({ rows, datasetName }: Pick<Listing, 'rows' | 'datasetName'>): string =>
  rows === null ? 'rows not in this browser' : `${counted(rows, 'row')} of ${datasetName ?? 'a file'}`;

/** "Support tone: production points to tuned 3". */
export function detailTitle(set: PromptSet): string {
  const [first] = stagesOf(set);
  if (!first) return `${set.name}: no stage yet`;
  const found = resolveStage(set, first.name);
  return `${set.name}: ${first.name} points to ${found.ok ? versionWords(found.value) : MISSING_VERSION}`;
}

/** "from hand-written 1 to tuned 2". */
export const moveWords = (set: PromptSet, { from, to }: StageMove): string =>
  from === null
    ? `set to ${targetWords(set, to)}`
    : to === null
      ? `removed from ${targetWords(set, from)}`
      : `from ${targetWords(set, from)} to ${targetWords(set, to)}`;

/** "12 rows a second", "one row in 2.5 s". */
export function paceWords(rowsPerSecond: number): string {
  if (rowsPerSecond <= 0) return '';
  if (rowsPerSecond >= 10) return `${Math.round(rowsPerSecond)} rows a second`;
  return rowsPerSecond >= 1
    ? `${rowsPerSecond.toFixed(1)} rows a second`
    : `one row in ${(1 / rowsPerSecond).toFixed(1)} s`;
}

const day = new Intl.DateTimeFormat('en', { dateStyle: 'medium' });
const minute = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'short' });
/** An ISO time; an imported file may have any text, which is shown unchanged. */
const shown = (form: Intl.DateTimeFormat, iso: string) => {
  const time = Date.parse(iso);
  return Number.isNaN(time) ? iso.slice(0, 40) : form.format(time);
};
export const dayWords = (iso: string): string => shown(day, iso);
export const minuteWords = (iso: string): string => shown(minute, iso);

/** "Nov 3, 2026, by Ana". */
export const madeWords = ({ createdAt, author }: Version): string =>
  `${dayWords(createdAt)}${author ? `, by ${author}` : ''}`;
