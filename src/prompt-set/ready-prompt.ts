/** From a handle and a stage, or a version, to what answers. */
import type { ByTask, Dataset } from '../dataset/types';
import type { ArmKind } from '../evaluation/types';
import { present } from '../lib/assert';
import { contentKey } from '../lib/bytes';
import { badInput } from '../lib/errors';
import { type Failure, fail, type Result } from '../lib/result';
import { firstText, type Prompt, textsOf, type Voice, voicesOf } from '../prompt/prompt';
import { wordsFor } from '../task/template';
import type { AnswerWord } from '../task/types';
import { chosenHard } from './make-versions';
import { kindOf, sameWords } from './prompt-set';
import { resolveStage, resolveVersion, type StageFailure, type VersionFailure } from './stages';
import type { PromptSet, SoftVersion, StagePolicy } from './types';
import {
  kindWords,
  type SeenParts,
  seedsOf,
  seenParts,
  tunedPrompt,
  type Version,
  versionById,
  versionsOf,
  versionWords,
  wordsFitting,
  wordsOf,
} from './versions';

/** The stage or the version must be named: there is no default. */
export type Asked =
  | { readonly handle: string; readonly stage: string }
  | { readonly handle: string; readonly version: { readonly kind: Version['kind']; readonly number: number } };

type WrapperFailure = StageFailure | VersionFailure | Failure<'no-set'>;

/** What the prompts of a set answer. */
export const taskOf = (set: PromptSet, words: readonly AnswerWord[]): Prompt['task'] => TASKS[kindOf(set)](set, words);

const TASKS: ByTask<(set: PromptSet, words: readonly AnswerWord[]) => Prompt['task']> = {
  classify: (_, words) => ({ kind: 'classify', labels: words.map(({ label }) => label) }),
  tag: (_, words) => ({ kind: 'tag', labels: words.map(({ label }) => label) }),
  generate: ({ writing }) => ({ kind: 'generate', longest: writing?.longest ?? null }),
};

/** What a version with vectors answers with. @param words those that it follows, unless it has several prompts with their own */
export function trainedVoices(version: SoftVersion, words: readonly AnswerWord[]): readonly Voice[] {
  const { mixed, template, settings, examples, soft } = version;
  if (mixed) return mixed.voices;
  const text = tunedPrompt(template, settings, examples);
  return voicesOf(text, wordsFor(text, words), soft ? [soft] : []);
}

/** What a version answers with. */
export function promptOf(set: PromptSet, of: Version): Prompt {
  const { kind, version } = of;
  const words = wordsOf(set, of);
  return {
    task: taskOf(set, words),
    voices: kind === 'hard' ? voicesOf(version.prompt, wordsFor(version.prompt, words)) : trainedVoices(version, words),
    calibration: version.calibration ?? null,
    threshold: version.threshold ?? null,
  };
}

/** The version that a handle and a stage, or a number, refer to; never another one instead. */
function versionFor(set: PromptSet | undefined, asked: Asked): Result<Version, WrapperFailure> {
  if (!set) return fail('no-set', `There is no prompt set ${asked.handle} in this library.`, { handle: asked.handle });
  return 'stage' in asked ? resolveStage(set, asked.stage) : resolveVersion(set, asked.version);
}

/** What a handle and a stage, or a version, refer to, and the hand-written version that can answer in its place. */
export interface Found {
  readonly set: PromptSet;
  readonly asked: Version | null;
  readonly fallback: Version | null;
}

/** @throws StudioError `bad-input` where no version can answer under the policy */
export function findVersions(sets: readonly PromptSet[], asked: Asked, policy: StagePolicy['kind']): Found {
  const set = sets.find(({ handle, deletedAt }) => handle === asked.handle && deletedAt === null);
  const found = versionFor(set, asked);
  const own = found.ok ? found.value : null;
  const hand = set && chosenHard(set);
  const written: Version | null = own?.kind === 'hard' ? own : hand ? { kind: 'hard', version: hand } : null;
  // answers of a version with other labels could not replace this one's
  const fallback = set && written && (!own || haveSameLabels(set, written, own)) ? written : null;
  const isEnough = policy === 'hand-written' ? fallback : policy === 'fallback' ? (own ?? fallback) : own;
  if (!set || !isEnough)
    throw badInput(
      (found.ok ? null : found.error.message) ??
        `${asked.handle} has no hand-written version that could answer. Write one, or choose another policy.`,
    );
  return { set, asked: own, fallback: fallback === own ? null : fallback };
}

const haveSameLabels = (set: PromptSet, a: Version, b: Version): boolean =>
  contentKey(wordsOf(set, a).map(({ label }) => label)) === contentKey(wordsOf(set, b).map(({ label }) => label));

/** What may answer, and when. Plain values, where their versions are. At least one of the two is there. */
export interface Planned<V = AskedVersion, P = StagePolicy> {
  /** Null = the version that was asked for does not exist. */
  readonly asked: V | null;
  /** May answer in its place; null = none may. */
  readonly fallback: V | null;
  readonly policy: P;
}

