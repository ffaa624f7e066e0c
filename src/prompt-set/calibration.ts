/**
 * How the answers of a version are read wherever it answers: what is subtracted from them, and below which probability a
 * person is asked. Both are decided on validation rows, and imports bring them along.
 */

import type { ReviewThreshold } from '../evaluation/types';
import { counted } from '../lib/format';
import { promiseWords } from '../metrics/calibration';
import { countsOf, firstText, isText, softsOf } from '../prompt/prompt';
import { type ArmPlan, armId, canBeVersion, PROBE_LINE, UNTUNED } from './arms';
import { addVersion } from './make-versions';
import { cleanName, countLook, type Stamp } from './prompt-set';
import type { ClassifyEvaluation, ComparedVersion, Evaluation, PromptSet, Version } from './types';
import { changeVersion, versionById, versionOfText, versionWords } from './versions';

type Compared = Pick<Evaluation, 'kind' | 'versions'>;

/** The versions among the arms of a comparison, by arm; arms that are none, or none yet, are left out. */
export function versionsCompared(
  set: PromptSet,
  { id, versions }: Pick<Evaluation, 'id' | 'versions'>,
): ReadonlyMap<string, string> {
  const own = new Set(Object.values(versions).map(({ versionId }) => versionId));
  /** A text that was saved since; a version is one arm. */
  const savedSince = ({ prompt }: ComparedVersion) => {
    const found = versionOfText(set, prompt)?.id ?? null;
    return own.has(found) ? null : found;
  };
  const found = [...Object.keys(versions), PROBE_LINE].flatMap((arm) => {
    const of = versions[arm];
    const version = versionById(set, of?.versionId ?? null) ?? versionById(set, armId({ id }, arm));
    const versionId = version?.id ?? (of ? savedSince(of) : null);
    return versionId === null ? [] : [[arm, versionId] as const];
  });
  return new Map(found);
}

export const versionOfArm = (set: PromptSet, evaluation: Pick<Evaluation, 'id' | 'versions'>, arm: string) =>
  versionsCompared(set, evaluation).get(arm) ?? null;

/** An arm as it was asked in a comparison. @param found null where texts were generated */
export function comparedVersion(
  { id, prompt, versionId, model }: ArmPlan,
  found: Pick<ClassifyEvaluation, 'plan' | 'comparison'> | null,
): ComparedVersion {
  const report = found?.comparison.arms.find((arm) => arm.id === id);
  const isCalibrated = report?.calibrated ?? found?.plan.calibrated ?? false;
  const outcome = found?.plan.arms.find((arm) => arm.id === id);
  const calibration = (isCalibrated && outcome?.calibration) || null;
  return { prompt: { ...prompt, calibration }, versionId, model };
}

/** A version is calibrated once: its answers never change afterwards. */
function withCalibrations(set: PromptSet, { versions }: Compared): PromptSet {
  const asked = new Map(Object.values(versions).map((of) => [of.versionId, of.prompt.calibration] as const));
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

/**
 * The set with an arm of a comparison as a version, with what it was asked with. One that is a version changes nothing. What
 * the tuned prompt of the comparison knows of test rows is known of its vectors.
 */
export function keepArm(set: PromptSet, evaluation: Evaluation, which: string, { now }: Pick<Stamp, 'now'>): PromptSet {
  const of = Object.hasOwn(evaluation.versions, which) ? evaluation.versions[which] : undefined;
  if (!of || !canBeVersion(evaluation, which) || versionOfArm(set, evaluation, which) !== null) return set;
  const { prompt, model } = of;
  const { learned = null } = versionById(set, evaluation.trainedVersion) ?? {};
  const { datasetFingerprint, splitHash } = evaluation;
  const parents = softsOf(prompt).length > 0 && evaluation.trainedVersion !== null ? [evaluation.trainedVersion] : [];
  const made = isText(prompt)
    ? { name: textName(set, evaluation, which, of), origin: textOrigin(which) }
    : {
        name: evaluation.plan.arms.find(({ id }) => id === which)?.name ?? which,
        origin: { kind: 'mixed', of: parents } as const,
        learned: countsOf(prompt) ? { ...learned, datasetFingerprint, splitHash } : learned,
      };
  const at = { id: armId(evaluation, which), now };
  const calibrated = prompt.task.kind !== 'generate';
  return addVersion(set, at, { ...made, name: cleanName(made.name), prompt, model, calibrated });
}

const textOrigin = (which: string): Version['origin'] =>
  which === UNTUNED ? { kind: 'baseline', which } : { kind: 'written' };

function textName(
  set: PromptSet,
  { writtenVersion, trainedVersion }: Evaluation,
  which: string,
  { prompt }: ComparedVersion,
) {
  const tuned = versionById(set, trainedVersion);
  if (which === UNTUNED) return tuned ? `Text of ${versionWords(tuned)}` : 'Template alone';
  return `${versionById(set, writtenVersion)?.name}, ${counted(firstText(prompt).shots, 'example')}`;
}

/** The set after a comparison: one more use of its test rows, and the calibration of Untuned and every version that had none yet. */
export const recordComparison = (set: PromptSet, found: Compared, now: string): PromptSet =>
  countLook(
    found.kind === 'generate' ? set : { ...withCalibrations(set, found), untuned: found.versions[UNTUNED]?.prompt },
    now,
  );
