/** From a handle and a stage, or a version, to what answers: text, vectors, answer words, calibration and threshold. */
import { rowsKey } from '../dataset/keys';
import type { Dataset, TaskKind } from '../dataset/types';
import { present } from '../lib/assert';
import { contentKey, sha256 } from '../lib/bytes';
import { badInput } from '../lib/errors';
import { type Failure, fail, ok, type Result } from '../lib/result';
import type { SoftPrompt } from '../prompt/soft-prompt';
import { asContinuation } from '../task/template';
import type { AnswerWord, HardPrompt } from '../task/types';
import { meanLogProbsOf } from './calibration';
import { chosenHard, sameLabelOrder } from './make-versions';
import { kindOf, sameWords } from './prompt-set';
import { resolveStage, resolveVersion, type StageFailure, type VersionFailure } from './stages';
import type { Beside, PromptSet, SoftVersion, StagePolicy } from './types';
import {
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

export interface ReadyPrompt {
  readonly set: PromptSet;
  readonly of: Version;
  readonly prompt: HardPrompt;
  readonly soft: SoftPrompt | null;
  /** As they follow the prompt, in the order of the labels. */
  readonly words: readonly AnswerWord[];
  /** What calibration subtracts from the log-probabilities of its labels; null = nothing. */
  readonly meanLogProbs: readonly number[] | null;
  /** Answers with a lower probability go to a person; null = all are taken. */
  readonly threshold: number | null;
  /** Of the weights that its vectors were trained on; null = it has no vectors. */
  readonly modelSha256: string | null;
}

type WrapperFailure = StageFailure | VersionFailure | Failure<'no-set'>;

/** A version as text, vectors and answer words. */
export function readyPrompt(set: PromptSet, of: Version): ReadyPrompt {
  const { kind, version } = of;
  const prompt = kind === 'hard' ? version.prompt : tunedPrompt(version.template, version.settings, version.examples);
  const text = prompt.chat ? '' : prompt.template;
  return {
    set,
    of,
    prompt,
    soft: kind === 'soft' ? version.soft : null,
    words: wordsOf(set, of).map(({ label, word }) => ({ label, word: asContinuation(text, word) })),
    meanLogProbs: meanLogProbsOf(version),
    threshold: version.threshold?.value ?? null,
    modelSha256: kind === 'soft' ? version.model.sha256 : null,
  };
}

/** The prompt that a handle and a stage, or a version, refer to; never another one instead. */
function promptFor(sets: readonly PromptSet[], asked: Asked): Result<ReadyPrompt, WrapperFailure> {
  const set = sets.find(({ handle, deletedAt }) => handle === asked.handle && deletedAt === null);
  if (!set) return fail('no-set', `There is no prompt set ${asked.handle} in this library.`, { handle: asked.handle });
  const found = 'stage' in asked ? resolveStage(set, asked.stage) : resolveVersion(set, asked.version);
  return found.ok ? ok(readyPrompt(set, found.value)) : found;
}

/** What a handle and a stage, or a version, refer to, and the hand-written version that can answer in its place. */
export interface Found {
  readonly set: PromptSet;
  readonly asked: ReadyPrompt | null;
  readonly fallback: ReadyPrompt | null;
  /** Why there is no such version. */
  readonly missing: string | null;
}

/** @throws StudioError `bad-input` where no version can answer under the policy */
export function findVersions(sets: readonly PromptSet[], asked: Asked, policy: StagePolicy['kind']): Found {
  const set = sets.find(({ handle, deletedAt }) => handle === asked.handle && deletedAt === null);
  const found = promptFor(sets, asked);
  const missing = found.ok ? null : found.error.message;
  const own = found.ok ? found.value : null;
  const hand = set && chosenHard(set);
  const written = own?.of.kind === 'hard' ? own : hand ? readyPrompt(set, { kind: 'hard', version: hand }) : null;
  // answers of a version with other labels could not replace this one's
  const fits = !written || !own || sameLabelOrder(written.words, own.words);
  const fallback = fits ? written : null;
  const isEnough = policy === 'hand-written' ? fallback : policy === 'fallback' ? (own ?? fallback) : own;
  if (!set || !isEnough)
    throw badInput(
      missing ?? `${asked.handle} has no hand-written version that could answer. Write one, or choose another policy.`,
    );
  return { set, asked: own, fallback: fallback === own ? null : fallback, missing };
}

/** What may answer, and when. Plain values, where their versions are. At least one of the two is there. */
export interface Planned<V = NamedVersion, P = StagePolicy> {
  /** Null = the version that was asked for does not exist. */
  readonly asked: V | null;
  /** May answer in its place; null = none may. */
  readonly fallback: V | null;
  readonly policy: P;
}

/** The version that was asked for, else the one that answers in its place. */
export const firstOf = <V>({ asked, fallback }: Pick<Planned<V>, 'asked' | 'fallback'>): V =>
  present(asked ?? fallback, 'a version that answers');

/** What a version does with a row. */
export type AnsweringTask =
  | {
      readonly kind: 'classify';
      /** Mean log-probabilities that calibration subtracts; null = not calibrated. */
      readonly calibration: readonly number[] | null;
      /** Answers with a lower probability are marked for a person; left out = none. */
      readonly threshold?: number;
    }
  | {
      readonly kind: 'generate';
      /** Most tokens of a generated text; null = as the texts of the data set suggest. */
      readonly longest: number | null;
    };

/** A version that answers rows, with what it needs of its prompt set. */
export interface AnsweringVersion {
  readonly task: AnsweringTask;
  readonly prompt: HardPrompt;
  /** As they follow the prompt, in the order of the labels; empty where texts are generated. */
  readonly words: readonly AnswerWord[];
  readonly soft: SoftPrompt | null;
  /** The model that its vectors were trained on; null where it has none. */
  readonly model: { readonly id: string; readonly dtype: string; readonly sha256: string } | null;
  /** The rows of its prompt set, for examples in the prompt; null where they are not here. */
  readonly dataset: Dataset | null;
  /** What answers together with it, where labels are chosen; left out = nothing. */
  readonly together?: Together | undefined;
}

export interface Together extends Beside {
  /** Other templates for the same row, as for examples in other orders: the mean answer counts. */
  readonly texts: readonly string[];
}

const TASKS: { readonly [K in TaskKind]: (of: ReadyPrompt) => AnsweringTask } = {
  classify: ({ meanLogProbs: calibration, threshold }) => ({
    kind: 'classify',
    calibration,
    ...(threshold === null ? {} : { threshold }),
  }),
  generate: ({ set }) => ({ kind: 'generate', longest: set.writing?.longest ?? null }),
};

/** @param dataset the rows of its prompt set, where they are here */
export function answeringVersion(ready: ReadyPrompt, dataset: Dataset | null): AnsweringVersion {
  const { set, of, prompt, words, soft } = ready;
  const model = of.kind === 'soft' ? of.version.model : null;
  const together = togetherOf(of);
  return { task: TASKS[kindOf(set)](ready), prompt, words, soft, model, dataset, ...(together && { together }) };
}

/** What answers together with the version's own vectors; null = nothing. */
export const togetherOf = ({ kind, version }: Version): Together | null =>
  kind === 'soft' && version.together
    ? { texts: [], softs: version.together.softs, words: version.together.words }
    : null;

export type RouteKind = 'hand-written' | 'tuned' | 'hybrid' | 'ensemble' | 'combined';

/** What answers, by its name. */
export interface NamedVersion {
  readonly handle: string;
  /** "tuned 3". */
  readonly name: string;
  /** Left out: as its prompt, vectors and words say. */
  readonly route?: RouteKind;
  readonly version: AnsweringVersion;
}

/** @param dataset the rows of its prompt set, where they are here */
export function namedVersion(ready: ReadyPrompt, dataset: Dataset | null): NamedVersion {
  const { set, of } = ready;
  const hybrid = of.kind === 'soft' && of.version.handVersion ? { route: 'hybrid' as const } : {};
  return { handle: set.handle, name: versionWords(of), ...hybrid, version: answeringVersion(ready, dataset) };
}

/** A version that nothing else answers for. */
export const alone = (version: AnsweringVersion, of = { handle: '', name: '' }): Planned => ({
  ...{ asked: { ...of, version }, fallback: null, policy: { kind: 'as-asked' } },
});

// The rows of a grid: versions and means over seeds, each with what it answers from.

/** A row of a grid: a version, or the mean of several seeds, as it answers elsewhere. */
export interface GridPrompt {
  readonly id: string;
  readonly name: string;
  readonly prompt: HardPrompt;
  /** As they follow the prompt, in the order of its labels. */
  readonly words: readonly AnswerWord[];
  /** Of several the mean answer counts; empty = no vectors. */
  readonly softs: readonly SoftPrompt[];
  /** Words that are mixed in; null = none. */
  readonly wordCounts: Beside['words'];
  /** The model that the vectors were trained on; null = no vectors. */
  readonly model: SoftVersion['model'] | null;
  readonly meanLogProbs: readonly number[] | null;
  readonly threshold: number | null;
  /** The rows of its own prompt set, for its examples; null = they are not here. */
  readonly dataset: Dataset | null;
  /** What it has seen of those rows, or `textHash` of the rows that trained it, one after the other; null = nobody can say. */
  readonly seen: SeenParts | { readonly hashes: string } | null;
  /** Where it generates texts, with the most tokens of one, if they are set; left out = it chooses labels. */
  readonly writing?: { readonly longest: number | null };
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
    const runs = kind === 'soft' ? meanOf(set, version) : [];
    return runs.length > 1 && runs[0]?.id === version.id
      ? [{ id: `${MEAN}${version.id}`, name: `mean of ${runs.length} seeds of tuned ${version.number}` }]
      : [];
  });
  return [...all.map((of) => ({ id: of.version.id, name: versionWords(of) })), ...means];
}

