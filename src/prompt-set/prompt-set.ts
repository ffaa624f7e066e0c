/**
 * What can happen to a prompt set, as pure functions from one value to the next. Ids and times are passed in.
 * No version is ever dropped: deleting a set only marks it, so that it can be undone.
 */
import type { TaskKind } from '../dataset/types';
import { assert } from '../lib/assert';
import { alignWords, sameLabels } from '../task/template';
import type { HardPrompt, LabelWord } from '../task/types';
import { uniqueHandle } from './handle';
import type {
  Distilled,
  EarlierLooks,
  FoundPrompt,
  FoundWords,
  HardVersion,
  PromptSet,
  SoftVersion,
  WordSearch,
  WritingTask,
  WritingTry,
} from './types';

interface Stamp {
  readonly id: string;
  /** ISO time. */
  readonly now: string;
}

/** A fresh id and the present time, for the functions below. */
export const stamp = (): Stamp => ({ id: crypto.randomUUID(), now: new Date().toISOString() });

/** The current ISO time, but always after `before`, even if the clock was moved back. */
export function nowAfter(before: string | null | undefined, now = Date.now()): string {
  const earliest = before ? Date.parse(before) + 1 : now;
  return new Date(Number.isNaN(earliest) ? now : Math.max(now, earliest)).toISOString();
}

const touch = (set: PromptSet, now: string, change: Partial<PromptSet>): PromptSet => ({
  ...set,
  ...change,
  updatedAt: now,
});

/** The names of hand-written versions that the studio proposed: at first, and where that was worse than the template alone. */
export const PROPOSED = 'Proposed';
const TEMPLATE_ALONE = 'Proposed: the template alone';

/** Whether nobody has made or tried a version: a newer proposal replaces it. */
export const isProposal = ({ name, tried, wrote }: Pick<HardVersion, 'name' | 'tried' | 'wrote'>): boolean =>
  (name === PROPOSED || name === TEMPLATE_ALONE) && !tried && !wrote;

export function createPromptSet(
  at: Stamp,
  from: {
    readonly name: string;
    readonly words: readonly LabelWord[];
    readonly baseTemplate: string;
    readonly datasetFingerprint: string | null;
    readonly datasetName: string | null;
    readonly writing?: WritingTask | null;
    /** Handles already in use. */
    readonly taken: Iterable<string>;
  },
): PromptSet {
  const name = cleanName(from.name);
  return {
    id: at.id,
    name,
    handle: uniqueHandle(name, from.taken),
    createdAt: at.now,
    updatedAt: at.now,
    deletedAt: null,
    words: from.words,
    ...(from.writing ? { writing: from.writing } : {}),
    baseTemplate: from.baseTemplate,
    hard: [],
    soft: [],
    chosenHard: null,
    chosenSoft: null,
    datasetFingerprint: from.datasetFingerprint,
    datasetName: from.datasetName,
    testLooks: 0,
  };
}

/** One line of at most 80 characters; `Untitled` when nothing is left. */
const cleanName = (name: string): string => name.replace(/\s+/g, ' ').trim().slice(0, 80).trim() || 'Untitled';

/** A new name; the handle stays, because programs use it. */
export const renamePromptSet = (set: PromptSet, name: string, now: string): PromptSet =>
  touch(set, now, { name: cleanName(name) });

export const sameWords = (a: readonly LabelWord[], b: readonly LabelWord[]): boolean =>
  a.length === b.length && a.every(({ label, word }, i) => label === b[i]?.label && word === b[i]?.word);

/** Whether a hand-written version was tried, compared, staged or trained from; another is still a draft. */
function usedIn({ moves = [], soft }: PromptSet): (version: HardVersion) => boolean {
  const named = new Set([
    ...moves.map(({ to }) => to),
    ...soft.flatMap(({ handVersion, distilled }) => [handVersion, distilled?.from]),
  ]);
  return ({ id, tried, wrote, calibration, threshold }) =>
    tried !== null || [wrote, calibration, threshold].some((each) => each !== undefined) || named.has(id);
}

/**
 * The versions before the answer words change: each keeps the words that it was trained, tried, compared or staged with. A
 * hand-written version that was never used is still a draft and gets the new ones.
 */
function bindWords(set: PromptSet): Pick<PromptSet, 'hard' | 'soft'> {
  const isUsed = usedIn(set);
  const bound = <V extends { readonly words?: PromptSet['words'] | undefined }>(version: V): V =>
    version.words ? version : { ...version, words: set.words };
  return {
    hard: set.hard.map((version) => (isUsed(version) ? bound(version) : version)),
    soft: set.soft.map(bound),
  };
}

