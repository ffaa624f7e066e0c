/**
 * What a try of a hand-written version depends on. Its figures are the present ones only while all of that is unchanged;
 * otherwise they belong to an earlier prompt, earlier rows or another model, and are marked as such.
 */
import type { TaskKind } from '../dataset/types';
import { count, counted, midSentence, ofRows, percent, percentWhole } from '../lib/format';
import { headlineOf, LABEL_METRICS, TAG_METRICS, TEXT_METRICS } from '../metrics/registry';
import { firstText, isText, type Prompt } from '../prompt/prompt';
import type { PromptText } from '../task/types';
import type { Scores } from '../training/events';
import { chosenWritten, versionWith } from './make-versions';
import { sameWords } from './prompt-set';
import type { AnswersWith, Opened, PromptSet, Tried, TryOf, Version } from './types';
import { isSameText, promptFor, versionsOf } from './versions';

/** What a prompt answers with, besides its text. */
export const answersWith = (prompt: Prompt): AnswersWith => ({
  words: firstText(prompt).words,
  meanLogProbs: prompt.calibration?.meanLogProbs ?? null,
  longest: 'longest' in prompt.task ? prompt.task.longest : null,
});

/** What can have changed since a try. */
type Difference = 'words' | 'length' | 'calibration' | 'rows' | 'model';

const sameNumbers = (a: readonly number[] | null, b: readonly number[] | null): boolean =>
  a === b || (a !== null && b !== null && a.length === b.length && a.every((value, i) => value === b[i]));

/** In what a version would be tried differently now; empty where it was not tried, or where its figures are the present ones. */
export function sinceTry(
  set: Pick<PromptSet, 'kind' | 'longest' | 'words'>,
  version: Version,
  { dataset, model }: Opened,
): readonly Difference[] {
  const made = version.tried;
  if (!made) return [];
  const then = made.with;
  const now = answersWith(promptFor(set, version));
  const isSameRows = made.datasetFingerprint === dataset.fingerprint && made.splitHash === dataset.splitHash;
  const differs: Readonly<Record<Difference, boolean>> = {
    words: !sameWords(then.words, now.words),
    length: then.longest !== now.longest,
    calibration: !sameNumbers(then.meanLogProbs, now.meanLogProbs),
    rows: !isSameRows || then.seed !== dataset.seed,
    model: model !== null && then.model !== model,
  };
  return (Object.keys(differs) as Difference[]).filter((what) => differs[what]);
}

const WORDS: Readonly<Record<Difference, string>> = {
  words: 'with other answer words',
  length: 'with another longest answer',
  calibration: 'with another calibration',
  rows: 'on other rows',
  model: 'by another model',
};

/** "with other answer words, on other rows". */
export const differenceWords = (differences: readonly Difference[]): string =>
  differences.map((each) => WORDS[each]).join(', ');

/** A try as it is shown for the prompt in the editor. */
export interface ShownTry {
  readonly version: Version;
  /** The prompt in the editor is another one. */
  readonly isOther: boolean;
  readonly differences: readonly Difference[];
}

/** Whether the figures are those of what is in the editor, on the rows and by the model that are open. */
export const isPresent = ({ isOther, differences }: Pick<ShownTry, 'isOther' | 'differences'>): boolean =>
  !isOther && differences.length === 0;

/** The chosen version, where a search has found exactly this text: it has its own answer words. */
export function foundVersion(set: PromptSet, text: PromptText): Version | null {
  const chosen = chosenWritten(set);
  return chosen?.origin.kind === 'found' && isOfText(chosen, text) ? chosen : null;
}

/** Whether a version has a text, with whatever answer words. */
export const isOfText = ({ prompt }: Version, text: PromptText): boolean =>
  isText(prompt) &&
  isSameText(prompt, { voices: [{ ...firstText(prompt), ...DEFAULTS, ...text, words: firstText(prompt).words }] });

/** Of a text that says nothing else. */
const DEFAULTS = { selection: undefined, orders: undefined, chat: undefined } as const;

const wasTried = (version: Version | null | undefined): version is Version => version != null && version.tried !== null;

/**
 * The try that is shown with a prompt: its own, else the newest of the same text, else that of Yours; null = there is none.
 */
export function shownTry(set: PromptSet, text: PromptText, opened: Opened): ShownTry | null {
  const own = foundVersion(set, text) ?? versionWith(set, text);
  const alike = versionsOf(set, 'written').findLast((version) => wasTried(version) && isOfText(version, text));
  const version = [own, alike, chosenWritten(set)].find(wasTried);
  return version ? { version, isOther: version !== own, differences: sinceTry(set, version, opened) } : null;
}

