import { assert } from '../../lib/assert';
import { atTemperature, calibrated, fitTemperature, nll } from '../../metrics/calibration';
import { argmax, classMetrics, confusionMatrix, correctCount, logSoftmax } from '../../metrics/classification';
import { isAboveZero, meanInterval } from '../../metrics/intervals';
import { labelFigures } from '../../metrics/registry';
import { mean } from '../../metrics/special';
import type { ArmOutcome, ArmResult, CalibrationFit, ComparisonPlan } from '../types';

/**
 * The prompt's built-in bias toward labels: the mean log-probability of each over rows, less the log of its share, so that
 * a frequent label stays frequent. Source: Zhao et al. 2021 (contextual calibration), with the mean over texts in place of a
 * content-free one, and with shares in place of labels that are all as frequent: equal shares cost prompts up to 8 points on tweets.
 * @param counts training rows of each label; one is added to each
 */
export function fitCalibration(logProbs: readonly (readonly number[])[], counts: readonly number[]): CalibrationFit {
  const [first] = logProbs;
  assert(first, 'calibration needs rows');
  const shares = logSoftmax(counts.map((count) => Math.log(count + 1)));
  const meanLogProbs = first.map((_, c) => mean(logProbs.map((row) => row[c] as number)) - (shares[c] as number));
  return { meanLogProbs, rows: logProbs.length };
}

export const calibratedRows = (
  rows: readonly (readonly number[])[],
  fit: CalibrationFit | null,
): readonly (readonly number[])[] => rows.map((row) => calibrated(row, fit?.meanLogProbs ?? null));

/**
 * Whether calibration helps on validation rows: whether it clearly lowers the loss there, by a one-sided paired t test of the
 * rows' losses at 5%. Whichever loss is lower by chance would calibrate a third of the prompts without a bias, at a cost of up
 * to a point of accuracy (`calibration.test.ts`). Accuracy on so few rows says it too roughly.
 */
const clearlyHelps = (raw: readonly (readonly number[])[], after: typeof raw, gold: readonly number[]): boolean =>
  isAboveZero(gold.map((label, i) => (after[i]?.[label] as number) - (raw[i]?.[label] as number)));

/** What an arm answers to validation rows, and whether calibration helps there, which decides; null without such rows. */
export function validationOutcome(
  logProbs: readonly (readonly number[])[],
  gold: readonly number[],
  fit: CalibrationFit | null,
): ArmOutcome['validation'] {
  if (gold.length === 0) return null;
  return { helps: clearlyHelps(logProbs, calibratedRows(logProbs, fit), gold), answers: { gold, logProbs } };
}

/** Null where it does not clearly help. @param others unlabelled rows, where validation rows are few */
export function chosenCalibration(
  logProbs: readonly (readonly number[])[],
  gold: readonly number[],
  others: readonly (readonly number[])[],
  counts: readonly number[],
): CalibrationFit | null {
  if (logProbs.length === 0) return null;
  const fit = fitCalibration([...logProbs, ...others], counts);
  return validationOutcome(logProbs, gold, fit)?.helps ? fit : null;
}

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

const FOLDS = 4;

/**
 * How good a prompt is once it is calibrated, row by row, without a row judging itself: the bias that is subtracted comes from
 * the other folds. One temperature for all rows is fitted to that, because a prompt that is merely too sure is no worse.
 * Without calibration where that has the lower loss: this ranks
 * prompts on as few as 16 rows, and switches nothing on. Folds are dealt label by label.
 * @param logProbs `[rows][labels]`, of at least two rows
 * @param counts training rows of each label
 */
export function crossValidated(
  logProbs: readonly (readonly number[])[],
  gold: readonly number[],
  counts: readonly number[],
): { readonly losses: readonly number[]; readonly right: readonly boolean[] } {
  const rows = [...gold.keys()];
  const folds = Math.min(FOLDS, rows.length);
  const dealt = rows.toSorted((a, b) => (gold[a] as number) - (gold[b] as number) || a - b);
  const fold = new Map(dealt.map((row, place) => [row, place % folds]));
  const fits = Array.from({ length: folds }, (_, k) =>
    fitCalibration(
      logProbs.filter((_row, i) => fold.get(i) !== k),
      counts,
    ),
  );
  const debiased = logProbs.map((row, i) => calibrated(row, fits[fold.get(i) ?? 0]?.meanLogProbs ?? null));
  const [best] = [logProbs, debiased]
    .map((answers) => {
      const temperature = fitTemperature(answers, gold);
      const scaled = answers.map((row) => atTemperature(row, temperature));
      return { scaled, loss: nll(scaled, gold) };
    })
    .sort((a, b) => a.loss - b.loss);
  const scaled = best?.scaled ?? logProbs;
  return {
    losses: scaled.map((row, i) => -(row[gold[i] as number] as number)),
    right: scaled.map((row, i) => argmax(row) === gold[i]),
  };
}

