/** Whether an arm's probabilities mean what they say, and what is gained by leaving the unsure rows to a person. */
import { brier, ece, nll, type ReliabilityBin, reliability } from '../metrics/calibration';
import { type CoveragePoint, coverageCurve } from '../metrics/coverage';
import { atTemperature } from '../metrics/temperature';
import { comparedLogProbs, isCalibrated } from './arm-report';
import type { ArmOutcome, ArmReport, ComparisonPlan } from './types';
import { percent } from './words';

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

/** "Send what is below 0.80 to a person: 74 of 100 rows are answered, 91.9% of them rightly (83.4 to 96.2); 26 go to a person." */
export function coverageSentence(point: CoveragePoint, n: number): string {
  const left = n - point.answered;
  const below = `below ${point.threshold.toFixed(2)}`;
  if (point.answered === 0) return `No answer reaches ${point.threshold.toFixed(2)}: all ${n} rows go to a person.`;
  const { low, high } = point.accuracyCi95;
  const right = `${percent(point.accuracy ?? 0)} of them rightly (${percent(low)} to ${percent(high)})`;
  if (left === 0) return `No answer is ${below}: all ${n} rows are answered, ${right}.`;
  return `Send what is ${below} to a person: ${point.answered} of ${n} rows are answered, ${right}; ${left} ${left === 1 ? 'goes' : 'go'} to a person.`;
}