/** A choice of `gridChoices` as a row; null where the set has none of this id. */
export function gridPrompt(set: PromptSet, choice: string, dataset: Dataset | null): GridPrompt | null {
  const isMean = choice.startsWith(MEAN);
  const of = versionById(set, isMean ? choice.slice(MEAN.length) : choice);
  const name = gridChoices(set).find(({ id }) => id === choice)?.name;
  if (!of || name === undefined) return null;
  const { prompt, words, soft, meanLogProbs, threshold } = readyPrompt(set, of);
  const together = togetherOf(of);
  const mean = isMean && of.kind === 'soft' ? meanOf(set, of.version).flatMap((run) => run.soft ?? []) : null;
  return {
    id: `${set.id}/${choice}`,
    name: `${set.handle}, ${name}`,
    prompt,
    words,
    softs: mean ?? (soft ? [soft, ...(together?.softs ?? [])] : []),
    wordCounts: mean ? null : (together?.words ?? null),
    model: of.kind === 'soft' ? of.version.model : null,
    // both belong to a version, and a mean is none
    meanLogProbs: isMean ? null : meanLogProbs,
    threshold: isMean ? null : threshold,
    dataset,
    seen: seenParts(set, of, dataset),
    ...(kindOf(set) === 'generate' && { writing: { longest: set.writing?.longest ?? null } }),
  };
}

/** Everything that decides a row's answers, as text. */
const promptContent = (of: GridPrompt): string =>
  contentKey(
    ...[of.prompt, of.words, of.softs, of.wordCounts, of.meanLogProbs, of.threshold, of.writing?.longest ?? null],
    of.prompt.shots > 0 && of.dataset ? rowsKey(of.dataset) : null,
  );

export const promptKey = (of: GridPrompt): Promise<string> => sha256(promptContent(of));
