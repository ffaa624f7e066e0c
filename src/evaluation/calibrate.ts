import { assert } from '../lib/assert';
import { argmax, logSoftmax } from '../metrics/classification';
import { fitTemperature } from '../metrics/temperature';
import type { ArmOutcome, CalibrationFit } from './types';

/**
 * Mean log-probability of each label over unlabelled rows: what the prompt says whatever the text is.
 * Contextual calibration on real rows (`recipe.md`: 64 training rows). Source: Zhao et al. 2021, with the mean over
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
export const applyCalibration = (logProbs: readonly number[], fit: CalibrationFit): readonly number[] =>
  logSoftmax(logProbs.map((value, c) => value - (fit.meanLogProbs[c] as number)));

export const calibratedRows = (
  rows: readonly (readonly number[])[],
  fit: CalibrationFit | null,
): readonly (readonly number[])[] => (fit ? rows.map((row) => applyCalibration(row, fit)) : rows);

/** Share of rows whose most likely label is the gold one. */
function accuracyOf(logProbs: readonly (readonly number[])[], gold: readonly number[]): number {
  if (gold.length === 0) return 0;
  return logProbs.filter((row, i) => argmax(row) === gold[i]).length / gold.length;
}

/** Accuracy on validation rows without and with calibration; it decides whether to calibrate, never the held-back rows. */
export const validationAccuracy = (
  logProbs: readonly (readonly number[])[],
  gold: readonly number[],
  fit: CalibrationFit | null,
): { readonly raw: number; readonly calibrated: number } => ({
  raw: accuracyOf(logProbs, gold),
  calibrated: accuracyOf(calibratedRows(logProbs, fit), gold),
});

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

/**
 * Whether to calibrate all arms alike: when that raises the best validation accuracy of the hand-written arms, which
 * without it would be compared unfairly. False where nothing was measured.
 */
export function calibrationHelps(arms: readonly ArmOutcome[]): boolean {
  const measured = arms.flatMap(({ kind, validation }) =>
    (kind === 'zero-shot' || kind === 'few-shot') && validation ? [validation] : [],
  );
  if (measured.length === 0) return false;
  return Math.max(...measured.map((v) => v.calibrated)) > Math.max(...measured.map((v) => v.raw));
}
