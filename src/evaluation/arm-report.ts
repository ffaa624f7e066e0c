import { assert } from '../lib/assert';
import { argmax, classMetrics, confusionMatrix, correctCount, macroF1 } from '../metrics/classification';
import { wilson } from '../metrics/intervals';
import { macroF1Interval } from '../metrics/resample';
import { calibratedRows, calibrationHelps } from './calibrate';
import type { ArmOutcome, ArmReport, ComparisonPlan } from './types';

/** Whether an arm's log-probabilities are calibrated under this plan; reference lines never are. */
export function isCalibrated(arm: ArmOutcome, plan: Pick<ComparisonPlan, 'calibrated' | 'calibration'>): boolean {
  if (!arm.calibration) return false;
  if (plan.calibration === 'chosen' && arm.validation) return calibrationHelps(arm.validation);
  return plan.calibrated;
}

/** Log-probabilities as they are compared. */
export const comparedLogProbs = (
  arm: ArmOutcome,
  plan: Pick<ComparisonPlan, 'calibrated' | 'calibration'>,
): readonly (readonly number[])[] => calibratedRows(arm.logProbs, isCalibrated(arm, plan) ? arm.calibration : null);

/** One arm's figures on the rows of the plan. */
export function reportArm(arm: ArmOutcome, plan: ComparisonPlan, draws: number): ArmReport {
  const { gold, labels } = plan;
  assert(arm.logProbs.length === gold.length, `arm ${arm.id} has ${arm.logProbs.length} rows, the plan ${gold.length}`);
  assert(
    arm.logProbs.every((row) => row.length === labels.length && row.every((value) => !Number.isNaN(value))),
    `arm ${arm.id} lacks a number for some label`,
  );
  const logProbs = comparedLogProbs(arm, plan);
  const predictions = logProbs.map(argmax);
  const confusion = confusionMatrix(gold, predictions, labels.length);
  const correct = correctCount(gold, predictions);
  return {
    id: arm.id,
    name: arm.name,
    kind: arm.kind,
    n: gold.length,
    correct,
    calibrated: isCalibrated(arm, plan),
    accuracy: gold.length === 0 ? 0 : correct / gold.length,
    accuracyCi95: wilson(correct, gold.length),
    macroF1: macroF1(confusion),
    macroF1Ci95: macroF1Interval(gold, predictions, labels.length, {
      seed: plan.seed,
      draws,
      ...(plan.groups ? { groups: plan.groups } : {}),
    }),
    classes: classMetrics(confusion).map((scores, c) => ({ label: labels[c] ?? '', ...scores })),
    confusion,
    predictions,
    confidences: logProbs.map((row, i) => Math.exp(row[predictions[i] as number] as number)),
    tokensSentMean: arm.tokensSentMean,
    tokensComputedMean: arm.tokensComputedMean,
    latencyMsMedian: arm.latencyMsMedian,
  };
}
