/**
 * How the answers of a version are read wherever it answers: what is subtracted from them, and below which probability a
 * person is asked. Both are decided on validation rows, and imports bring them along.
 */

import { generates } from '../dataset/task-facts';
import type { ReviewThreshold } from '../evaluation/types';
import { counted } from '../lib/format';
import { promiseWords } from '../metrics/calibration';
import { UNTUNED } from './arms';
import { addVersion } from './make-versions';
import { countLook, type Stamp } from './prompt-set';
import type { Evaluation, PromptSet, Version } from './types';
import { changeVersion, versionById, versionOfText } from './versions';

type Compared = Pick<Evaluation, 'kind' | 'versions'>;

/** The versions of the set among the arms of a comparison, by arm. */
export function versionsCompared(
  set: PromptSet,
  { versions }: Pick<Evaluation, 'versions'>,
): ReadonlyMap<string, string> {
  const own = new Set(Object.values(versions).map(({ id }) => id));
  /** A text that was saved since; a version is one arm. */
  const savedSince = ({ prompt }: Version) => {
    const found = versionOfText(set, prompt);
    return found && own.has(found.id) ? null : found;
  };
  return new Map(
    Object.entries(versions).flatMap(([arm, of]) => {
      const version = versionById(set, of.id) ?? savedSince(of);
      return version ? [[arm, version.id] as const] : [];
    }),
  );
}

export const versionOfArm = (set: PromptSet, evaluation: Pick<Evaluation, 'versions'>, arm: string) =>
  versionsCompared(set, evaluation).get(arm) ?? null;

/** What an arm was asked as; null = a line whose answers no prompt gives. */
export const askedAs = ({ versions }: Pick<Evaluation, 'versions'>, arm: string): Version | null =>
  (Object.hasOwn(versions, arm) && versions[arm]) || null;

/** The arm that is a version, or was asked as it; null = none is. */
export const armOf = (set: PromptSet, evaluation: Pick<Evaluation, 'versions'>, versionId: string): string | null => {
  const arms = [
    ...versionsCompared(set, evaluation),
    ...Object.entries(evaluation.versions).map(([arm, { id }]) => [arm, id] as const),
  ];
  return arms.find(([, id]) => id === versionId)?.[0] ?? null;
};

/** A version is calibrated once: its answers never change afterwards. */
function withCalibrations(set: PromptSet, { versions }: Compared): PromptSet {
  const asked = new Map(Object.values(versions).map(({ id, prompt }) => [id, prompt.calibration] as const));
  const decided = (version: Version): Version => {
    const calibration = version.calibrated ? undefined : asked.get(version.id);
    return calibration === undefined
      ? version
      : { ...version, calibrated: true, prompt: { ...version.prompt, calibration } };
  };
  return { ...set, versions: set.versions.map(decided) };
}

/** "Of 40 validation rows it answered 30 itself, 28 of them right. At least 74% of such answers are right on new rows, …" */
export const thresholdWords = ({ rows, answered, correct, interval }: ReviewThreshold): string =>
  `Of ${counted(rows, 'validation row')} it answered ${answered} itself, ${correct} of them right.${interval ? ` ${promiseWords(interval)}` : ''}`;

/** The set with the threshold of one version; null takes all its answers again. */
export function setThreshold(
  set: PromptSet,
  versionId: string,
  threshold: ReviewThreshold | null,
  now: string,
): PromptSet {
  const version = versionById(set, versionId);
  return version ? changeVersion(set, versionId, { prompt: { ...version.prompt, threshold } }, now) : set;
}

/** The set with what an arm of a comparison was asked as. One that is a version of it changes nothing. */
export function keepArm(set: PromptSet, evaluation: Evaluation, arm: string, { now }: Pick<Stamp, 'now'>): PromptSet {
  const asked = askedAs(evaluation, arm);
  if (!asked || versionOfArm(set, evaluation, arm) !== null) return set;
  return addVersion(set, { id: asked.id, now }, asked);
}

/** The set after a comparison: one more use of its test rows, and the calibration of Untuned and every version that had none yet. */
export const recordComparison = (set: PromptSet, found: Compared, now: string): PromptSet =>
  countLook(
    generates(found.kind) ? set : { ...withCalibrations(set, found), untuned: found.versions[UNTUNED]?.prompt },
    now,
  );
