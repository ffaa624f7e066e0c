/**
 * What a try of a hand-written version depends on. Its figures are the present ones only while all of that is unchanged;
 * otherwise they belong to an earlier prompt, earlier rows or another model, and are marked as such.
 */
import { wordsFor } from '../task/template';
import type { AnswerWord } from '../task/types';
import { chosenHard, samePrompt, versionWith } from './make-versions';
import { sameWords } from './prompt-set';
import type { AnswersWith, HardVersion, Opened, PromptSet } from './types';
import { fittingCalibration, wordsFitting } from './versions';

/** What a version answers with now. */
export const answersWith = (
  set: Pick<PromptSet, 'words' | 'writing'>,
  version: Pick<HardVersion, 'words' | 'calibration'>,
): AnswersWith => ({
  words: wordsFitting(set, version),
  meanLogProbs: fittingCalibration(set, version)?.meanLogProbs ?? null,
  longest: set.writing?.longest ?? null,
});

/** What can have changed since a try; `unknown` in tries of earlier releases, which do not say what they were made with. */
type Difference = 'words' | 'length' | 'calibration' | 'rows' | 'model' | 'unknown';

const sameNumbers = (a: readonly number[] | null, b: readonly number[] | null): boolean =>
  a === b || (a !== null && b !== null && a.length === b.length && a.every((value, i) => value === b[i]));

/** The result of its try, of whichever kind of task. */
export const triedOf = ({ tried, tagged, wrote }: HardVersion) => tried ?? tagged ?? wrote ?? null;

/** In what a version would be tried differently now; empty where it was not tried, or where its figures are the present ones. */
export function sinceTry(
  set: Pick<PromptSet, 'words' | 'writing'>,
  version: HardVersion,
  { dataset, model }: Opened,
): readonly Difference[] {
  const made = triedOf(version);
  if (!made) return [];
  const otherRows = made.datasetFingerprint !== dataset.fingerprint || made.splitHash !== dataset.splitHash;
  const then = made.with;
  if (!then) return otherRows && made.datasetFingerprint !== undefined ? ['rows'] : ['unknown'];
  const now = answersWith(set, version);
  const asked = (words: readonly AnswerWord[]) => wordsFor(version.prompt, words);
  const differs: Readonly<Record<Exclude<Difference, 'unknown'>, boolean>> = {
    words: !sameWords(asked(then.words), asked(now.words)),
    length: then.longest !== now.longest,
    calibration: !sameNumbers(then.meanLogProbs, now.meanLogProbs),
    rows: otherRows || then.seed !== dataset.seed,
    model: model !== null && then.model !== model,
  };
  return (Object.keys(differs) as (keyof typeof differs)[]).filter((what) => differs[what]);
}

const WORDS: Readonly<Record<Difference, string>> = {
  words: 'with other answer words',
  length: 'with another longest answer',
  calibration: 'with another calibration',
  rows: 'on other rows',
  model: 'by another model',
  unknown: 'by an earlier release',
};

/** "with other answer words, on other rows". */
export const differenceWords = (differences: readonly Difference[]): string =>
  differences.map((each) => WORDS[each]).join(', ');

/** A try as it is shown for the prompt in the editor. */
export interface ShownTry {
  readonly version: HardVersion;
  /** The prompt in the editor is another one. */
  readonly isOther: boolean;
  readonly differences: readonly Difference[];
}

/** Whether the figures are those of what is in the editor, on the rows and by the model that are open. */
export const isPresent = ({ isOther, differences }: Pick<ShownTry, 'isOther' | 'differences'>): boolean =>
  !isOther && differences.length === 0;

/** The chosen version, where a search has found exactly this prompt: it has its own answer words. */
export function foundVersion(set: PromptSet, prompt: HardVersion['prompt']): HardVersion | null {
  const chosen = chosenHard(set);
  return chosen?.origin.kind === 'found' && samePrompt(chosen.prompt, prompt) ? chosen : null;
}

const wasTried = (version: HardVersion | null | undefined): version is HardVersion =>
  version != null && triedOf(version) !== null;

/**
 * The try that is shown with a prompt: its own, else the newest of the same text, else that of Yours; null = there is none.
 */
export function shownTry(set: PromptSet, prompt: HardVersion['prompt'], opened: Opened): ShownTry | null {
  const own = foundVersion(set, prompt) ?? versionWith(set, prompt);
  const alike = set.hard.findLast((version) => wasTried(version) && samePrompt(version.prompt, prompt));
  const version = [own, alike, chosenHard(set)].find(wasTried);
  return version ? { version, isOther: version !== own, differences: sinceTry(set, version, opened) } : null;
}

/** Rows that a try got wrong; their ids are left out where a package came without rows. */
export const wrongCount = ({ rows, accuracy }: Pick<NonNullable<HardVersion['tried']>, 'rows' | 'accuracy'>): number =>
  rows - Math.round(rows * accuracy);
