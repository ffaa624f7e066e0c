import { assert } from '../lib/assert';
import { nll } from '../metrics/calibration';
import { argmax, logSoftmax } from '../metrics/classification';
import { fitTemperature } from '../metrics/temperature';
import type { ArmOutcome, CalibrationFit } from './types';

/**
 * Mean log-probability of each label over unlabelled rows: what the prompt says whatever the text is.
 * Contextual calibration on real rows (`docs/method/training.md`: 64 training rows). Source: Zhao et al. 2021, with the mean over
 * texts in place of a content-free one.
 */
export function fitCalibration(logProbs: readonly (readonly number[])[]): CalibrationFit {
  const first = logProbs[0];
  assert(first, 'calibration needs rows');
  const meanLogProbs = first.map(
    (_, c) => logProbs.reduce((sum, row) => sum + (row[c] as number), 0) / logProbs.length,
  );
  return { meanLogProbs, rows: logProbs.length };
}

/** Log-probabilities with the mean subtracted, normalised again. */
export const applyCalibration = (
  logProbs: readonly number[],
  { meanLogProbs }: Pick<CalibrationFit, 'meanLogProbs'>,
): readonly number[] => logSoftmax(logProbs.map((value, c) => value - (meanLogProbs[c] as number)));

/**
 * Probability of each label; they sum to 1.
 * @param meanLogProbs the prompt's built-in bias toward each label, which is subtracted; null = not calibrated
 */
export const labelProbabilities = (
  logProbs: readonly number[],
  meanLogProbs: readonly number[] | null,
): readonly number[] => (meanLogProbs ? applyCalibration(logProbs, { meanLogProbs }) : logProbs).map(Math.exp);

export const calibratedRows = (
  rows: readonly (readonly number[])[],
  fit: CalibrationFit | null,
): readonly (readonly number[])[] => (fit ? rows.map((row) => applyCalibration(row, fit)) : rows);

/** Share of rows whose most likely label is the gold one. */
function accuracyOf(logProbs: readonly (readonly number[])[], gold: readonly number[]): number {
  return logProbs.filter((row, i) => argmax(row) === gold[i]).length / gold.length;
}

/**
 * What an arm reaches on validation rows without and with calibration; it decides whether to calibrate, never the
 * held-back rows. Null without validation rows.
 */
export function validationOutcome(
  logProbs: readonly (readonly number[])[],
  gold: readonly number[],
  fit: CalibrationFit | null,
): ArmOutcome['validation'] {
  if (gold.length === 0) return null;
  const calibrated = calibratedRows(logProbs, fit);
  return {
    raw: accuracyOf(logProbs, gold),
    calibrated: accuracyOf(calibrated, gold),
    loss: { raw: nll(logProbs, gold), calibrated: nll(calibrated, gold) },
  };
}

/**
 * Whether calibration helps this arm: whether it lowers the mean negative log-probability of the validation rows' labels.
 * On a hundred rows accuracy says it too roughly: on tweets it would have cost a tuned prompt seven points of the test
 * rows (docs/benchmarks.md). Accuracy decides in comparisons of earlier versions, which kept nothing else.
 */
export const calibrationHelps = ({ raw, calibrated, loss }: NonNullable<ArmOutcome['validation']>): boolean =>
  loss ? loss.calibrated < loss.raw : calibrated > raw;

/** With fewer validation rows a temperature would be fitted to chance. */
const MIN_TEMPERATURE_ROWS = 20;

/** The temperatures of an arm on validation rows, without and with calibration; null with too few rows. */
export const validationTemperature = (
  logProbs: readonly (readonly number[])[],
  gold: readonly number[],
  fit: CalibrationFit | null,
): NonNullable<ArmOutcome['temperature']> | null =>
  gold.length < MIN_TEMPERATURE_ROWS
    ? null
    : {
        raw: fitTemperature(logProbs, gold),
        calibrated: fitTemperature(calibratedRows(logProbs, fit), gold),
        rows: gold.length,
      };