export type Calibrated = Pick<ArmOutcome, 'calibration' | 'validation' | 'decided' | 'hasIntercepts'>;

/** Whether an arm's log-probabilities are calibrated under this plan; reference lines never are, and what has a probe always is. */
export function isCalibrated(arm: Calibrated, plan: Pick<ComparisonPlan, 'calibrated' | 'calibration'>): boolean {
  if (!arm.calibration) return false;
  if (arm.hasIntercepts) return true;
  if (plan.calibration === 'chosen' && arm.decided !== undefined) return arm.decided;
  if (plan.calibration === 'chosen' && arm.validation) return arm.validation.helps;
  return plan.calibrated;
}

/**
 * The calibration that would be clearly better on the validation rows than what an arm's version answers with: the 95%
 * interval of the mean difference of their losses is above 0. Null where that is not so, where nothing was decided yet, and
 * with a probe, which would be none with other intercepts.
 */
export function betterCalibration({ decided, hasIntercepts, calibration, validation }: Calibrated): {
  /** Null = none at all would be better. */
  readonly fit: CalibrationFit | null;
  /** Mean negative log-probability of the labels, with the version's own and with this one. */
  readonly loss: { readonly own: number; readonly better: number };
} | null {
  if (decided === undefined || hasIntercepts || !validation?.answers) return null;
  const { gold, logProbs } = validation.answers;
  const counts = logProbs[0]?.map((_, c) => gold.filter((label) => label === c).length) ?? [];
  const fit = chosenCalibration(logProbs, gold, [], counts);
  const own = calibratedRows(logProbs, decided ? calibration : null);
  const better = calibratedRows(logProbs, fit);
  const gains = gold.map((label, i) => (better[i]?.[label] as number) - (own[i]?.[label] as number));
  return meanInterval(gains).low > 0 ? { fit, loss: { own: nll(own, gold), better: nll(better, gold) } } : null;
}

export const comparedLogProbs = (
  arm: Calibrated & Pick<ArmOutcome, 'logProbs'>,
  plan: Pick<ComparisonPlan, 'calibrated' | 'calibration'>,
): readonly (readonly number[])[] => calibratedRows(arm.logProbs, isCalibrated(arm, plan) ? arm.calibration : null);

export function reportArm(arm: ArmOutcome, plan: ComparisonPlan, draws: number): ArmResult {
  const { gold, labels } = plan;
  assert(arm.logProbs.length === gold.length, `arm ${arm.id} has ${arm.logProbs.length} rows, the plan ${gold.length}`);
  assert(
    arm.logProbs.every((row) => row.length === labels.length && row.every((value) => !Number.isNaN(value))),
    `arm ${arm.id} lacks a number for some label`,
  );
  const logProbs = comparedLogProbs(arm, plan);
  const predictions = logProbs.map(argmax);
  const confusion = confusionMatrix(gold, predictions, labels.length);
  return {
    id: arm.id,
    name: arm.name,
    kind: arm.kind,
    ...(arm.added && { added: arm.added }),
    n: gold.length,
    correct: correctCount(gold, predictions),
    calibrated: isCalibrated(arm, plan),
    metrics: labelFigures(
      { gold, predicted: predictions, classes: labels.length },
      { seed: plan.seed, draws, groups: plan.groups },
    ),
    classes: classMetrics(confusion).map((scores, c) => ({ label: labels[c] ?? '', ...scores })),
    confusion,
    predictions,
    confidences: logProbs.map((row, i) => Math.exp(row[predictions[i] as number] as number)),
    tokensSentMean: arm.tokensSentMean,
    tokensComputedMean: arm.tokensComputedMean,
    latencyMsMedian: arm.latencyMsMedian,
  };
}
