/** Versions of a prompt set, made and chosen: hand-written ones are saved, runs are started, updated and finished. */

import { generates } from '../dataset/task-facts';
import { assert } from '../lib/assert';
import { firstText, type Prompt, voicesOf } from '../prompt/prompt';
import type { SoftPrompt } from '../prompt/soft-prompt';
import { wordsFor } from '../task/template';
import type { AnswerWord, PromptText } from '../task/types';
import { changeTask, cleanName, type Stamp, touch, usedIn } from './prompt-set';
import type { PromptSearch, PromptSet, Run, Tried, Version, WordSearch } from './types';
import {
  changeVersion,
  hasTask,
  isHybrid,
  isSameText,
  isTuned,
  newVersion,
  promptOf,
  runOf,
  type Side,
  sideOf,
  taskOf,
  tunedPrompt,
  versionById,
  versionOfText,
  versionsOf,
} from './versions';

/** The winner of a search for a prompt. */
export interface FoundPrompt {
  readonly winner: Pick<Version, 'name' | 'tried'> & {
    readonly prompt: PromptText;
    /** In the order of the labels. */
    readonly words: readonly AnswerWord[];
    readonly calibration: Prompt['calibration'];
  };
  readonly search: PromptSearch;
}

/** Answer words after a search, found or kept. */
export interface FoundWords {
  /** The plain text around a row, with the cue that the words follow. */
  readonly template: string;
  readonly words: readonly AnswerWord[];
  /** A first hand-written prompt that names the words; null where they were kept. */
  readonly prompt: string | null;
  readonly search: WordSearch;
}

/** What the studio proposes at first, and where that is worse than the template alone. */
export const PROPOSED = { name: 'Proposed', origin: { kind: 'proposed', bare: false } } as const;
const TEMPLATE_ALONE = { name: 'Proposed: the template alone', origin: { kind: 'proposed', bare: true } } as const;

/** Whether nobody has made or tried a version: a newer proposal replaces it. */
export const isProposal = (version: Pick<Version, 'origin' | 'tried'>): boolean =>
  version.origin.kind === 'proposed' && version.tried === null;

/** Runs and what they make have one count, hand-written versions another. */
const nextNumber = ({ versions, runs }: Pick<PromptSet, 'versions' | 'runs'>, side: Side): number =>
  [...versionsOf({ versions }, side), ...(side === 'trained' ? runs : [])].reduce(
    (most, { number }) => Math.max(most, number),
    0,
  ) + 1;

type Made = Pick<Version, 'prompt' | 'origin'> & Partial<Version>;

/** The set with another version. */
export const addVersion = (set: PromptSet, { id, now }: Stamp, made: Made): PromptSet => {
  const version = newVersion(made);
  const number = version.number || nextNumber(set, sideOf(made));
  const name = version.name || `Version ${number}`;
  return touch(set, now, { versions: [...set.versions, { ...version, id, number, name, createdAt: now }] });
};

/** The version that is exactly this prompt with the set's answer words; null = it was not saved yet. */
export const versionWith = (
  set: Pick<PromptSet, 'kind' | 'longest' | 'versions' | 'words'>,
  text: PromptText,
): Version | null => versionOfText(set, promptOf(set, text));

/**
 * Saves a hand-written prompt with the set's answer words as the next version. One that equals an earlier version is not
 * saved again: that version is returned. The first version becomes Yours.
 */
export function addWritten(
  set: PromptSet,
  at: Stamp,
  { text, name, ...made }: { readonly text: PromptText } & Partial<Pick<Version, 'name' | 'origin'>>,
): { readonly set: PromptSet; readonly version: Version } {
  const same = versionWith(set, text);
  if (same) return { set, version: same };
  const named = name?.trim() ? { name: cleanName(name) } : {};
  const added = addVersion(set, at, { prompt: promptOf(set, text), origin: { kind: 'written' }, ...named, ...made });
  return { set: { ...added, chosenWritten: set.chosenWritten ?? at.id }, version: find(added.versions, at.id) };
}

/** The set with the words and the cue of a search, and a proposed prompt that names them, unless the user has made one. */
export function takeFoundWords(set: PromptSet, { words, template, prompt, search }: FoundWords, at: Stamp): PromptSet {
  const next = changeTask(set, { words, baseTemplate: template, wordSearch: search }, at.now);
  if (prompt === null || !versionsOf(set, 'written').every(isProposal)) return next;
  const added = addWritten(next, at, { text: { template: prompt, shots: 0, shotSeed: 0 }, ...PROPOSED });
  return chooseWritten(added.set, added.version.id, at.now);
}

/**
 * The set with the winner of a search as Yours: as a new version with its own answer words and calibration, or an earlier
 * version where the search has found that. One that is calibrated otherwise is another version: it keeps its answers.
 */