/** Rows that a try got wrong; their ids are left out where a package came without rows. */
export const wrongCount = ({ rows, accuracy }: Pick<TryOf<'classify'>, 'rows' | 'accuracy'>): number =>
  rows - Math.round(rows * accuracy);

/** From 0 to 1, by the metric that decides. */
export const reachedIn = (tried: Tried): number => headlineOf<number>({ kind: tried.kind, metrics: tried as never });

const { accuracy } = LABEL_METRICS;
const { microF1, subsetAccuracy } = TAG_METRICS;
const { perplexity, rougeL } = TEXT_METRICS;

const on = (rows: number, noun?: string) => (noun ? ` on ${counted(rows, noun)}` : '');

type ScoresOf<K extends TaskKind> = Extract<Scores, { readonly kind: K }>;

interface TryKind<K extends TaskKind> {
  /** "20 of 30 rows", "81% of 64 rows"; "ROUGE-L 55% on 20 rows". */
  readonly words: (tried: TryOf<K>, form: (share: number) => string, noun?: string) => string;
  /** What is listed, the figure that decides first. */
  readonly shown: readonly (readonly [metric: string, words: (tried: TryOf<K>) => string])[];
  /** As runs are measured too; null where their figures are others. */
  readonly scores: (tried: TryOf<K>) => ScoresOf<K> | null;
  /** What a run reached: "81% of 64 validation rows right". */
  readonly reached: (scores: ScoresOf<K> & { readonly loss: number }, rows: number) => string;
  /** Without ids, answers and texts of rows. */
  readonly withoutRows: (tried: TryOf<K>) => TryOf<K>;
}

const VALIDATION = 'validation row';

const TRIES: { readonly [K in TaskKind]: TryKind<K> } = {
  classify: {
    words: (tried, form, noun) => ofRows(tried.accuracy, tried.rows, noun, form),
    shown: [
      [accuracy.name, (tried) => ofRows(tried.accuracy, tried.rows, undefined, percentWhole)],
      ['Wrong rows', (tried) => count(wrongCount(tried))],
    ],
    scores: (tried) => ({ kind: tried.kind, accuracy: tried.accuracy, macroF1: tried.macroF1 }),
    reached: (scores, rows) => `${ofRows(scores.accuracy, rows, VALIDATION, percentWhole)} right`,
    withoutRows: (tried) => ({ ...tried, wrongRowIds: [], wrongPredictions: [] }),
  },
  tag: {
    words: (tried, form, noun) => `${midSentence(microF1.name)} ${form(tried.microF1)}${on(tried.rows, noun)}`,
    shown: [
      [microF1.name, (tried) => percentWhole(tried.microF1)],
      [subsetAccuracy.name, (tried) => ofRows(tried.subsetAccuracy, tried.rows, undefined, percentWhole)],
    ],
    scores: (tried) => ({ kind: tried.kind, microF1: tried.microF1, macroF1: tried.macroF1 }),
    reached: (scores, rows) => `${midSentence(microF1.name)} ${percentWhole(scores.microF1)}${on(rows, VALIDATION)}`,
    withoutRows: (tried) => ({ ...tried, given: [] }),
  },
  generate: {
    words: (tried, form, noun) => `${rougeL.name} ${form(tried.rougeL)}${on(tried.rows, noun)}`,
    shown: [
      [rougeL.name, (tried) => percentWhole(tried.rougeL)],
      [perplexity.name, ({ loss }) => perplexity.format.value(Math.exp(loss))],
    ],
    scores: () => null,
    reached: ({ loss }, rows) =>
      `${midSentence(perplexity.name)} ${perplexity.format.value(Math.exp(loss))}${on(rows, VALIDATION)}`,
    withoutRows: (tried) => ({ ...tried, written: [] }),
  },
};

const kindOf = ({ kind }: { readonly kind: TaskKind }) => TRIES[kind] as TryKind<TaskKind>;

export const triedWords = (tried: Tried, noun?: string, form = percent): string =>
  kindOf(tried).words(tried, form, noun);

/** Null where a version has no try of this kind. */
export const shownOf = (kind: TaskKind) =>
  kindOf({ kind }).shown.map(([metric, words]) => {
    const of = ({ tried }: Version) => (tried?.kind === kind ? words(tried) : null);
    return [metric, of] as const;
  });

export const scoresIn = (tried: Tried): Scores | null => kindOf(tried).scores(tried);

export const reachedWords = (scores: Scores & { readonly loss: number }, rows: number): string =>
  kindOf(scores).reached(scores, rows);

export const withoutRowIds = (tried: Tried): Tried => kindOf(tried).withoutRows(tried);
