import { ofRows, percent } from '../../lib/format';
import {
  atTemperature,
  brier,
  type CoveragePoint,
  coverageAt,
  coverageCurve,
  ece,
  eceOfDraw,
  nll,
  type ReliabilityBin,
  reliability,
} from '../../metrics/calibration';
import { argmax } from '../../metrics/classification';
import type { Interval } from '../../metrics/intervals';
import { DRAWS, pairedBootstrap } from '../../metrics/resample';
import type { ArmOutcome, ArmReport, ComparisonPlan, ReviewThreshold } from '../types';
import { type Calibrated, calibratedRows, comparedLogProbs, isCalibrated } from './outcome';

/** Whether an arm's probabilities mean what they say, and what is gained by leaving the unsure rows to a person. */

interface Scores {
  /** Null below 100 rows, where it says nothing. */
  readonly ece: number | null;
  readonly brier: number;
  /** Mean negative log-probability of the label, nats. */
  readonly nll: number;
}

export interface ConfidenceReport {
  readonly armId: string;
  readonly scores: Scores;
  /** Fitted on validation rows, never on these; null where there were too few, or in comparisons of earlier versions. */
  readonly temperature: number | null;
  /** At that temperature. */
  readonly cooled: Scores | null;
  readonly bins: readonly ReliabilityBin[] | null;
  readonly curve: readonly CoveragePoint[];
}

const scoresOf = (rows: readonly (readonly number[])[], gold: readonly number[]): Scores => ({
  ece: ece(rows, gold),
  brier: brier(rows, gold),
  nll: nll(rows, gold),
});

export function confidenceOf(arm: ArmOutcome, report: ArmReport, plan: ComparisonPlan): ConfidenceReport {
  const { gold } = plan;
  const logProbs = comparedLogProbs(arm, plan);
  const fitted = arm.temperature ?? null;
  const temperature = fitted && (isCalibrated(arm, plan) ? fitted.calibrated : fitted.raw);
  return {
    armId: arm.id,
    scores: scoresOf(logProbs, gold),
    temperature,
    cooled:
      temperature === null
        ? null
        : scoresOf(
            logProbs.map((row) => atTemperature(row, temperature)),
            gold,
          ),
    bins: reliability(logProbs, gold),
    curve: coverageCurve(
      report.confidences,
      gold.map((g, i) => report.predictions[i] === g),
    ),
  };
}

/** How sure an arm was of each of some rows, and whether it was right. */
export interface SureAndRight {
  readonly confidences: readonly number[];
  readonly right: readonly boolean[];
}

/** With fewer validation rows a threshold would be chosen by chance. */
const MIN_THRESHOLD_ROWS = 20;

/**
 * The answers that a threshold is chosen on: those to validation rows, calibrated as the arm answers. Test rows never
 * choose it, so they still show what it gives on new rows. Null with too few rows, and in comparisons of earlier versions.
 */
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
  };
}

/** A threshold with what it gives on the rows that chose it. */
export function thresholdFrom({ confidences, right }: SureAndRight, value: number): ReviewThreshold {
  const { answered, correct } = coverageAt(confidences, right, value);
  return { value, rows: right.length, answered, correct };
}

interface Difference {
  /** Of B minus that of A. */
  readonly difference: number;
  /** Paired bootstrap, 95%. */
  readonly ci95: Interval;
}

export interface ConfidenceDifference {
  readonly brier: Difference;
  /** Null below 100 rows. */
  readonly ece: Difference | null;
}

/** How much better one arm's probabilities are than the other's, on the same drawn rows. */
export function confidenceDifference(
  a: ArmOutcome,
  b: ArmOutcome,
  plan: ComparisonPlan,
  draws = DRAWS,
): ConfidenceDifference {
  const { gold, seed, groups } = plan;
  const n = gold.length;
  const options = { seed, draws, groups };
  const [ofA, ofB] = [a, b].map((arm) => {
    const rows = comparedLogProbs(arm, plan);
    const said = rows.map(argmax);
    const confidence = Float64Array.from(rows, (row, i) => Math.exp(row[said[i] as number] as number));
    const order = Int32Array.from(rows, (_, i) => i);
    order.sort((x, y) => (confidence[x] as number) - (confidence[y] as number) || x - y);
    return {
      brier: Float64Array.from(rows, (row, i) => brier([row], [gold[i] as number])),
      confidence,
      right: Uint8Array.from(said, (label, i) => (label === gold[i] ? 1 : 0)),
      order,
      ece: ece(rows, gold),
    };
  }) as [Measured, Measured];
  const brierOn = (rows: ArrayLike<number>) => {
    let sum = 0;
    for (let i = 0; i < rows.length; i++)
      sum += (ofB.brier[rows[i] as number] as number) - (ofA.brier[rows[i] as number] as number);
    return sum / rows.length;
  };
  const times = new Int32Array(n);
  const eceOn = (rows: Int32Array) => {
    times.fill(0);
    for (const row of rows) times[row] = (times[row] as number) + 1;
    const [eA, eB] = [ofA, ofB].map(({ order, confidence, right }) =>
      eceOfDraw(order, times, rows.length, confidence, right),
    );
    return (eB as number) - (eA as number);
  };
  return {
    brier: { difference: brierOn(gold.map((_, i) => i)), ci95: pairedBootstrap(n, brierOn, options) },
    ece:
      ofA.ece === null || ofB.ece === null
        ? null
        : { difference: ofB.ece - ofA.ece, ci95: pairedBootstrap(n, eceOn, options) },
  };
}

interface Measured {
  readonly brier: Float64Array;
  readonly confidence: Float64Array;
  readonly right: Uint8Array;
  readonly order: Int32Array;
  readonly ece: number | null;
}

/** "Brier −0.120 (−0.150 to −0.090), ECE −0.050 (−0.100 to 0.010)": below zero B's are better. */
export function confidenceDifferenceWords({ brier: b, ece: e }: ConfidenceDifference): string {
  const number = (value: number) =>
    value
      .toFixed(3)
      .replace(/^-(?=0\.000$)/, '')
      .replace('-', '−');
  const words = ({ difference, ci95 }: Difference) =>
    `${number(difference)} (${number(ci95.low)} to ${number(ci95.high)})`;
  return e ? `Brier ${words(b)}, ECE ${words(e)}` : `Brier ${words(b)}`;
}

/** "Send answers below 0.80 to a person: 74 of 100 rows are answered, 91.9% correctly (83.4% to 96.2%); 26 go to a person." */
export function coverageSentence(point: CoveragePoint, n: number): string {
  const left = n - point.answered;
  const below = `below ${point.threshold.toFixed(2)}`;
  if (point.answered === 0) return `No answer reaches ${point.threshold.toFixed(2)}: all ${n} rows go to a person.`;
  const { low, high } = point.accuracyCi95;
  const right = `${ofRows(point.accuracy ?? 0, point.answered)} correctly (${percent(low)} to ${percent(high)})`;
  if (left === 0) return `No answer is ${below}: all ${n} rows are answered, ${right}.`;
  return `Send answers ${below} to a person: ${point.answered} of ${n} rows are answered, ${right}; ${left} ${left === 1 ? 'goes' : 'go'} to a person.`;
}