/** The version that was asked for, else the one that answers in its place. */
export const firstOf = <V>({ asked, fallback }: Pick<Planned<V>, 'asked' | 'fallback'>): V =>
  present(asked ?? fallback, 'a version that answers');

/** What answers, in words. */
export const ROUTES = [
  'untuned',
  'hand-written',
  'tuned',
  'hybrid',
  'ensemble',
  'combined',
  'probe',
  'counts',
] as const;
export type RouteKind = (typeof ROUTES)[number];

/** What answers for a line of a comparison. */
export const routeOf = (kind: ArmKind): RouteKind =>
  kind === 'zero-shot' || kind === 'few-shot' ? 'hand-written' : kind === 'reference' ? 'counts' : kind;

/** A version as it is asked: its prompt, and what that needs of its prompt set. */
export interface AskedVersion {
  readonly handle: string;
  /** "tuned 3". */
  readonly name: string;
  readonly route: RouteKind;
  readonly prompt: Prompt;
  /** The model that its vectors were trained on; null where it has none. */
  readonly model: SoftVersion['model'] | null;
  /** The rows of its prompt set, for examples in the prompt; null where they are not here. */
  readonly dataset: Dataset | null;
}

/** @param dataset the rows of its prompt set, where they are here */
export const askedVersion = (set: PromptSet, of: Version, dataset: Dataset | null): AskedVersion => ({
  handle: set.handle,
  name: versionWords(of),
  route: kindWords(of),
  prompt: promptOf(set, of),
  model: of.kind === 'soft' ? of.version.model : null,
  dataset,
});

/** The version with another threshold; left out = its own. */
export const withThreshold = (of: AskedVersion, value: number | null | undefined): AskedVersion =>
  value == null || of.prompt.task.kind !== 'classify'
    ? of
    : { ...of, prompt: { ...of.prompt, threshold: { value, rows: 0, answered: 0, correct: 0 } } };

/** Its text alone, which any model reads. */
export const withoutVectors = (of: AskedVersion): AskedVersion => ({
  ...{ ...of, name: 'Untuned', route: 'untuned', model: null },
  prompt: {
    ...of.prompt,
    voices: textsOf(of.prompt).map((voice) => ({ ...voice, soft: null, splitsCue: false })),
    calibration: null,
  },
});

/** A version that nothing else answers for. */
export const alone = (asked: AskedVersion): Planned => ({ asked, fallback: null, policy: { kind: 'as-asked' } });

/** A row of a grid: a version, or the mean of several seeds, as it answers elsewhere. */
export interface GridRow extends AskedVersion {
  readonly id: string;
  /** What it has seen of those rows, or `textHash` of the rows that trained it, one after the other; null = nobody can say. */
  readonly seen: SeenParts | { readonly hashes: string } | null;
}

/** How a choice names the mean over the seeds of a run; anything else is a version's id. */
const MEAN = 'mean:';

/** The runs that differ from this one in their seed alone and answer with the same words. */
const meanOf = (set: PromptSet, run: SoftVersion): readonly SoftVersion[] =>
  seedsOf(set, run).filter((other) => sameWords(wordsFitting(set, other), wordsFitting(set, run)));

/** Everything of a set that can be a row: its versions, oldest first, and the means over seeds. */
export function gridChoices(set: PromptSet): readonly { readonly id: string; readonly name: string }[] {
  const all = versionsOf(set);
  const means = all.flatMap(({ kind, version }) => {
    // the mean of several next-token distributions is no text
    const runs = kind === 'soft' && kindOf(set) === 'classify' ? meanOf(set, version) : [];
    return runs.length > 1 && runs[0]?.id === version.id
      ? [{ id: `${MEAN}${version.id}`, name: `mean of ${runs.length} seeds of tuned ${version.number}` }]
      : [];
  });
  return [...all.map((of) => ({ id: of.version.id, name: versionWords(of) })), ...means];
}

/** A choice of `gridChoices` as a row; null where the set has none of this id. */
export function gridRow(set: PromptSet, choice: string, dataset: Dataset | null): GridRow | null {
  const isMean = choice.startsWith(MEAN);
  const of = versionById(set, isMean ? choice.slice(MEAN.length) : choice);
  const name = gridChoices(set).find(({ id }) => id === choice)?.name;
  if (!of || name === undefined) return null;
  const own = askedVersion(set, of, dataset);
  const asked = isMean && of.kind === 'soft' ? meanVersion(own, meanOf(set, of.version)) : own;
  return { ...asked, id: `${set.id}/${choice}`, name: `${set.handle}, ${name}`, seen: seenParts(set, of, dataset) };
}

/** Calibration and threshold belong to a version, and a mean is none. */
function meanVersion(one: AskedVersion, runs: readonly SoftVersion[]): AskedVersion {
  const text = firstText(one.prompt);
  const voices = runs.map(({ soft }) => ({ ...text, weight: 1 / runs.length, soft }));
  return { ...one, route: 'ensemble', prompt: { ...one.prompt, voices, calibration: null, threshold: null } };
}
