import type { Dataset } from '../../dataset/types';
import { assert, present } from '../../lib/assert';
import { drained } from '../../lib/control';
import { type AccuracyComparison, holm } from '../../metrics/mcnemar';
import { DRAWS } from '../../metrics/resample';
import { fieldOf } from '../sheets';
import type { ArmResult, Comparison, ComparisonPlan, PairResult } from '../types';
import { verdictOf } from '../verdict';
import { labelSuspects, type Suspect } from '../vote';
import { type ConfidenceDifference, type ConfidenceReport, confidenceDifference, confidenceOf } from './confidence';
import { reportArm } from './outcome';
import { comparedAccuracy, reportPair } from './pairs';
import { type SliceReport, slicesOf } from './slices';

export interface CompareOptions {
  readonly draws?: number;
  readonly onProgress?: (share: number) => void;
}

/**
 * All figures of one comparison: every arm on the same rows, every pair row by row, and the verdict on the first pair
 * (A = hand-written, B = tuned). Seeded; the same plan gives the same numbers. In steps, so that a worker can be stopped
 * between two of them.
 */
export function* comparing(plan: ComparisonPlan, options: CompareOptions = {}): Generator<number, Comparison, void> {
  assert(plan.rowIds.length === plan.gold.length, 'row ids and gold labels differ in number');
  const steps = plan.arms.length + plan.pairs.length;
  const { draws = DRAWS, onProgress = () => undefined } = options;
  const arms: ArmResult[] = [];
  for (const arm of plan.arms) {
    arms.push(reportArm(arm, plan, draws));
    yield arms.length / steps;
  }
  const byId = new Map(arms.map((arm) => [arm.id, arm]));
  const bare: Omit<PairResult, 'pHolm'>[] = [];
  for (const [a, b] of plan.pairs) {
    const done = arms.length + bare.length;
    bare.push(
      reportPair(plan, present(byId.get(a), `arm ${a}`), present(byId.get(b), `arm ${b}`), {
        draws,
        onProgress: (share) => onProgress((done + share) / steps),
      }),
    );
    yield (done + 1) / steps;
  }
  const adjusted = holm(bare.map(({ metrics }) => metrics.accuracy.p));
  const pairs = bare.map((pair, i) => ({ ...pair, pHolm: adjusted[i] as number }));
  return {
    arms,
    pairs,
    verdict: verdictOf(fieldOf({ kind: 'classify', plan, comparison: { arms, pairs } })),
    n: plan.gold.length,
  };
}

export function compare(plan: ComparisonPlan, options: CompareOptions = {}): Comparison {
  return drained(comparing(plan, options), options.onProgress);
}

/** The analysis behind a comparison: slices, probabilities, the gain from examples. */

export interface Insights {
  /** Null where the rows are not in this browser any more. */
  readonly slices: SliceReport | null;
  /** Of every prompt that was scored; reference lines have none. */
  readonly confidence: readonly ConfidenceReport[];
  /** Of the pair that is shown, B minus A; null where there is none. */
  readonly confidenceDifference: ConfidenceDifference | null;
  readonly fewShotLift: AccuracyComparison | null;
  readonly suspects: readonly Suspect[];
}

/** In steps, so that a worker can be stopped between two. @param pairIndex whose slices are asked for */
export function* insightsOf(
  plan: ComparisonPlan,
  { arms, pairs }: Pick<Comparison, 'arms' | 'pairs'>,
  dataset: Dataset | null,
  pairIndex = 0,
): Generator<number, Insights, void> {
  const { gold } = plan;
  const arm = (id: string | undefined) => arms.find((report) => report.id === id);
  const [a, b] = [arm(pairs[pairIndex]?.a), arm(pairs[pairIndex]?.b)];
  const slices = dataset && a && b ? slicesOf(dataset, plan, a, b) : null;
  yield 0.2;
  const confidence = [];
  for (const outcome of plan.arms) {
    const report = arm(outcome.id);
    if (!report || outcome.kind === 'reference') continue;
    confidence.push(confidenceOf(outcome, report, plan));
    yield 0.2 + 0.5 * (confidence.length / plan.arms.length);
  }
  const outcome = (id: string | undefined) => plan.arms.find((each) => each.id === id);
  const [first, second] = [outcome(a?.id), outcome(b?.id)];
  const difference = first && second && gold.length > 0 ? confidenceDifference(first, second, plan) : null;
  yield 0.9;
  // the prompt as it is written may show examples, or none
  const bare = arm('yours-0') ?? arm('yours');
  const shots = arm('yours-8') ?? arms.find(({ id, kind }) => id === 'yours' && kind === 'few-shot');
  return {
    slices,
    confidence,
    confidenceDifference: difference,
    fewShotLift: bare && shots ? comparedAccuracy(bare, shots, plan) : null,
    suspects: labelSuspects(arms, gold),
  };
}
