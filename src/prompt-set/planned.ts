/** From a handle and a stage to what answers. */

import type { Dataset } from '../dataset/types';
import { ARM_NAMES } from '../evaluation/arm-names';
import { present } from '../lib/assert';
import { contentKey } from '../lib/bytes';
import { badInput } from '../lib/errors';
import { labelsOf } from '../prompt/prompt';
import { chosenWritten } from './make-versions';
import { resolveStage } from './stages';
import type { PromptSet, StagePolicy, Version } from './types';
import { newVersion, sideOf, textAlone } from './versions';

/** What is chosen in a set: one of its versions, or what a stage points to. */
export type Choice =
  | { readonly kind: 'version'; readonly id: string }
  | { readonly kind: 'stage'; readonly stage: string };

/** What a handle and a stage refer to, and the hand-written version that can answer in its place. */
interface Found {
  readonly set: PromptSet;
  readonly asked: Version | null;
  readonly fallback: Version | null;
}

/** @throws StudioError `bad-input` where no version can answer under the policy */
export function findVersions(
  sets: readonly PromptSet[],
  { handle, stage }: { readonly handle: string; readonly stage: string },
  policy: StagePolicy['kind'],
): Found {
  const set = sets.find((each) => each.handle === handle && each.deletedAt === null);
  if (!set) throw badInput(`There is no prompt set ${handle} in this library.`);
  const found = resolveStage(set, stage);
  const own = found.ok ? found.value : null;
  const written = own && sideOf(own) === 'written' ? own : chosenWritten(set);
  // answers of a version with other labels could not replace this one's
  const fallback = written && (!own || haveSameLabels(written, own)) ? written : null;
  const isEnough = policy === 'hand-written' ? fallback : policy === 'fallback' ? (own ?? fallback) : own;
  if (!isEnough)
    throw badInput(
      (found.ok ? null : found.error.message) ??
        `${handle} has no hand-written version that could answer. Write one, or choose another policy.`,
    );
  return { set, asked: own, fallback: fallback === own ? null : fallback };
}

const haveSameLabels = (a: Version, b: Version): boolean =>
  contentKey(labelsOf(a.prompt)) === contentKey(labelsOf(b.prompt));

/** What may answer, and when. Plain values, where their versions are. At least one of the two is there. */
export interface Planned<V = Version, P = StagePolicy> {
  /** Of their prompt set; empty = they are of none. */
  readonly handle: string;
  /** The rows of their prompt set, for examples in a prompt; null where they are not here. */
  readonly dataset: Dataset | null;
  /** Null = the version that was asked for does not exist. */
  readonly asked: V | null;
  /** May answer in its place; null = none may. */
  readonly fallback: V | null;
  readonly policy: P;
}

/** The version that was asked for, else the one that answers in its place. */
export const firstOf = <V>({ asked, fallback }: Pick<Planned<V>, 'asked' | 'fallback'>): V =>
  present(asked ?? fallback, 'a version that answers');

/** A version that nothing else answers for. */
export const alone = (
  asked: Version,
  dataset: Dataset | null = null,
  handle = '',
): Planned & { readonly asked: Version } => ({
  handle,
  dataset,
  asked,
  fallback: null,
  policy: { kind: 'as-asked' },
});

/** The version with another threshold; left out = its own. */
export const withThreshold = (of: Version, value: number | null | undefined): Version =>
  value == null || of.prompt.task.kind !== 'classify'
    ? of
    : { ...of, prompt: { ...of.prompt, threshold: { value, rows: 0, answered: 0, correct: 0 } } };

/** Its text alone, which any model reads. */
export const withoutVectors = ({ prompt }: Version): Version =>
  newVersion({ name: ARM_NAMES.untuned, prompt: textAlone(prompt), origin: { kind: 'baseline', which: 'untuned' } });
