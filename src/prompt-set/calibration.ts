/**
 * How the answers of a version are read wherever it answers: what is subtracted from them, and below which probability a
 * person is asked. Both are decided on validation rows, and imports bring them along.
 */

import type { CalibrationFit, ReviewThreshold } from '../evaluation/types';
import { counted } from '../lib/format';
import { promiseWords } from '../metrics/calibration';
import { voicesOf } from '../prompt/prompt';
import { type ArmPlan, armId, armsAsCompared, isTextAlone, UNTUNED } from './arms';
import { addHardVersion, keptFrom, sameLabelOrder } from './make-versions';
import { countLook, type Stamp, sameWords } from './prompt-set';
import { type AskedVersion, taskOf } from './ready-prompt';
import type { ClassifyEvaluation, Evaluation, HardVersion, Kept, PromptSet, SoftVersion } from './types';
import { versionWords } from './versions';

type Comparison = Pick<Kept<ClassifyEvaluation>, 'plan' | 'comparison' | 'hardVersion' | 'softVersion'> & {
  id?: string;
};
type Compared = ({ readonly kind: 'classify' } & Comparison) | { readonly kind: 'generate' };
type Calibration = HardVersion['calibration'];

/** The versions among the arms of a comparison, by arm; arms that no version is exactly, are left out. */
export function versionsCompared(
  set: PromptSet,
  evaluation: Parameters<typeof armsAsCompared>[1] & {
    /** Left out while it is being made. */
    readonly id?: string;
    readonly plan: { readonly arms: readonly { readonly id: string }[] };
  },
): ReadonlyMap<string, string> {
  const { id = '', plan } = evaluation;
  const ids = plan.arms.map((arm) => arm.id);
  const { arms } = armsAsCompared(set, evaluation, ids);
  const kept = new Map(set.soft.map((run) => [keptFrom(run), run.id]));
  return new Map(
    ids.flatMap((arm) => {
      const version = arms.find((each) => each.id === arm)?.versionId ?? kept.get(armId({ id }, arm));
      return version ? [[arm, version]] : [];
    }),
  );
}

/** The version whose answers an arm of a past comparison has; null = no version has this text and examples. */
export const versionOfArm = (...[set, evaluation, arm]: [...Parameters<typeof versionsCompared>, string]) =>
  versionsCompared(set, evaluation).get(arm) ?? null;

/** By version, what it was compared with: null = it was compared, and is used without. */
function calibrationsIn(set: PromptSet, evaluation: Comparison): ReadonlyMap<string, Calibration> {
  return new Map(
    [...versionsCompared(set, evaluation)].flatMap(([id, versionId]) => {
      const found = calibrationIn(evaluation, id);
      return found === undefined ? [] : [[versionId, found] as const];
    }),
  );
}

/** What an arm was compared with; null = without, undefined = it was not compared. */
function calibrationIn({ plan, comparison }: Comparison, id: string): Calibration {
  const report = comparison.arms.find((arm) => arm.id === id);
  const isCalibrated = report?.calibrated ?? comparison.calibrated;
  return report && ((isCalibrated && plan.arms.find((arm) => arm.id === id)?.calibration) || null);
}

/** A version is calibrated once: its answers never change afterwards. */
function withCalibrations(set: PromptSet, found: ReadonlyMap<string, Calibration>): PromptSet {
  const calibrated = <V extends HardVersion | SoftVersion>(version: V): V =>
    version.calibration === undefined && found.has(version.id)
      ? { ...version, calibration: found.get(version.id) }
      : version;
  return { ...set, hard: set.hard.map(calibrated), soft: set.soft.map(calibrated) };
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
  const given = <V extends HardVersion | SoftVersion>(version: V): V =>
    version.id === versionId ? { ...version, threshold: threshold ?? undefined } : version;
  return { ...set, hard: set.hard.map(given), soft: set.soft.map(given), updatedAt: now };
}

/** A version's calibration, where the set has the labels that it was made for. */
export const fittingCalibration = (
  set: Pick<PromptSet, 'words'>,
  { words, calibration }: Pick<HardVersion | SoftVersion, 'words' | 'calibration'>,
): Calibration => (!words || sameLabelOrder(words, set.words) ? calibration : undefined);

/**
 * What an earlier comparison decided for an arm's version, or the version that has its text, with the present labels; null =
 * nothing, undefined = it is still open.
 */
