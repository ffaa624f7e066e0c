/** From a handle and a stage, or a version, to what answers. */
import type { Dataset } from '../dataset/types';
import { present } from '../lib/assert';
import { contentKey } from '../lib/bytes';
import { badInput } from '../lib/errors';
import { type Failure, fail, type Result } from '../lib/result';
import { labelsOf, type Prompt } from '../prompt/prompt';
import { chosenWritten } from './make-versions';
import { resolveStage, resolveVersion, type StageFailure, type VersionFailure } from './stages';
import type { PromptSet, StagePolicy, Version } from './types';
import {
  kindWords,
  type SeenParts,
  type Side,
  seedMean,
  seenParts,
  sideOf,
  textAlone,
  versionById,
  versionWords,
} from './versions';

/** The stage or the version must be named: there is no default. */
export type Asked =
  | { readonly handle: string; readonly stage: string }
  | { readonly handle: string; readonly version: { readonly side: Side; readonly number: number } };

type WrapperFailure = StageFailure | VersionFailure | Failure<'no-set'>;

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
  const hand = set && chosenWritten(set);
  const written = own && sideOf(own) === 'written' ? own : (hand ?? null);
  // answers of a version with other labels could not replace this one's
  const fallback = written && (!own || haveSameLabels(written, own)) ? written : null;
  const isEnough = policy === 'hand-written' ? fallback : policy === 'fallback' ? (own ?? fallback) : own;
  if (!set || !isEnough)
    throw badInput(
      (found.ok ? null : found.error.message) ??
        `${asked.handle} has no hand-written version that could answer. Write one, or choose another policy.`,
    );
  return { set, asked: own, fallback: fallback === own ? null : fallback };
}

const haveSameLabels = (a: Version, b: Version): boolean =>
  contentKey(labelsOf(a.prompt)) === contentKey(labelsOf(b.prompt));

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

/** A version as it is asked: its prompt, and what that needs of its prompt set. */
export interface AskedVersion {
  readonly handle: string;
  /** "tuned 3". */
  readonly name: string;
  readonly route: RouteKind;
  readonly prompt: Prompt;
  /** The model that its vectors were trained on; null where it has none. */
  readonly model: Version['model'];
  /** The rows of its prompt set, for examples in the prompt; null where they are not here. */
  readonly dataset: Dataset | null;
}

/** What answers, in words. */
export const routeOf = (of: Version): RouteKind =>
  of.origin.kind === 'baseline' && of.origin.which === 'untuned' ? 'untuned' : kindWords(of);

/** @param dataset the rows of its prompt set, where they are here */
export const askedVersion = (set: PromptSet, of: Version, dataset: Dataset | null): AskedVersion => ({
  handle: set.handle,
  name: versionWords(of),
  route: routeOf(of),
  prompt: of.prompt,
  model: of.model,
  dataset,
});

/** The version with another threshold; left out = its own. */
export const withThreshold = (of: AskedVersion, value: number | null | undefined): AskedVersion =>
  value == null || of.prompt.task.kind !== 'classify'
    ? of
    : { ...of, prompt: { ...of.prompt, threshold: { value, rows: 0, answered: 0, correct: 0 } } };

/** Its text alone, which any model reads. */
export const withoutVectors = (of: AskedVersion): AskedVersion => ({
  ...of,
  name: 'Untuned',
  route: 'untuned',
  model: null,
  prompt: textAlone(of.prompt),
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

/** Everything of a set that can be a row: its versions, oldest first, and the means over seeds. */
export function gridChoices(set: PromptSet): readonly { readonly id: string; readonly name: string }[] {
  const means = set.versions.flatMap((version) => {
    const { seeds = [] } = seedMean(set, version) ?? {};
    return seeds[0]?.id === version.id
      ? [{ id: `${MEAN}${version.id}`, name: `mean of ${seeds.length} seeds of tuned ${version.number}` }]
      : [];
  });
  return [...set.versions.map((of) => ({ id: of.id, name: versionWords(of) })), ...means];
}

/** A choice of `gridChoices` as a row; null where the set has none of this id. */
export function gridRow(set: PromptSet, choice: string, dataset: Dataset | null): GridRow | null {
  const isMean = choice.startsWith(MEAN);
  const of = versionById(set, isMean ? choice.slice(MEAN.length) : choice);
  const name = gridChoices(set).find(({ id }) => id === choice)?.name;
  if (!of || name === undefined) return null;
  const mean = isMean ? seedMean(set, of) : null;
  const asked = {
    ...askedVersion(set, of, dataset),
    ...(mean && { prompt: mean.version.prompt, route: 'ensemble' as const }),
  };
  return { ...asked, id: `${set.id}/${choice}`, name: `${set.handle}, ${name}`, seen: seenParts(set, of, dataset) };
}
