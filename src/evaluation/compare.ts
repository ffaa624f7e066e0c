import { assert, present } from '../lib/assert';
import { holm } from '../metrics/holm';
import { mcnemarMidP } from '../metrics/mcnemar';
import { DRAWS, macroF1Comparison } from '../metrics/resample';
import { reportArm } from './arm-report';
import { duel } from './duel';
import type { ArmReport, Comparison, ComparisonPlan, PairReport } from './types';
import { verdictOf } from './verdict';

export interface CompareOptions {
  readonly draws?: number;
  /** Share done, 0 to 1. */
  readonly onProgress?: (share: number) => void;
}

function reportPair(
  plan: ComparisonPlan,
  a: ArmReport,
  b: ArmReport,
  options: Required<CompareOptions>,
): Omit<PairReport, 'pHolm'> {
  const { gold, rowIds } = plan;
  const { ci95, ...counts } = duel(a, b, gold);
  const f1 = macroF1Comparison(gold, a.predictions, b.predictions, plan.labels.length, { seed: plan.seed, ...options });
  const idsWhere = (test: (aRight: boolean, bRight: boolean) => boolean) =>
    rowIds.filter((_, i) => test(a.predictions[i] === gold[i], b.predictions[i] === gold[i]));
  return {
    a: a.id,
    b: b.id,
    ...counts,
    differenceCi95: ci95,
    pMidP: mcnemarMidP(counts.aOnly, counts.bOnly),
    macroF1Difference: f1.difference,
    macroF1Ci95: f1.ci95,
    macroF1P: f1.p,
    fixed: idsWhere((aRight, bRight) => !aRight && bRight),
    broken: idsWhere((aRight, bRight) => aRight && !bRight),
  };
}

/**
 * All figures of one comparison: every arm on the same rows, every pair row by row, and the verdict on the first pair
 * (A = hand-written, B = tuned). Seeded; the same plan gives the same numbers.
 */
export function compare(plan: ComparisonPlan, options: CompareOptions = {}): Comparison {
  assert(plan.rowIds.length === plan.gold.length, 'row ids and gold labels differ in number');
  const steps = plan.arms.length + plan.pairs.length;
  const { draws = DRAWS, onProgress = () => undefined } = options;
  const arms = plan.arms.map((arm, i) => {
    onProgress(i / steps);
    return reportArm(arm, plan, draws);
  });
  const byId = new Map(arms.map((arm) => [arm.id, arm]));
  const bare = plan.pairs.map(([a, b], i) =>
    reportPair(plan, present(byId.get(a), `arm ${a}`), present(byId.get(b), `arm ${b}`), {
      draws,
      onProgress: (share) => onProgress((arms.length + i + share) / steps),
    }),
  );
  const adjusted = holm(bare.map((pair) => pair.pExact));
  const pairs = bare.map((pair, i) => ({ ...pair, pHolm: adjusted[i] as number }));
  onProgress(1);
  return {
    arms,
    pairs,
    verdict: verdictOf({ plan, arms, pairs }),
    calibrated: plan.calibrated,
    looks: plan.looks,
    n: plan.gold.length,
  };
}
