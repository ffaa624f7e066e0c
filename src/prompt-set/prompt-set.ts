/**
 * What can happen to a prompt set, as pure functions from one value to the next. Ids and times are passed in.
 * No version is ever dropped: deleting a set only marks it, so that it can be undone.
 */
import type { TaskKind } from '../dataset/types';
import type { Voice } from '../prompt/prompt';
import type { SoftPrompt } from '../prompt/soft-prompt';
import { alignWords, sameLabels } from '../task/template';
import type { AnswerWord } from '../task/types';
import { uniqueHandle } from './handle';
import type { EarlierLooks, HardVersion, PromptSet, SoftVersion, WordSearch, WritingTask } from './types';

export interface Stamp {
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

/** The set changed at a time. */
export const touch = (set: PromptSet, now: string, change: Partial<PromptSet>): PromptSet => ({
  ...set,
  ...change,
  updatedAt: now,
});

export function createPromptSet(
  at: Stamp,
  from: Pick<
    PromptSet,
    'name' | 'words' | 'baseTemplate' | 'datasetFingerprint' | 'datasetName' | 'writing' | 'several'
  > & {
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
    ...(from.several ? { several: true } : {}),
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
export const cleanName = (name: string): string => name.replace(/\s+/g, ' ').trim().slice(0, 80).trim() || 'Untitled';

/** A new name; the handle stays, because programs use it. */
export const renamePromptSet = (set: PromptSet, name: string, now: string): PromptSet =>
  touch(set, now, { name: cleanName(name) });

export const sameWords = (a: readonly AnswerWord[], b: readonly AnswerWord[]): boolean =>
  a.length === b.length && a.every(({ label, word }, i) => label === b[i]?.label && word === b[i]?.word);

/** Whether a hand-written version was tried, compared, staged or trained from; another is still a draft. */
export function usedIn({ moves = [], soft }: PromptSet): (version: HardVersion) => boolean {
  const named = new Set([
    ...moves.map(({ to }) => to),
    ...soft.flatMap(({ handVersion, distilled }) => [handVersion, distilled?.from]),
  ]);
  return ({ id, tried, tagged, wrote, calibration, threshold }) =>
    tried !== null || [tagged, wrote, calibration, threshold].some((each) => each !== undefined) || named.has(id);
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

/** A run whose trained answer words, or counted words, follow the order of the labels. @param own its answer words until now */
function numbersInOrder(run: SoftVersion, own: readonly AnswerWord[], labels: readonly string[]): SoftVersion {
  const { soft, mixed } = run;
  const shifted = (of: SoftPrompt): SoftPrompt => {
    const { answerShift: before, hidden } = of;
    if (!before) return of;
    const answerShift = new Float32Array(before.length);
    for (const [to, word] of alignWords(own, labels).entries()) {
      const from = own.indexOf(word) * hidden;
      answerShift.set(before.subarray(from, from + hidden), to * hidden);
    }
    return { ...of, answerShift };
  };
  const voiced = (voice: Voice): Voice => {
    if (voice.kind === 'text')
      return { ...voice, words: alignWords(voice.words, labels), soft: voice.soft && shifted(voice.soft) };
    const known = voice.counts.known.map((place) => labels.indexOf(own[place]?.label ?? ''));
    return { ...voice, counts: { ...voice.counts, known } };
  };
  const placed = { ...run, soft: soft && shifted(soft) };
  return mixed ? { ...placed, mixed: { ...mixed, voices: mixed.voices.map(voiced) } } : placed;
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
  const soft = set.soft.map((run) => numbersInOrder(ordered(run), run.words ?? set.words, labels));
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
    readonly words?: readonly AnswerWord[];
    readonly baseTemplate?: string;
    readonly writing?: WritingTask | null;
    readonly several?: true | undefined;
    readonly wordSearch?: WordSearch;
    readonly datasetFingerprint?: string;
    readonly datasetName?: string;
    /** The test rows are the same, with some cells changed: their uses still count. */
    readonly sameTestRows?: boolean;
  },
  now: string,
): PromptSet {
  const { sameTestRows = false, ...change } = task;
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
    ...(otherRows && !sameTestRows ? looksOn(set, rows) : {}),
  });
}

/** The kind of task that the set's prompts solve. */
export const kindOf = ({ writing, several }: Pick<PromptSet, 'writing' | 'several'>): TaskKind =>
  writing != null ? 'generate' : several ? 'tag' : 'classify';

export const isWriting = (set: Pick<PromptSet, 'writing' | 'several'>): boolean => kindOf(set) === 'generate';

/** Counts one more use of the test rows. */
export const countLook = (set: PromptSet, now: string): PromptSet => touch(set, now, { testLooks: set.testLooks + 1 });

export const deletePromptSet = (set: PromptSet, now: string): PromptSet => touch(set, now, { deletedAt: now });
export const undoDelete = (set: PromptSet, now: string): PromptSet => touch(set, now, { deletedAt: null });

/** What a user changes by hand, apart from rows, versions and stages. */
const BY_HAND = ['name', 'baseTemplate', 'writing', 'chosenHard', 'chosenSoft', 'tags', 'notes'] as const;

/** Takes back what changed between two states of a set; everything that came since stays. */
export function takeBack(set: PromptSet, before: PromptSet, after: PromptSet, now: string): PromptSet {
  const changed = BY_HAND.filter((key) => before[key] !== after[key]);
  const back = touch(set, now, Object.fromEntries(changed.map((key) => [key, before[key]])));
  if (before.words === after.words) return back;
  const labels = set.words.map(({ label }) => label);
  return changeTask(back, { words: alignWords(before.words, labels) }, now);
}