export function takeFoundPrompt(
  set: PromptSet,
  { winner: { name, tried, calibration, ...winner }, search }: FoundPrompt,
  at: Stamp,
): { readonly set: PromptSet; readonly version: Version } {
  const origin = { kind: 'found', search } as const;
  const prompt = { ...promptOf(set, winner.prompt, winner.words), calibration };
  const isIt = (own: Version) =>
    isSameText(own.prompt, prompt) && (!tried || !own.calibrated || sameMeans(own.prompt, prompt));
  const same = set.versions.find(isIt);
  const next = same
    ? changeVersion(
        set,
        same.id,
        { origin, ...(tried && { tried, calibrated: true, prompt: { ...same.prompt, calibration } }) },
        at.now,
      )
    : addVersion(set, at, { prompt, origin, tried, name: cleanName(`Found: ${name}`), calibrated: true });
  const version = find(next.versions, same?.id ?? at.id);
  return { set: { ...next, chosenWritten: version.id }, version };
}

const sameMeans = ({ calibration: a }: Prompt, { calibration: b }: Prompt): boolean =>
  a?.meanLogProbs.join() === b?.meanLogProbs.join();

const isBare = ({ origin }: Version): boolean => origin.kind === 'proposed' && origin.bare;

/** Whether Yours is a proposed prompt that nobody has changed, compared, or preferred to the template alone. */
export function needsFairCheck(set: PromptSet): boolean {
  const yours = chosenWritten(set);
  const isFirst = yours?.origin.kind === 'proposed' && !isBare(yours);
  const isOpen = isFirst && !yours.calibrated && firstText(yours.prompt).shots === 0;
  return isOpen && !generates(set.kind) && !set.versions.some(isBare);
}

/** The set with the template alone as Yours, because the proposal is worse; a proposal that is still a draft becomes it. */
export function takeTemplateAlone(set: PromptSet, at: Stamp): PromptSet {
  const text = { template: set.baseTemplate, shots: 0, shotSeed: 0 };
  const yours = chosenWritten(set);
  if (yours && !usedIn(set)(yours))
    return changeVersion(set, yours.id, { ...TEMPLATE_ALONE, prompt: promptOf(set, text) }, at.now);
  const { set: next, version } = addWritten(set, at, { text, ...TEMPLATE_ALONE });
  return chooseWritten(next, version.id, at.now);
}

/** Keeps the result of a try on validation rows with its version. */
export const recordTry = (set: PromptSet, versionId: string, tried: Tried, now: string): PromptSet =>
  changeVersion(set, find(set.versions, versionId).id, { tried }, now);

/** Starts a run. It is recorded from the start, so that a reload finds it. */
export function startRun(
  set: PromptSet,
  at: Stamp,
  from: Pick<
    Run,
    'settings' | 'template' | 'initText' | 'model' | 'datasetFingerprint' | 'heldBackHash' | 'splitHash'
  > &
    Partial<Pick<Run, 'name' | 'examples' | 'handVersion' | 'distilled' | 'words' | 'group'>>,
): { readonly set: PromptSet; readonly run: Run } {
  const number = nextNumber(set, 'trained');
  const run: Run = {
    words: set.words,
    ...from,
    id: at.id,
    number,
    name: from.name?.trim() ? cleanName(from.name) : `Run ${number}`,
    createdAt: at.now,
    status: 'running',
    error: null,
    bestStep: null,
    validationAccuracy: null,
    seconds: null,
  };
  return { set: touch(set, at.now, { runs: [...set.runs, run] }), run };
}

/** The state of a run at a pause, at its end, or when it failed. */
export function updateRun(set: PromptSet, runId: string, change: Partial<Run>, now: string): PromptSet {
  find(set.runs, runId);
  return touch(set, now, { runs: set.runs.map((run) => (run.id === runId ? { ...run, ...change } : run)) });
}

export interface RunResult extends Pick<Run, 'bestStep' | 'validationAccuracy' | 'seconds'> {
  readonly status: 'finished' | 'early' | 'stopped';
  /** Why it was stopped. Left out: nothing went wrong. */
  readonly error?: NonNullable<Run['error']>;
  readonly soft: SoftPrompt;
  readonly validationLoss?: number;
  readonly validationRows?: number;
  readonly heapBytes?: number;
  readonly distilled?: NonNullable<Run['distilled']>;
}

/** Whether a run has made a version. */
export const hasEnded = ({ status }: Pick<Run, 'status'>): boolean =>
  status === 'finished' || status === 'early' || status === 'stopped';

/** What a run has trained, with the text around it and the words that follow. */
const trainedPromptOf = (set: PromptSet, { template, examples, words }: Run, soft: SoftPrompt): Prompt => ({
  task: taskOf(set, words),
  voices: voicesOf(tunedPrompt(template, soft, examples), wordsFor(template, words), [soft]),
  calibration: null,
  threshold: null,
});

