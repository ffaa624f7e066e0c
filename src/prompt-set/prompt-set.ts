/**
 * What can happen to a prompt set, as pure functions from one value to the next. Ids and times are passed in.
 * No version is ever dropped: deleting a set only marks it, so that it can be undone.
 */
import { generates } from '../dataset/task-facts';
import type { TaskKind } from '../dataset/types';
import { firstText, isText, labelsOf, type Prompt, type Voice } from '../prompt/prompt';
import type { SoftPrompt } from '../prompt/soft-prompt';
import { alignWords, sameLabels } from '../task/template';
import type { AnswerWord } from '../task/types';
import { uniqueHandle } from './handle';
import type { EarlierLooks, PromptSet, Version, WordSearch } from './types';
import { promptOf, taskOf } from './versions';

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
  from: Pick<PromptSet, 'name' | 'words' | 'baseTemplate' | 'datasetFingerprint' | 'datasetName'> & {
    /** Left out: the task chooses one of a few labels. */
    readonly kind?: TaskKind;
    readonly longest?: number | null;
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
    kind: from.kind ?? 'classify',
    longest: from.longest ?? null,
    baseTemplate: from.baseTemplate,
    versions: [],
    runs: [],
    chosenWritten: null,
    chosenTrained: null,
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

/** Whether a version was tried, compared, staged or trained from; another is still a draft. */
export function usedIn({ moves = [], runs }: PromptSet): (version: Version) => boolean {
  const named = new Set([
    ...moves.map(({ to }) => to),
    ...runs.flatMap(({ handVersion, distilled }) => [handVersion, distilled?.from]),
  ]);
  return (version) =>
    version.tried !== null || version.calibrated || version.prompt.threshold !== null || named.has(version.id);
}

/** The versions for another task: a hand-written one that was never used is still a draft and gets its answer words. */
function forTask(set: PromptSet, next: PromptSet): readonly Version[] {
  const isUsed = usedIn(set);
  const fitted = (version: Version): Prompt => {
    const { prompt } = version;
    if (isText(prompt) && !isUsed(version)) return promptOf(next, firstText(prompt));
    return 'longest' in prompt.task && generates(next.kind) ? { ...prompt, task: taskOf(next) } : prompt;
  };
  return set.versions.map((version) => ({ ...version, prompt: fitted(version) }));
}

/** A prompt whose answers are in another order of its labels: words, calibration, trained answer words and counts are lists in it. */
function inOrder<P extends Prompt>(prompt: P, labels: readonly string[]): P {
  const before = labelsOf(prompt);
  const places = labels.map((label) => before.indexOf(label));
  const isSame = before.length === labels.length && places.every((place) => place >= 0);
  if (!isSame || places.every((place, i) => place === i)) return prompt;
  const shifted = (soft: SoftPrompt): SoftPrompt => {
    const { answerShift: shift, hidden } = soft;
    if (!shift) return soft;
    const rows = places.map((place) => shift.subarray(place * hidden, (place + 1) * hidden));
    return { ...soft, answerShift: Float32Array.from(rows.flatMap((row) => [...row])) };
  };
  const voiced = (voice: Voice): Voice =>
    voice.kind === 'text'
      ? { ...voice, words: alignWords(voice.words, labels), soft: voice.soft && shifted(voice.soft) }
      : { ...voice, counts: { ...voice.counts, known: voice.counts.known.map((place) => places.indexOf(place)) } };
  const { calibration } = prompt;
  return {
    ...prompt,
    task: { ...prompt.task, labels },
    voices: prompt.voices.map(voiced),
    calibration: calibration && {
      ...calibration,
      meanLogProbs: places.map((place) => calibration.meanLogProbs[place] ?? 0),
    },
  };
}

/** The set with its labels in another order, as other rows may have them. */
const reordered = (set: PromptSet, labels: readonly string[]): PromptSet =>
  sameLabels(set.words, labels)
    ? {
        ...set,
        words: alignWords(set.words, labels),
        versions: set.versions.map((version) => ({ ...version, prompt: inOrder(version.prompt, labels) })),
        runs: set.runs.map((run) =>
          sameLabels(run.words, labels) ? { ...run, words: alignWords(run.words, labels) } : run,
        ),
        ...(set.untuned && { untuned: inOrder(set.untuned, labels) }),
      }
    : set;

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
    readonly kind?: TaskKind;
    readonly longest?: number | null;
    readonly wordSearch?: WordSearch;
    readonly datasetFingerprint?: string;
    readonly datasetName?: string;
    /** The test rows are the same, with some cells changed: their uses still count. */
    readonly sameTestRows?: boolean;
  },
  now: string,
): PromptSet {
  const { sameTestRows = false, ...change } = task;
  const labels = change.words?.map(({ label }) => label);
  const set = labels ? reordered(before, labels) : before;
  const { datasetFingerprint: rows, words, kind = set.kind, longest = set.longest } = change;
  const isOther = (words && !sameWords(words, set.words)) || kind !== set.kind || longest !== set.longest;
  const otherRows = rows !== undefined && rows !== set.datasetFingerprint;
  return touch(set, now, {
    ...change,
    ...(isOther ? { versions: forTask(set, { ...set, ...change }) } : {}),
    ...(otherRows && !sameTestRows ? looksOn(set, rows) : {}),
  });
}

/** Counts one more use of the test rows. */
export const countLook = (set: PromptSet, now: string): PromptSet => touch(set, now, { testLooks: set.testLooks + 1 });

export const deletePromptSet = (set: PromptSet, now: string): PromptSet => touch(set, now, { deletedAt: now });
export const undoDelete = (set: PromptSet, now: string): PromptSet => touch(set, now, { deletedAt: null });

/** What a user changes by hand, apart from rows, versions and stages. */
const BY_HAND = ['name', 'baseTemplate', 'longest', 'chosenWritten', 'chosenTrained', 'tags', 'notes'] as const;

/** Takes back what changed between two states of a set; everything that came since stays. */
export function takeBack(set: PromptSet, before: PromptSet, after: PromptSet, now: string): PromptSet {
  const changed = BY_HAND.filter((key) => before[key] !== after[key]);
  const back = touch(set, now, Object.fromEntries(changed.map((key) => [key, before[key]])));
  if (before.words === after.words) return back;
  const labels = set.words.map(({ label }) => label);
  return changeTask(back, { words: alignWords(before.words, labels) }, now);
}
