import { counted, ofRows, percent, percentWhole } from '../../lib/format';
import {
  atTemperature,
  brier,
  type CoveragePoint,
  coverageAt,
  coverageCurve,
  ece,
  eceInterval,
  nll,
  promisedShare,
  promiseWords,
  type ReliabilityBin,
  reliability,
  rowsToPromise,
  type SureAndRight,
} from '../../metrics/calibration';
import { argmax } from '../../metrics/classification';
import type { Interval } from '../../metrics/intervals';
import { DRAWS, rowMean } from '../../metrics/resample';
import type { ArmOutcome, ArmResult, ComparisonPlan, ReviewThreshold } from '../types';
import { type Calibrated, calibratedRows, comparedLogProbs, isCalibrated } from './outcome';

/** Whether an arm's probabilities mean what they say, and what is gained by leaving the unsure rows to a person. */

interface Scores {
  /** Null below 100 rows, where it says nothing. */
  readonly ece: number | null;
  readonly eceCi95: Interval | null;
  readonly brier: number;
  /** Mean negative log-probability of the label, nats. */
  readonly nll: number;
}

export interface ConfidenceReport {
  readonly armId: string;
  readonly scores: Scores;
  /** Fitted on validation rows, never on these; null where there were too few. */
  readonly temperature: number | null;
  readonly cooled: Scores | null;
  readonly bins: readonly ReliabilityBin[] | null;
  readonly curve: readonly CoveragePoint[];
}

const scoresOf = (
  rows: readonly (readonly number[])[],
  { gold, seed, groups }: Pick<ComparisonPlan, 'gold' | 'seed' | 'groups'>,
): Scores => ({
  ece: ece(rows, gold),
  eceCi95: eceInterval(rows, gold, { seed, groups }),
  brier: brier(rows, gold),
  nll: nll(rows, gold),
});

export function eceWords({ ece: value, eceCi95 }: Scores): string {
  if (value === null || eceCi95 === null) return '–';
  return `${value.toFixed(3)}, ${eceCi95.low.toFixed(3)} to ${eceCi95.high.toFixed(3)}`;
}

export function confidenceOf(arm: ArmOutcome, report: ArmResult, plan: ComparisonPlan): ConfidenceReport {
  const { gold } = plan;
  const logProbs = comparedLogProbs(arm, plan);
  const fitted = arm.temperature ?? null;
  const temperature = fitted && (isCalibrated(arm, plan) ? fitted.calibrated : fitted.raw);
  return {
    armId: arm.id,
    scores: scoresOf(logProbs, plan),
    temperature,
    cooled:
      temperature === null
        ? null
        : scoresOf(
            logProbs.map((row) => atTemperature(row, temperature)),
            plan,
          ),
    bins: reliability(logProbs, gold),
    curve: coverageCurve(testAnswers(report, plan)),
  };
}

export const testAnswers = (
  { confidences, predictions }: Pick<ArmResult, 'confidences' | 'predictions'>,
  { gold, groups }: Pick<ComparisonPlan, 'gold' | 'groups'>,
): SureAndRight => ({ confidences, right: gold.map((g, i) => predictions[i] === g), groups });

/** With fewer validation rows a threshold would be chosen by chance. */
const MIN_THRESHOLD_ROWS = 20;

/** Answers to validation rows, calibrated as the arm answers: test rows never choose a threshold. Null = too few. */
export function validationAnswers(
  arm: Calibrated,
  plan: Pick<ComparisonPlan, 'calibrated' | 'calibration'>,
): SureAndRight | null {
  const answers = arm.validation?.answers;
  if (!answers || answers.gold.length < MIN_THRESHOLD_ROWS) return null;
  const logProbs = calibratedRows(answers.logProbs, isCalibrated(arm, plan) ? arm.calibration : null);
  const said = logProbs.map(argmax);
  return {
    confidences: logProbs.map((row, i) => Math.exp(row[said[i] as number] as number)),
    right: answers.gold.map((gold, i) => said[i] === gold),
    groups: answers.groups,
  };
}

export function thresholdFrom(of: SureAndRight, value: number): ReviewThreshold {
  const { answered, correct, interval } = coverageAt(of, value, promisedShare);
  return { value, rows: of.right.length, answered, correct, interval };
}

/** Brier score of B minus that of A. An ECE is too high, and not by as much for every prompt: no difference is shown. */
export interface ConfidenceDifference {
  readonly brier: number;
  /** Paired bootstrap, 95%. */
  readonly ci95: Interval;
}

export function confidenceDifference(
  a: ArmOutcome,
  b: ArmOutcome,
  plan: ComparisonPlan,
  draws = DRAWS,
): ConfidenceDifference {
  const { gold, seed, groups } = plan;
  const score = (arm: ArmOutcome) => comparedLogProbs(arm, plan).map((row, i) => brier([row], [gold[i] as number]));
  const [ofA, ofB] = [score(a), score(b)];
  const more = ofB.map((value, i) => value - (ofA[i] as number));
  const { value, interval } = rowMean(more, { seed, draws, groups });
  return { brier: value, ci95: interval };
}

/** "Brier −0.120 (−0.150 to −0.090)": below zero B's are better. */
export function confidenceDifferenceWords({ brier: difference, ci95 }: ConfidenceDifference): string {
  const number = (value: number) =>
    value
      .toFixed(3)
      .replace(/^-(?=0\.000$)/, '')
      .replace('-', '−');
  return `Brier ${number(difference)} (${number(ci95.low)} to ${number(ci95.high)})`;
}

/** @param chosen these rows choose the threshold: it says what that promises, as their share right is too good */
export function coverageSentence(point: CoveragePoint, n: number, chosen = false): string {
  const left = n - point.answered;
  const below = `below ${point.threshold.toFixed(2)}`;
  if (point.answered === 0) return `No answer reaches ${point.threshold.toFixed(2)}: all ${n} rows go to a person.`;
  const { low, high } = point.interval;
  const range = chosen ? '' : ` (${percent(low)} to ${percent(high)})`;
  const right = `${ofRows(point.accuracy ?? 0, point.answered)} correctly${range}`;
  const promise = chosen ? ` ${promiseWords(point.interval)}` : '';
  if (left === 0) return `No answer is ${below}: all ${n} rows are answered, ${right}.${promise}`;
  return `Send answers ${below} to a person: ${point.answered} of ${n} rows are answered, ${right}; ${left} ${left === 1 ? 'goes' : 'go'} to a person.${promise}`;
}

/** What so few rows cannot promise; null where they can promise 95%. */
export function promiseLimit(rows: number): string | null {
  const most = promisedShare(rows, 0, rows).low;
  const wanted = 0.95;
  return most >= wanted
    ? null
    : `${counted(rows, 'validation row')} can promise ${Math.floor(100 * most)}% at most: ${percentWhole(wanted)} takes ${rowsToPromise(wanted)} answered rows without a mistake.`;
}