/**
 * Ends a run, which makes a version. That becomes Tuned if nothing was chosen yet, or if it is at least as good on
 * validation rows as the chosen one (never called a win: test rows decide that). A hybrid never becomes Tuned, nor does what
 * learned the answers of a version with vectors: it stands in for that elsewhere.
 */
export function finishRun(set: PromptSet, runId: string, { soft, ...end }: RunResult, now: string): PromptSet {
  const ended = updateRun(set, runId, { error: null, ...end }, now);
  const run = find(ended.runs, runId);
  const { id, number, name, model, handVersion, distilled, datasetFingerprint, heldBackHash, splitHash } = run;
  const teacher = versionById(set, distilled?.from ?? null);
  const before = chosenTuned(ended);
  const done = addVersion(
    { ...ended, versions: ended.versions.filter((each) => each.id !== id) },
    { id, now },
    {
      number,
      name,
      model,
      prompt: trainedPromptOf(set, run, soft),
      origin: { kind: 'run', run: id, ...(handVersion && { onto: handVersion }) },
      learned: { datasetFingerprint, heldBackHash, splitHash },
    },
  );
  if (handVersion || (teacher && sideOf(teacher) === 'trained')) return done;
  return !before || rankOf(done, find(done.versions, id)) >= rankOf(done, before)
    ? { ...done, chosenTrained: id }
    : done;
}

/** The set with a run that has ended, by itself or elsewhere, and its version. */
export const addRun = (
  set: PromptSet,
  { run, result }: { readonly run: Run; readonly result: RunResult },
  now: string,
): PromptSet => finishRun(startRun(set, { id: run.id, now: run.createdAt }, run).set, run.id, result, now);

/** Tuned as the user or a run before has chosen it, where it has the task of the set. */
function chosenTuned(set: PromptSet): Version | null {
  const chosen = versionById(set, set.chosenTrained);
  return chosen && isTuned(chosen) && hasTask(set, chosen) ? chosen : null;
}

/** Among versions of one task: the higher, the better its run was on validation rows. */
function rankOf(set: PromptSet, version: Version): number {
  const { validationAccuracy, validationLoss } = runOf(set, version) ?? {};
  return validationLoss === undefined ? (validationAccuracy ?? 0) : -validationLoss;
}

/** The set with a version's prompt as another version, which has another calibration and is Yours or Tuned in its place. */
export function recalibrate(
  set: PromptSet,
  versionId: string,
  calibration: Prompt['calibration'],
  at: Stamp,
): PromptSet {
  const { author: _author, note: _note, ...own } = find(set.versions, versionId);
  const { id } = at;
  const prompt = { ...own.prompt, calibration, threshold: null };
  const name = cleanName(`${own.name}, recalibrated`);
  const added = addVersion(set, at, { ...own, number: 0, name, prompt, calibrated: true });
  return {
    ...added,
    chosenWritten: chosenWritten(set)?.id === versionId ? id : set.chosenWritten,
    chosenTrained: chosenTrained(set)?.id === versionId ? id : set.chosenTrained,
  };
}

export function chooseWritten(set: PromptSet, versionId: string, now: string): PromptSet {
  return touch(set, now, { chosenWritten: find(set.versions, versionId).id });
}

export function chooseTrained(set: PromptSet, versionId: string, now: string): PromptSet {
  assert(isTuned(find(set.versions, versionId)), 'only one trained prompt can be used as Tuned');
  return touch(set, now, { chosenTrained: versionId });
}

/** The version used as Yours: the chosen one, else the newest. */
export const chosenWritten = (set: Pick<PromptSet, 'versions' | 'chosenWritten'>): Version | null =>
  versionById(set, set.chosenWritten) ?? versionsOf(set, 'written').at(-1) ?? null;

/** Versions with vectors that may be Tuned or Hybrid for the task of the set. */
const tunedVersions = (set: PromptSet): readonly Version[] =>
  set.versions.filter((version) => isTuned(version) && hasTask(set, version));

/** The version used as Tuned: the chosen one, else the newest. */
export const chosenTrained = (set: PromptSet): Version | null => {
  const all = tunedVersions(set);
  return all.find(({ id }) => id === set.chosenTrained) ?? all.findLast((version) => !isHybrid(version)) ?? null;
};

/** The version used as Hybrid: of those on a hand-written text the best on validation rows, the newest of equals. */
export const chosenHybrid = (set: PromptSet): Version | null =>
  tunedVersions(set)
    .filter(isHybrid)
    .reduce<Version | null>((best, own) => (!best || rankOf(set, own) >= rankOf(set, best) ? own : best), null);

/** The run that a reload or a pause left open, newest first. */
export const openRun = ({ runs }: Pick<PromptSet, 'runs'>): Run | null =>
  runs.findLast(({ status }) => status === 'running' || status === 'paused') ?? null;

function find<V extends { readonly id: string }>(list: readonly V[], id: string): V {
  const found = list.find((each) => each.id === id);
  assert(found, `no version or run ${id}`);
  return found;
}