/** A run whose trained answer words follow the order of the labels. @param own its answer words until now */
function shiftInOrder(run: SoftVersion, own: readonly LabelWord[], labels: readonly string[]): SoftVersion {
  const { soft } = run;
  if (!soft?.answerShift) return run;
  const { answerShift: before, hidden } = soft;
  const answerShift = new Float32Array(before.length);
  for (const [to, word] of alignWords(own, labels).entries()) {
    const from = own.indexOf(word) * hidden;
    answerShift.set(before.subarray(from, from + hidden), to * hidden);
  }
  return { ...run, soft: { ...soft, answerShift } };
}

/**
 * The set with its labels in another order, as other rows may have them: words, calibrations and trained answer words are
 * lists in that order. As it is where these are other labels.
 */
function inOrder(set: PromptSet, labels: readonly string[]): PromptSet {
  const before = set.words.map(({ label }) => label);
  if (!sameLabels(set.words, labels) || before.every((label, i) => label === labels[i])) return set;
  const places = labels.map((label) => before.indexOf(label));
  const ordered = <V extends HardVersion | SoftVersion>(version: V): V => {
    const { words, calibration } = version;
    const meanLogProbs = calibration && places.map((place) => calibration.meanLogProbs[place] ?? 0);
    return {
      ...version,
      ...(words && { words: alignWords(words, labels) }),
      ...(calibration && meanLogProbs && { calibration: { ...calibration, meanLogProbs } }),
    };
  };
  const soft = set.soft.map((run) => shiftInOrder(ordered(run), run.words ?? set.words, labels));
  return { ...set, words: alignWords(set.words, labels), hard: set.hard.map(ordered), soft };
}

/** Data sets whose uses of the test rows are remembered. */
const MOST_EARLIER = 100;

/** The uses of the test rows of other rows: those from when they were open before, else none. */
function looksOn(
  { testLooks, datasetFingerprint, earlierLooks = [] }: PromptSet,
  fingerprint: string,
): Pick<PromptSet, 'testLooks' | 'earlierLooks'> {
  const left: readonly EarlierLooks[] =
    datasetFingerprint !== null && testLooks > 0 ? [{ fingerprint: datasetFingerprint, looks: testLooks }] : [];
  const others = earlierLooks.filter((each) => each.fingerprint !== datasetFingerprint);
  const kept = [...others, ...left].slice(-MOST_EARLIER);
  return {
    testLooks: others.find((each) => each.fingerprint === fingerprint)?.looks ?? 0,
    ...(kept.length > 0 ? { earlierLooks: kept } : {}),
  };
}

/** New answer words, another base template or other rows. Prompts trained before keep their own text. */
export function changeTask(
  before: PromptSet,
  task: {
    readonly words?: readonly LabelWord[];
    readonly baseTemplate?: string;
    readonly writing?: WritingTask | null;
    readonly wordSearch?: WordSearch;
    readonly datasetFingerprint?: string;
    readonly datasetName?: string;
    /** The test rows are the same, with some cells changed: their uses still count. */
    readonly sameHeldBack?: boolean;
  },
  now: string,
): PromptSet {
  const { sameHeldBack = false, ...change } = task;
  const set = change.words
    ? inOrder(
        before,
        change.words.map(({ label }) => label),
      )
    : before;
  const { datasetFingerprint: rows } = change;
  const otherRows = rows !== undefined && rows !== set.datasetFingerprint;
  return touch(set, now, {
    ...(change.words && !sameWords(change.words, set.words) ? bindWords(set) : {}),
    ...change,
    ...(otherRows && !sameHeldBack ? looksOn(set, rows) : {}),
  });
}

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
  from: { readonly prompt: HardPrompt; readonly name?: string; readonly tried?: HardVersion['tried'] },
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
  const added = addHardVersion(next, at, { prompt: { template: prompt, shots: 0, shotSeed: 0 }, name: PROPOSED });
  return chooseHard(added.set, added.version.id, at.now);
}

/**
 * The set with the winner of a search as Yours: as a new version with its own answer words and calibration, or an earlier
 * version where the search has found that.
 */
export function takeFoundPrompt(
  set: PromptSet,
  { winner, search }: FoundPrompt,
  at: Stamp,
): { readonly set: PromptSet; readonly version: HardVersion } {
  const { prompt, words, name, calibration, tried } = winner;
  const same = set.hard.find(
    (version) => samePrompt(version.prompt, prompt) && sameWords(version.words ?? set.words, words),
  );
  const number = nextNumber(set.hard);
  const made = { id: at.id, number, name: cleanName(`Found: ${name}`), prompt, createdAt: at.now, calibration };
  const own = sameWords(words, set.words) ? {} : { words };
  const version: HardVersion = same
    ? { ...same, search, tried: tried ?? same.tried, ...(tried ? { calibration } : {}) }
    : { ...made, ...own, search, tried };
  const hard = same ? replace(set.hard, version) : [...set.hard, version];
  return { set: touch(set, at.now, { hard, chosenHard: version.id }), version };
}

