import { assert, present } from '../../lib/assert';
import { drained } from '../../lib/control';
import { holm } from '../../metrics/mcnemar';
import { DRAWS } from '../../metrics/resample';
import type { ArmReport, Comparison, ComparisonPlan, PairReport } from '../types';
import { reportArm } from './outcome';
import { reportPair } from './pairs';
import { verdictOf } from './verdict';

export interface CompareOptions {
  readonly draws?: number;
  /** Share done, 0 to 1. */
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
  const arms: ArmReport[] = [];
  for (const arm of plan.arms) {
    arms.push(reportArm(arm, plan, draws));
    yield arms.length / steps;
  }
  const byId = new Map(arms.map((arm) => [arm.id, arm]));
  const bare: Omit<PairReport, 'pHolm'>[] = [];
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
  const adjusted = holm(bare.map((pair) => pair.pExact));
  const pairs = bare.map((pair, i) => ({ ...pair, pHolm: adjusted[i] as number }));
  return {
    arms,
    pairs,
    verdict: verdictOf({ plan, arms, pairs }),
    calibrated: plan.calibrated,
    looks: plan.looks,
    n: plan.gold.length,
  };
}

/** `comparing` from end to end. */
export function compare(plan: ComparisonPlan, options: CompareOptions = {}): Comparison {
  return drained(comparing(plan, options), options.onProgress);
}