export function ownCalibration(
  set: PromptSet,
  { versionId, sameAs }: Pick<ArmPlan, 'versionId' | 'sameAs'>,
): Calibration {
  const version = [...set.hard, ...set.soft].find(({ id }) => id === (versionId ?? sameAs));
  return version && fittingCalibration(set, version);
}

/** An arm as it is asked elsewhere, calibrated as it was compared. */
export function askedArm(set: PromptSet, arm: ArmPlan): AskedVersion {
  const { name, kind, prompt: text, words, softs, wordCounts: counted } = arm;
  return {
    ...{ handle: set.handle, name, route: kind === 'zero-shot' || kind === 'few-shot' ? 'hand-written' : kind },
    prompt: {
      task: taskOf(set, words),
      voices: voicesOf({ text, words, softs, counted }),
      calibration: calibrationOf(set, arm),
      threshold: null,
    },
    model: set.soft.find(({ soft }) => soft === softs[0])?.model ?? null,
    dataset: null,
  };
}

/** What an arm's answers have subtracted wherever it is asked, as it was compared; null = nothing. */
function calibrationOf(set: PromptSet, arm: ArmPlan): CalibrationFit | null {
  const { untuned } = set;
  const own = ownCalibration(set, arm);
  const isLast = own === undefined && arm.id === UNTUNED && untuned?.template === arm.prompt.template;
  const found = isLast && sameWords(untuned.words ?? [], arm.words) ? untuned.calibration : own;
  return found ?? null;
}

const textAlone = (run: SoftVersion | null): string =>
  run ? `Text of ${versionWords({ kind: 'soft', version: run })}` : 'Template alone';

/**
 * The set with Yours and another number of examples, or the tuned prompt's text alone, as a hand-written version with the
 * answer words and the calibration that it was compared with. Any other arm changes nothing.
 */
export function keepArm(set: PromptSet, evaluation: Evaluation, which: string, at: Stamp): PromptSet {
  const ids = evaluation.plan.arms.map(({ id }) => id);
  const { arms, hard, soft } = armsAsCompared(set, evaluation, ids);
  const arm = arms.find(({ id }) => id === which);
  if (!arm || arm.versionId !== null || !isTextAlone(which)) return set;
  const of = which === UNTUNED ? soft : hard;
  const words = of?.words ?? evaluation.words ?? set.words;
  const name = which === UNTUNED ? textAlone(soft) : `${hard?.name}, ${counted(arm.prompt.shots, 'example')}`;
  const added = addHardVersion({ ...set, words }, at, { prompt: arm.prompt, name });
  const { id } = added.version;
  const own = sameWords(words, set.words) ? {} : { words };
  const kept = {
    ...added.set,
    words: set.words,
    hard: added.set.hard.map((v) => (v.id === id ? { ...v, ...own } : v)),
  };
  if (evaluation.kind === 'generate') return kept;
  return withCalibrations(kept, new Map([...calibrationsIn(kept, evaluation)].filter(([version]) => version === id)));
}

/** How a comparison calibrated Untuned. */
function untunedIn(set: PromptSet, evaluation: Comparison): PromptSet['untuned'] {
  const arm = armsAsCompared(set, evaluation, [UNTUNED]).arms.find(({ id }) => id === UNTUNED);
  const calibration = calibrationIn(evaluation, UNTUNED);
  return arm && calibration !== undefined
    ? { template: arm.prompt.template, words: arm.words, calibration }
    : undefined;
}

/** The set after a comparison: one more use of its test rows, and the calibration of Untuned and every version that had none yet. */
export const recordComparison = (set: PromptSet, found: Compared, now: string): PromptSet =>
  countLook(
    found.kind === 'classify'
      ? { ...withCalibrations(set, calibrationsIn(set, found)), untuned: untunedIn(set, found) }
      : set,
    now,
  );

/**
 * A set of an earlier release, whose versions do not say how they are calibrated, with what its comparisons say. The hybrid
 * is left out: those comparisons do not name it.
 * @param evaluations newest first
 */
export function calibratedBy(set: PromptSet, evaluations: readonly Comparison[]): PromptSet {
  const versions = [...set.hard, ...set.soft.filter(({ handVersion }) => !handVersion)];
  const isOpen = new Set(versions.filter(({ calibration }) => calibration === undefined).map(({ id }) => id));
  const found = new Map<string, Calibration>();
  for (const evaluation of evaluations)
    for (const [id, calibration] of calibrationsIn(set, evaluation))
      if (isOpen.has(id) && !found.has(id)) found.set(id, calibration);
  return found.size === 0 ? set : withCalibrations(set, found);
}
