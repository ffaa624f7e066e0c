/** The versions of a prompt set, hand-written and tuned alike. A version never changes; its note may. */

import type { Dataset, SplitName } from '../dataset/types';
import type { ArmKind } from '../evaluation/types';
import { countsOf } from '../prompt/prompt';
import type { SoftPrompt } from '../prompt/soft-prompt';
import type { AnswerWord, HardPrompt } from '../task/types';
import { isRun, isUsable, sameLabelOrder } from './make-versions';
import type { HardVersion, PromptSet, SoftVersion } from './types';

export type Version =
  | { readonly kind: 'hard'; readonly version: HardVersion }
  | { readonly kind: 'soft'; readonly version: SoftVersion };

/** All usable versions, oldest first. */
export const versionsOf = (set: Pick<PromptSet, 'hard' | 'soft'>): readonly Version[] =>
  [
    ...set.hard.map((version): Version => ({ kind: 'hard', version })),
    ...set.soft.filter(isUsable).map((version): Version => ({ kind: 'soft', version })),
  ].sort((a, b) =>
    a.version.createdAt < b.version.createdAt ? -1 : a.version.createdAt > b.version.createdAt ? 1 : 0,
  );

export const versionById = (set: Pick<PromptSet, 'hard' | 'soft'>, id: string): Version | null =>
  versionsOf(set).find(({ version }) => version.id === id) ?? null;

/** What a version with vectors is. */
export const softKind = ({
  handVersion,
  mixed,
}: SoftVersion): Extract<ArmKind, 'combined' | 'ensemble' | 'hybrid' | 'tuned'> =>
  mixed ? (countsOf(mixed) ? 'combined' : 'ensemble') : handVersion ? 'hybrid' : 'tuned';

/** What a version is called in lists of both kinds. */
export const kindWords = ({ kind, version }: Version) =>
  kind === 'hard' ? 'hand-written' : version.probe ? 'probe' : softKind(version);

/** "hand-written 2", "tuned 3", "hybrid 4", "combined 5", "probe 6". */
export const versionWords = (of: Version): string => `${kindWords(of)} ${of.version.number}`;

/** The answer words that a version was made with. */
export const wordsOf = (set: Pick<PromptSet, 'words'>, { version }: Version): readonly AnswerWord[] =>
  version.words ?? set.words;

/** The same, where the set has the same labels now; a version made for other labels gets the set's words. */
export function wordsFitting(
  set: Pick<PromptSet, 'words'>,
  { words }: Pick<HardVersion | SoftVersion, 'words'>,
): readonly AnswerWord[] {
  return words && sameLabelOrder(words, set.words) ? words : set.words;
}

/** A version's calibration, where the set has the labels that it was made for. */
export const fittingCalibration = (
  set: Pick<PromptSet, 'words'>,
  { words, calibration }: Pick<HardVersion | SoftVersion, 'words' | 'calibration'>,
): HardVersion['calibration'] => (!words || sameLabelOrder(words, set.words) ? calibration : undefined);

/** One line of at most 80 characters; empty = no name. */
export const authorName = (name: string): string => name.replace(/\s+/g, ' ').trim().slice(0, 80).trim();

/** Versions that a change has made get the author's name; earlier ones never do. */
export function signNew(before: PromptSet, after: PromptSet, author: string): PromptSet {
  if (author === '') return after;
  const known = new Set([...before.hard, ...before.soft].map(({ id }) => id));
  const signed = <V extends HardVersion | SoftVersion>(version: V): V =>
    known.has(version.id) || version.author !== undefined ? version : { ...version, author };
  const isNew = ({ id }: { readonly id: string }) => !known.has(id);
  if (![...after.hard, ...after.soft].some(isNew)) return after;
  return { ...after, hard: after.hard.map(signed), soft: after.soft.map(signed) };
}

/** The note of a version; empty = none. */
export function writeNote(set: PromptSet, versionId: string, note: string, now: string): PromptSet {
  const text = note.trim().slice(0, 2000);
  const noted = <V extends { readonly id: string; readonly note?: string | undefined }>(version: V): V =>
    version.id === versionId ? { ...version, note: text === '' ? undefined : text } : version;
  return { ...set, hard: set.hard.map(noted), soft: set.soft.map(noted), updatedAt: now };
}

export const writeSetNotes = (set: PromptSet, notes: string, now: string): PromptSet => ({
  ...set,
  notes: notes.slice(0, 20_000),
  updatedAt: now,
});

const MOST_TAGS = 20;

/** The text around a tuned prompt's vectors, as a prompt. @param examples ids of the training rows that are in it */
export const tunedPrompt = (
  template: string,
  { placement }: Pick<SoftPrompt, 'placement'>,
  examples: readonly string[] = [],
): HardPrompt => ({
  template,
  shots: 0,
  shotSeed: 0,
  ...(placement === 'infix' ? { splitsCue: true } : {}),
  ...(examples.length > 0 ? { inText: examples } : {}),
});

