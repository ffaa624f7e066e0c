/** What the Library says. Pure. */
import type { Listing } from '../../../project/listing';
import { resolveStage, STANDARD_STAGES, stagesOf } from '../../../project/stages';
import type { PromptSet, StageMove } from '../../../project/types';
import { type Version, versionById, versionWords } from '../../../project/versions';
import { counted, percent } from '../../ui/format';
import { reachedWords } from '../train/words';

/** Every word of the search stands somewhere in the name, handle, labels, tags, stages, notes or prompts. */
export function searched(sets: readonly Listing[], search: string, tag: string | null = null): readonly Listing[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  return sets.filter(
    ({ searchText, tags }) => (tag === null || tags.includes(tag)) && words.every((word) => searchText.includes(word)),
  );
}

/** Tags in use, the commonest first. */
export function tagsOf(sets: readonly Listing[]): readonly { readonly tag: string; readonly sets: number }[] {
  const counts = new Map<string, number>();
  for (const { tags } of sets) for (const tag of tags) counts.set(tag, (counts.get(tag) ?? 0) + 1);
  return [...counts].map(([tag, n]) => ({ tag, sets: n })).sort((a, b) => b.sets - a.sets || (a.tag < b.tag ? -1 : 1));
}

export const libraryTitle = (sets: readonly Listing[]): string => {
  const tuned = sets.filter((s) => s.tuned > 0).length;
  if (sets.length === 0) return 'No prompt set yet';
  return `${counted(sets.length, 'prompt set')}, ${tuned === 0 ? 'none tuned yet' : tuned === sets.length ? 'all tuned' : `${tuned} tuned`}`;
};

export const versionsWords = ({ hard, tuned }: Pick<Listing, 'hard' | 'tuned'>): string =>
  `${counted(hard, 'hand-written prompt')}, ${counted(tuned, 'tuned prompt')}`;

export const rowsWords = ({ rows, datasetName }: Pick<Listing, 'rows' | 'datasetName'>): string =>
  rows === null ? 'its rows are not here' : `${counted(rows, 'row')} of ${datasetName ?? 'a file'}`;

/** "Support tone: production stands at tuned 3". */
export function detailTitle(set: PromptSet): string {
  const stages = stagesOf(set);
  const first = stages[0];
  if (!first) return `${set.name}: no stage yet`;
  const found = resolveStage(set, first.name);
  const where = found.ok ? versionWords(found.value) : 'a version that is not here';
  return `${set.name}: ${first.name} stands at ${where}`;
}

/** "hand-written 1", "nothing", "a version that is not here". */
export function placeWords(set: PromptSet, versionId: string | null): string {
  if (versionId === null) return 'nothing';
  const found = versionById(set, versionId);
  return found ? versionWords(found) : 'a version that is not here';
}

/** "from hand-written 1 to tuned 2". */
export const moveWords = (set: PromptSet, { from, to }: StageMove): string =>
  from === null
    ? `put at ${placeWords(set, to)}`
    : to === null
      ? `taken away from ${placeWords(set, from)}`
      : `from ${placeWords(set, from)} to ${placeWords(set, to)}`;

/** The standard stages that nothing stands at yet: proposed as names for a new one. */
export const freeStages = (set: PromptSet): readonly string[] =>
  STANDARD_STAGES.filter((name) => !stagesOf(set).some((stage) => stage.name === name));

/** Stages as choices: "production", and where it stands now. */
export const stageOptions = (set: PromptSet): readonly { id: string; label: string; detail: string }[] =>
  stagesOf(set).map(({ name, versionId }) => ({
    id: `stage:${name}`,
    label: name,
    detail: `stage, at ${placeWords(set, versionId)}`,
  }));

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
/** An ISO time; what an imported file says instead of one is shown as it is. */
const shown = (form: Intl.DateTimeFormat, iso: string) => {
  const time = Date.parse(iso);
  return Number.isNaN(time) ? iso.slice(0, 40) : form.format(time);
};
export const dayWords = (iso: string): string => shown(day, iso);
export const minuteWords = (iso: string): string => shown(minute, iso);

/** "Nov 3, 2026, by Ana". */
export const madeWords = ({ createdAt, author }: Version['version']): string =>
  `${dayWords(createdAt)}${author ? `, by ${author}` : ''}`;

/** What a version reached on validation rows; null = it was not tried. */
export function reached(of: Version): string | null {
  if (of.kind === 'soft') return reachedWords(of.version) === '–' ? null : reachedWords(of.version);
  const { tried, wrote } = of.version;
  if (wrote) return `ROUGE-L ${percent(wrote.rougeL)}`;
  return tried ? percent(tried.accuracy) : null;
}
