/**
 * The calibration of a version: what its answers have subtracted, wherever it answers. A comparison decides it on validation
 * rows, an import brings it along.
 */

import { armsAsCompared } from './arms';
import { countLook } from './prompt-set';
import type { ClassifyEvaluation, HardVersion, Kept, PromptSet, SoftVersion } from './types';

type Comparison = Pick<Kept<ClassifyEvaluation>, 'plan' | 'comparison' | 'hardVersion' | 'softVersion'>;
type Compared = ({ readonly kind: 'classify' } & Comparison) | { readonly kind: 'generate' };
type Calibration = HardVersion['calibration'];

/** Mean log-probabilities that a version's answers have subtracted; null = none. */
export const meanLogProbsOf = ({ calibration }: Pick<HardVersion | SoftVersion, 'calibration'>) =>
  calibration?.meanLogProbs ?? null;

/** By version, what it was compared with: null = it was compared, and is used without. */
function calibrationsIn(set: PromptSet, evaluation: Comparison): ReadonlyMap<string, Calibration> {
  const { plan, comparison } = evaluation;
  const { arms } = armsAsCompared(
    set,
    evaluation,
    plan.arms.map(({ id }) => id),
  );
  return new Map(
    arms.flatMap(({ id, versionId }) => {
      const report = comparison.arms.find((arm) => arm.id === id);
      if (versionId === null || !report) return [];
      const isCalibrated = report.calibrated ?? comparison.calibrated;
      const fit = plan.arms.find((arm) => arm.id === id)?.calibration ?? null;
      return [[versionId, isCalibrated ? fit : null] as const];
    }),
  );
}

function withCalibrations(set: PromptSet, found: ReadonlyMap<string, Calibration>): PromptSet {
  const calibrated = <V extends HardVersion | SoftVersion>(version: V): V =>
    found.has(version.id) ? { ...version, calibration: found.get(version.id) } : version;
  return { ...set, hard: set.hard.map(calibrated), soft: set.soft.map(calibrated) };
}

/** The set after a comparison: one more use of its test rows, and the calibration of every version that took part. */
export const recordComparison = (set: PromptSet, found: Compared, now: string): PromptSet =>
  countLook(found.kind === 'classify' ? withCalibrations(set, calibrationsIn(set, found)) : set, now);

/**
 * A set of an earlier release, whose versions do not say how they are calibrated, with what its comparisons say. The hybrid
 * is left out: those comparisons do not name it.
 * @param evaluations newest first
 */
export function calibratedBy(set: PromptSet, evaluations: readonly Comparison[]): PromptSet {
  const isOpen = new Set(
    [...set.hard, ...set.soft].filter((each) => each.calibration === undefined).map(({ id }) => id),
  );
  const hybrids = new Set(set.soft.filter(({ handVersion }) => handVersion).map(({ id }) => id));
  const found = new Map<string, Calibration>();
  for (const evaluation of evaluations)
    for (const [id, calibration] of calibrationsIn(set, evaluation))
      if (isOpen.has(id) && !hybrids.has(id) && !found.has(id)) found.set(id, calibration);
  return found.size === 0 ? set : withCalibrations(set, found);
}
