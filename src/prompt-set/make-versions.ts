/** Versions of a prompt set, made and chosen: hand-written ones are saved, runs are started, updated and finished. */

import type { CalibrationFit } from '../evaluation/types';
import { assert } from '../lib/assert';
import type { AnswerWord, HardPrompt } from '../task/types';
import { changeTask, cleanName, isWriting, type Stamp, sameWords, touch, usedIn } from './prompt-set';
import type {
  Distilled,
  HardVersion,
  PromptSearch,
  PromptSet,
  SoftVersion,
  TagTry,
  WordSearch,
  WritingTry,
} from './types';

/** The winner of a search for a prompt. */
export interface FoundPrompt {
  readonly winner: Pick<HardVersion, 'prompt' | 'name' | 'tried'> & {
    /** In the order of the labels. */
    readonly words: readonly AnswerWord[];
    readonly calibration: CalibrationFit | null;
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
export const isProposal = ({ origin, tried, wrote }: Pick<HardVersion, 'origin' | 'tried' | 'wrote'>): boolean =>
  origin.kind === 'proposed' && !tried && !wrote;

export const samePrompt = (a: HardPrompt, b: HardPrompt): boolean =>
  a.template === b.template &&
  a.shots === b.shots &&
  (a.chat ?? false) === (b.chat ?? false) &&
  (a.shots === 0 ||
    (a.shotSeed === b.shotSeed &&
      (a.selection ?? 'balanced') === (b.selection ?? 'balanced') &&
      (a.orders ?? 1) === (b.orders ?? 1)));

/** The version that is exactly this prompt with the set's answer words; null = it was not saved yet. */
export const versionWith = (set: Pick<PromptSet, 'hard' | 'words'>, prompt: HardPrompt): HardVersion | null =>
  set.hard.find(
    (version) => samePrompt(version.prompt, prompt) && (!version.words || sameWords(version.words, set.words)),
  ) ?? null;

/**
 * Saves a hand-written prompt with the set's answer words as the next version. One that equals an earlier version is not
 * saved again: that version is returned. The first version becomes Yours.
 */
export function addHardVersion(
  set: PromptSet,
  at: Stamp,
  from: Pick<HardVersion, 'prompt'> & Partial<Pick<HardVersion, 'name' | 'origin' | 'tried'>>,
): { readonly set: PromptSet; readonly version: HardVersion } {
  const same = versionWith(set, from.prompt);
  if (same) {
    const version = from.tried ? { ...same, tried: from.tried } : same;
    if (version === same) return { set, version };
    return { set: touch(set, at.now, { hard: replace(set.hard, version) }), version };
  }
  const number = nextNumber(set.hard);
  const version: HardVersion = {
    id: at.id,
    number,
    name: from.name?.trim() ? cleanName(from.name) : `Version ${number}`,
    prompt: from.prompt,
    origin: from.origin ?? { kind: 'written' },
    createdAt: at.now,
    tried: from.tried ?? null,
  };
  return {
    set: touch(set, at.now, { hard: [...set.hard, version], chosenHard: set.chosenHard ?? version.id }),
    version,
  };
}

/** The set with the words and the cue of a search, and a proposed prompt that names them, unless the user has made one. */
export function takeFoundWords(set: PromptSet, { words, template, prompt, search }: FoundWords, at: Stamp): PromptSet {
  const next = changeTask(set, { words, baseTemplate: template, wordSearch: search }, at.now);
  if (prompt === null || !set.hard.every(isProposal)) return next;
  const added = addHardVersion(next, at, { prompt: { template: prompt, shots: 0, shotSeed: 0 }, ...PROPOSED });
  return chooseHard(added.set, added.version.id, at.now);
}

/**
 * The set with the winner of a search as Yours: as a new version with its own answer words and calibration, or an earlier
 * version where the search has found that. One that is calibrated otherwise is another version: it keeps its answers.
 */
export function takeFoundPrompt(
  set: PromptSet,
  { winner, search }: FoundPrompt,
  at: Stamp,
): { readonly set: PromptSet; readonly version: HardVersion } {
  const { prompt, words, name, calibration, tried } = winner;
  const same = set.hard.find(
    (version) =>
      samePrompt(version.prompt, prompt) &&
      sameWords(version.words ?? set.words, words) &&
      (!tried || version.calibration === undefined || sameMeans(version.calibration, calibration)),
  );
  const number = nextNumber(set.hard);
  const origin = { kind: 'found', search } as const;
  const made = { id: at.id, number, name: cleanName(`Found: ${name}`), prompt, createdAt: at.now, calibration };
  const own = sameWords(words, set.words) ? {} : { words };
  const version: HardVersion = same
    ? { ...same, origin, tried: tried ?? same.tried, ...(tried ? { calibration } : {}) }
    : { ...made, ...own, origin, tried };
  const hard = same ? replace(set.hard, version) : [...set.hard, version];
  return { set: touch(set, at.now, { hard, chosenHard: version.id }), version };
}

const sameMeans = (a: CalibrationFit | null, b: CalibrationFit | null): boolean =>
  a?.meanLogProbs.join() === b?.meanLogProbs.join();

/** Whether Yours is a proposed prompt that nobody has changed, compared, or preferred to the template alone. */
export function needsFairCheck(set: PromptSet): boolean {
  const yours = chosenHard(set);
  const isFirst = yours?.origin.kind === 'proposed' && !yours.origin.bare;
  const isOpen = isFirst && yours.calibration === undefined && yours.prompt.shots === 0;
  return isOpen && !isWriting(set) && !set.hard.some(({ origin }) => origin.kind === 'proposed' && origin.bare);
}

/** The set with the template alone as Yours, because the proposal is worse; a proposal that is still a draft becomes it. */
export function takeTemplateAlone(set: PromptSet, at: Stamp): PromptSet {
  const prompt = { template: set.baseTemplate, shots: 0, shotSeed: 0 };
  const yours = chosenHard(set);
  if (yours && !usedIn(set)(yours))
    return touch(set, at.now, { hard: replace(set.hard, { ...yours, ...TEMPLATE_ALONE, prompt }) });
  const { set: next, version } = addHardVersion(set, at, { prompt, ...TEMPLATE_ALONE });
  return chooseHard(next, version.id, at.now);
}

/** Keeps the result of a try on validation rows with its version. */
export function recordTry(
  set: PromptSet,
  versionId: string,
  tried: NonNullable<HardVersion['tried']>,
  now: string,
): PromptSet {
  return touch(set, now, { hard: replace(set.hard, { ...find(set.hard, versionId, 'hard version'), tried }) });
}

/** Keeps what it answered on validation rows with its version. */
export function recordAnswers(
  set: PromptSet,
  versionId: string,
  answers: { readonly tagged: TagTry } | { readonly wrote: WritingTry },
  now: string,
): PromptSet {
  return touch(set, now, { hard: replace(set.hard, { ...find(set.hard, versionId, 'hard version'), ...answers }) });
}

/** Starts a run. Its version exists from the start, so that a reload finds it. */
export function startRun(
  set: PromptSet,
  at: Stamp,
  from: Pick<
    SoftVersion,
    | 'settings'
    | 'template'
    | 'examples'
    | 'initText'
    | 'handVersion'
    | 'distilled'
    | 'words'
    | 'group'
    | 'model'
    | 'datasetFingerprint'
    | 'heldBackHash'
    | 'splitHash'
  > & {
    readonly name?: string;
  },
): { readonly set: PromptSet; readonly run: SoftVersion } {
  const number = nextNumber(set.soft);
  const { name, ...facts } = from;
  const run: SoftVersion = {
    ...facts,
    ...(isWriting(set) ? { writes: true } : {}),
    id: at.id,
    number,
    name: name?.trim() ? cleanName(name) : `Run ${number}`,
    createdAt: at.now,
    status: 'running',
    error: null,
    soft: null,
    bestStep: null,
    validationAccuracy: null,
    seconds: null,
  };
  return { set: touch(set, at.now, { soft: [...set.soft, run] }), run };
}

/** The state of a run at a pause, at its end, or when it failed. Vectors once kept stay if a later change brings none. */
export function updateRun(
  set: PromptSet,
  runId: string,
  change: Partial<
    Pick<
      SoftVersion,
      | 'status'
      | 'error'
      | 'soft'
      | 'bestStep'
      | 'validationAccuracy'
      | 'validationLoss'
      | 'validationRows'
      | 'seconds'
      | 'heapBytes'
      | 'distilled'
      | 'settings'
      | 'initText'
      | 'race'
    >
  >,
  now: string,
): PromptSet {
  const run = find(set.soft, runId, 'run');
  return touch(set, now, { soft: replace(set.soft, { ...run, ...change, soft: change.soft ?? run.soft }) });
}

const ENDED = new Set<SoftVersion['status']>(['finished', 'early', 'stopped']);

/** Whether a run has vectors and may be used as Tuned. */
export const isUsable = ({ soft, mixed, status }: SoftVersion): boolean =>
  (soft !== null || mixed !== undefined) && ENDED.has(status);

/**
 * Ends a run. It becomes Tuned if nothing was chosen yet, or if it is at least as good on validation rows as the chosen
 * one (never called a win: test rows decide that). A hybrid never becomes Tuned.
 */
export function finishRun(
  set: PromptSet,
  runId: string,
  result: {
    readonly status: 'finished' | 'early' | 'stopped';
    /** Why it was stopped. Left out: nothing went wrong. */
    readonly error?: string;
    readonly soft: NonNullable<SoftVersion['soft']>;
    readonly bestStep: number;
    readonly validationAccuracy: number | null;
    readonly validationLoss?: number;
    readonly validationRows?: number;
    readonly seconds: number;
    readonly heapBytes?: number;
    readonly distilled?: Distilled;
  },
  now: string,
): PromptSet {
  const done = updateRun(set, runId, { error: null, ...result }, now);
  const before = done.soft.find((s) => s.id === done.chosenSoft);
  if (find(done.soft, runId, 'run').handVersion) return done;
  const run = find(done.soft, runId, 'run');
  const better = !before || !isUsable(before) || !fits(done, before) || validationRank(run) >= validationRank(before);
  return better ? { ...done, chosenSoft: runId } : done;
}

/**
 * Whether a version is one run: then others may start from it, it may be Tuned and in a mean over seeds, and Train shows it.
 * Several prompts together and a linear probe are none.
 */
export const isRun = ({ mixed, probe }: Pick<SoftVersion, 'mixed' | 'probe'>): boolean => !mixed && !probe;

/** What `armId` named in the comparison that a version was kept from, of a version that is no run; null = it is another one. */
export const keptFrom = ({ mixed, probe }: Pick<SoftVersion, 'mixed' | 'probe'>): string | null =>
  mixed?.from ?? probe?.from ?? null;

/**
 * Whether a version is one run, trained for what the set does now: another column may have been chosen since. Trained answer
 * words belong to their labels.
 */
export const fits = (set: Pick<PromptSet, 'writing' | 'words'>, run: SoftVersion): boolean =>
  isRun(run) && hasTask(set, run);

/** Whether it answers what the set asks: texts, or these labels. */
export const hasTask = (set: Pick<PromptSet, 'writing' | 'words'>, run: SoftVersion): boolean =>
  (run.writes ?? false) === isWriting(set) &&
  ((run.soft?.answerShift === undefined && !run.mixed) ||
    run.words === undefined ||
    sameLabelOrder(set.words, run.words));

/** Whether two lists of answer words are of the same labels, in the same order. */
export const sameLabelOrder = (a: readonly AnswerWord[], b: readonly AnswerWord[]): boolean =>
  a.length === b.length && a.every(({ label }, i) => label === b[i]?.label);

/** The higher the better, among runs of one task. */
const validationRank = ({ validationAccuracy, validationLoss }: SoftVersion): number =>
  validationLoss === undefined ? (validationAccuracy ?? 0) : -validationLoss;

/** The set with a run that was trained apart from it, as its newest; Tuned and the stages stay as they are. */
export const addTrained = (set: PromptSet, run: SoftVersion, now: string): PromptSet =>
  touch(set, now, { soft: [...set.soft, { ...run, number: nextNumber(set.soft) }] });

/** The set with a version's prompt as another version, which has another calibration and is Yours or Tuned in its place. */
export function recalibrate(
  set: PromptSet,
  versionId: string,
  calibration: CalibrationFit | null,
  { id, now }: Stamp,
): PromptSet {
  const withCopy = <V extends HardVersion | SoftVersion>(list: readonly V[], changed: (own: V) => Partial<V>) => {
    const own = list.find((version) => version.id === versionId);
    if (!own) return list;
    const name = cleanName(`${own.name}, recalibrated`);
    const copy = { ...own, id, number: nextNumber(list), name, createdAt: now, calibration, threshold: undefined };
    return [...list, { ...copy, ...changed(own) }];
  };
  return touch(set, now, {
    hard: withCopy(set.hard, () => ({})),
    // no arm of a comparison answered as the copy does
    soft: withCopy(set.soft, ({ mixed }) => (mixed ? { mixed: { ...mixed, from: undefined } } : {})),
    chosenHard: chosenHard(set)?.id === versionId ? id : set.chosenHard,
    chosenSoft: chosenSoft(set)?.id === versionId ? id : set.chosenSoft,
  });
}

export function chooseHard(set: PromptSet, versionId: string, now: string): PromptSet {
  find(set.hard, versionId, 'hard version');
  return touch(set, now, { chosenHard: versionId });
}

export function chooseSoft(set: PromptSet, runId: string, now: string): PromptSet {
  assert(isUsable(find(set.soft, runId, 'run')), 'only a run with vectors can be used as Tuned');
  return touch(set, now, { chosenSoft: runId });
}

/** The version used as Yours: the chosen one, else the newest. */
export const chosenHard = (set: PromptSet): HardVersion | null =>
  set.hard.find((h) => h.id === set.chosenHard) ?? set.hard.at(-1) ?? null;

/** The run used as Tuned: the chosen one, else the newest that has vectors. */
export const chosenSoft = (set: PromptSet): SoftVersion | null => {
  const chosen = set.soft.find((s) => s.id === set.chosenSoft);
  if (chosen && isUsable(chosen) && fits(set, chosen)) return chosen;
  return set.soft.filter((s) => isUsable(s) && fits(set, s) && !s.handVersion).at(-1) ?? null;
};

/** The run used as Hybrid: of those on a hand-written text the best on validation rows, the newest of equals. */
export const chosenHybrid = (set: PromptSet): SoftVersion | null =>
  set.soft
    .filter((run) => isUsable(run) && fits(set, run) && run.handVersion)
    .reduce<SoftVersion | null>(
      (best, run) => (!best || validationRank(run) >= validationRank(best) ? run : best),
      null,
    );

/** The run that a reload or a pause left open, newest first. */
export const openRun = (set: PromptSet): SoftVersion | null =>
  set.soft.findLast((s) => s.status === 'running' || s.status === 'paused') ?? null;

const nextNumber = (list: readonly { readonly number: number }[]): number =>
  list.reduce((most, v) => Math.max(most, v.number), 0) + 1;

function find<V extends { readonly id: string }>(list: readonly V[], id: string, what: string): V {
  const found = list.find((v) => v.id === id);
  assert(found, `no ${what} ${id}`);
  return found;
}

const replace = <V extends { readonly id: string }>(list: readonly V[], value: V): readonly V[] =>
  list.map((v) => (v.id === value.id ? value : v));
