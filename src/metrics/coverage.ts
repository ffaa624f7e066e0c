import { type Interval, wilson } from './intervals';

/** What happens when only answers with at least this probability are taken, and the rest goes to a person. */
export interface CoveragePoint {
  readonly threshold: number;
  /** Rows that are answered. */
  readonly answered: number;
  readonly correct: number;
  /** Share of all rows that are answered. */
  readonly coverage: number;
  /** Of the answered rows; 1 with no row answered is not claimed: null. */
  readonly accuracy: number | null;
  /** Wilson, 95%. */
  readonly accuracyCi95: Interval;
}

export function coverageAt(
  confidences: readonly number[],
  right: readonly boolean[],
  threshold: number,
): CoveragePoint {
  let answered = 0;
  let correct = 0;
  confidences.forEach((confidence, i) => {
    if (confidence < threshold) return;
    answered++;
    if (right[i]) correct++;
  });
  const n = confidences.length;
  return {
    threshold,
    answered,
    correct,
    coverage: n === 0 ? 0 : answered / n,
    accuracy: answered === 0 ? null : correct / answered,
    accuracyCi95: wilson(correct, answered),
  };
}

/** One point a distinct confidence, from all rows answered to the surest row alone. Source: El-Yaniv & Wiener 2010. */
export function coverageCurve(confidences: readonly number[], right: readonly boolean[]): readonly CoveragePoint[] {
  const order = confidences.map((confidence, i) => ({ confidence, right: right[i] === true }));
  order.sort((a, b) => b.confidence - a.confidence);
  const points: CoveragePoint[] = [];
  let correct = 0;
  order.forEach((row, i) => {
    if (row.right) correct++;
    // rows of one confidence are answered together or not at all
    if (order[i + 1]?.confidence === row.confidence) return;
    points.push({
      threshold: row.confidence,
      answered: i + 1,
      correct,
      coverage: (i + 1) / order.length,
      accuracy: correct / (i + 1),
      accuracyCi95: wilson(correct, i + 1),
    });
  });
  return points.toReversed();
}