/** The set with the template alone as Yours, because the proposal is worse; a proposal that is still a draft becomes it. */
export function takeTemplateAlone(set: PromptSet, at: Stamp): PromptSet {
  const prompt = { template: set.baseTemplate, shots: 0, shotSeed: 0 };
  const yours = chosenHard(set);
  if (yours && !usedIn(set)(yours))
    return touch(set, at.now, { hard: replace(set.hard, { ...yours, name: TEMPLATE_ALONE, prompt }) });
  const { set: next, version } = addHardVersion(set, at, { prompt, name: TEMPLATE_ALONE });
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

/** Keeps the texts it generated for validation rows with its version. */
export function recordWriting(set: PromptSet, versionId: string, wrote: WritingTry, now: string): PromptSet {
  return touch(set, now, { hard: replace(set.hard, { ...find(set.hard, versionId, 'hard version'), wrote }) });
}

/** Starts a run. Its version exists from the start, so that a reload finds it. */
export function startRun(
  set: PromptSet,
  at: Stamp,
  from: Pick<
    SoftVersion,
    | 'settings'
    | 'template'
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
export const isUsable = (run: SoftVersion): boolean => run.soft !== null && ENDED.has(run.status);

/**
 * Ends a run. It becomes Tuned if nothing was chosen yet, or if it is at least as good on validation rows as the chosen
 * one (never called a win: test rows decide that). A hybrid never becomes Tuned.
 */
export function finishRun(
  set: PromptSet,
  runId: string,
  result: {
    readonly status: 'finished' | 'early' | 'stopped';
    readonly soft: NonNullable<SoftVersion['soft']>;
    readonly bestStep: number;
    readonly validationAccuracy: number | null;
    readonly validationLoss?: number;
    readonly validationRows?: number;
    readonly seconds: number;
    readonly distilled?: Distilled;
  },
  now: string,
): PromptSet {
  const done = updateRun(set, runId, { ...result, error: null }, now);
  const before = done.soft.find((s) => s.id === done.chosenSoft);
  if (find(done.soft, runId, 'run').handVersion) return done;
  const run = find(done.soft, runId, 'run');
  const better = !before || !isUsable(before) || !fits(done, before) || validationRank(run) >= validationRank(before);
  return better ? { ...done, chosenSoft: runId } : done;
}

/** The kind of task that the set's prompts solve. */
export const kindOf = ({ writing }: Pick<PromptSet, 'writing'>): TaskKind =>
  writing != null ? 'generate' : 'classify';

export const isWriting = (set: Pick<PromptSet, 'writing'>): boolean => kindOf(set) === 'generate';

/**
 * Whether a run was trained for what the set does now: another column may have been chosen since. Trained answer words
 * belong to their labels.
 */
export const fits = (set: Pick<PromptSet, 'writing' | 'words'>, run: SoftVersion): boolean =>
  (run.writes ?? false) === isWriting(set) &&
  (run.soft?.answerShift === undefined || run.words === undefined || sameLabelOrder(set.words, run.words));

/** Whether two lists of answer words are of the same labels, in the same order. */
export const sameLabelOrder = (a: readonly LabelWord[], b: readonly LabelWord[]): boolean =>
  a.length === b.length && a.every(({ label }, i) => label === b[i]?.label);

/** The higher the better, among runs of one task. */
const validationRank = ({ validationAccuracy, validationLoss }: SoftVersion): number =>
  validationLoss === undefined ? (validationAccuracy ?? 0) : -validationLoss;

export function chooseHard(set: PromptSet, versionId: string, now: string): PromptSet {
  find(set.hard, versionId, 'hard version');
  return touch(set, now, { chosenHard: versionId });
}

export function chooseSoft(set: PromptSet, runId: string, now: string): PromptSet {
  assert(isUsable(find(set.soft, runId, 'run')), 'only a run with vectors can be used as Tuned');
  return touch(set, now, { chosenSoft: runId });
}

/** Counts one more use of the test rows. */
export const countLook = (set: PromptSet, now: string): PromptSet => touch(set, now, { testLooks: set.testLooks + 1 });

export const deletePromptSet = (set: PromptSet, now: string): PromptSet => touch(set, now, { deletedAt: now });
export const undoDelete = (set: PromptSet, now: string): PromptSet => touch(set, now, { deletedAt: null });

/** What a user changes by hand, apart from rows, versions and stages. */
const BY_HAND = ['name', 'baseTemplate', 'writing', 'chosenHard', 'chosenSoft', 'tags', 'notes'] as const;

/** Takes back what lies between two states of a set; everything that came since stays. */
export function takeBack(set: PromptSet, before: PromptSet, after: PromptSet, now: string): PromptSet {
  const changed = BY_HAND.filter((key) => before[key] !== after[key]);
  const back = touch(set, now, Object.fromEntries(changed.map((key) => [key, before[key]])));
  if (before.words === after.words) return back;
  const labels = set.words.map(({ label }) => label);
  return changeTask(back, { words: alignWords(before.words, labels) }, now);
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