/** "a, B ,a" -> ["a", "b"]: lower case, each once, at most twenty of at most forty characters. */
export const readTags = (text: string): readonly string[] =>
  [
    ...new Set(
      text
        .split(/[,;\n]/)
        .map((tag) => tag.trim().replace(/\s+/g, ' ').toLowerCase().slice(0, 40).trim())
        .filter((tag) => tag !== ''),
    ),
  ].slice(0, MOST_TAGS);

export const writeTags = (set: PromptSet, tags: readonly string[], now: string): PromptSet => ({
  ...set,
  tags,
  updatedAt: now,
});

/** Everything that decides a run except its seed and the split, as text to compare. */
const butSeed = (run: SoftVersion): string => {
  const { seed: _seed, ...settings } = run.settings;
  const { template, initText, handVersion, distilled, datasetFingerprint, model } = run;
  return JSON.stringify([
    Object.entries(settings).sort(([a], [b]) => (a < b ? -1 : 1)),
    [template, initText, handVersion ?? null, distilled?.from ?? null, datasetFingerprint, model.sha256],
  ]);
};

const isSameSplit = (a: SoftVersion, b: SoftVersion): boolean =>
  a.heldBackHash === b.heldBackHash && (!a.splitHash || !b.splitHash || a.splitHash === b.splitHash);

const alikeBut = (set: Pick<PromptSet, 'soft'>, run: SoftVersion) =>
  set.soft.filter((other) => isUsable(other) && isRun(other) && butSeed(other) === butSeed(run));

/**
 * The usable runs that differ from this one only in their seed, and this one; by seed, the newest of equal seeds. Those of
 * another split are not among them: their mean would know each other's test rows.
 */
export function seedsOf(set: Pick<PromptSet, 'soft'>, run: SoftVersion): readonly SoftVersion[] {
  const alike = alikeBut(set, run).filter((other) => isSameSplit(other, run));
  const bySeed = new Map(alike.map((other) => [other.settings.seed, other]));
  if (isUsable(run) && isRun(run)) bySeed.set(run.settings.seed, run);
  return [...bySeed.values()].sort((a, b) => a.settings.seed - b.settings.seed);
}

/** Runs that would take part in the mean over the seeds if they had been trained on the same split. */
export const seedsOfOtherSplits = (set: Pick<PromptSet, 'soft'>, run: SoftVersion): readonly SoftVersion[] =>
  alikeBut(set, run).filter((other) => !isSameSplit(other, run) && other.settings.seed !== run.settings.seed);

/** Whether a run, or one that its vectors come from, was trained with other test rows: it may know some of these. */
export function mayKnowTestRows(
  set: Pick<PromptSet, 'soft'>,
  run: SoftVersion,
  { heldBackHash }: Pick<Dataset, 'heldBackHash'>,
): boolean {
  if (run.heldBackHash && heldBackHash && run.heldBackHash !== heldBackHash) return true;
  const { initialisation: start } = run.settings;
  const earlier = start.kind === 'prompt' ? set.soft.find(({ id }) => id === start.runId) : undefined;
  // a run starts from one that is older, so that this ends; a file from elsewhere may say otherwise
  return earlier !== undefined && earlier.number < run.number && mayKnowTestRows(set, earlier, { heldBackHash });
}

/** The parts of an open data set whose rows a version may have seen; empty = none. */
export interface SeenParts {
  readonly parts: readonly SplitName[];
  /** Of exactly these rows; otherwise it has seen at most these, because the rows were edited or split again since. */
  readonly isSure: boolean;
}

/** Of a run; a linear probe has no step for validation rows to choose. */
const LEARNED: readonly SplitName[] = ['train', 'validation'];

/** What a version has seen of the open rows: in training, or as examples. Null where nobody can say. */
export function seenParts(set: Pick<PromptSet, 'soft'>, of: Version, dataset: Dataset | null): SeenParts | null {
  if (of.kind === 'hard' && of.version.prompt.shots === 0) return { parts: [], isSure: true };
  if (!dataset) return null;
  if (of.kind === 'hard') return { parts: ['train'], isSure: true };
  const { version: run } = of;
  const { versions = [], fingerprint, heldBackHash } = dataset;
  // changes of cells: the same rows, by and large
  const since = versions.slice(versions.findLastIndex(({ cells }) => cells === null));
  const isOfThese = [fingerprint, ...since.map((each) => each.fingerprint)].includes(run.datasetFingerprint);
  if (!isOfThese || run.origin !== undefined) return null;
  const isSameTest = run.heldBackHash === heldBackHash && !mayKnowTestRows(set, run, dataset);
  // of another split its training rows may be validation rows by now
  const parts = run.probe && run.splitHash === dataset.splitHash ? LEARNED.slice(0, 1) : LEARNED;
  return isSameTest
    ? { parts, isSure: run.datasetFingerprint === fingerprint }
    : { parts: [...LEARNED, 'test'], isSure: false };
}
