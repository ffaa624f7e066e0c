import { createRng, shuffled } from '../../lib/rng';
import type { ArmReport, ComparisonPlan, PairReport } from '../types';
import { MAJORITY } from './made-arms';

/**
 * Test labels checked by a person who sees no prediction. Equal numbers of rows that tuning fixed and broke are drawn:
 * checking one kind only would bias the result.
 */

export interface Correction {
  readonly rowId: string;
  /** Label indices. */
  readonly from: number;
  readonly to: number;
}

const MOST_OF_A_KIND = 10;

/** Rows to check, in seeded random order; none where tuning fixed no row or broke none that was not checked yet. */
export function drawReview(
  pair: Pick<PairReport, 'fixed' | 'broken'>,
  seed: number,
  reviewed: readonly string[] = [],
): readonly string[] {
  const seen = new Set(reviewed);
  const rng = createRng(seed + reviewed.length);
  const [fixed, broken] = [pair.fixed, pair.broken].map((ids) =>
    shuffled(
      ids.filter((id) => !seen.has(id)),
      rng,
    ),
  ) as [string[], string[]];
  const each = Math.min(fixed.length, broken.length, MOST_OF_A_KIND);
  return shuffled([...fixed.slice(0, each), ...broken.slice(0, each)], rng);
}

/** What the person's answers change; an answer that equals the label, or none, changes nothing. */
export function correctionsOf(
  plan: Pick<ComparisonPlan, 'rowIds' | 'gold'>,
  answers: ReadonlyMap<string, number>,
): readonly Correction[] {
  return plan.rowIds.flatMap((rowId, i) => {
    const from = plan.gold[i] as number;
    const to = answers.get(rowId);
    return to === undefined || to === from ? [] : [{ rowId, from, to }];
  });
}

/** The plan with the corrected labels. */
export function corrected(
  plan: ComparisonPlan,
  corrections: readonly Correction[],
  looks: number = plan.looks,
): ComparisonPlan {
  const to = new Map(corrections.map((correction) => [correction.rowId, correction.to]));
  return { ...plan, gold: plan.gold.map((gold, i) => to.get(plan.rowIds[i] as string) ?? gold), looks };
}

/** Rows whose label several arms agree, confidently, is wrong: worth a second look by a person. */

export interface Suspect {
  /** Index of the row in the plan. */
  readonly row: number;
  /** What the arms say. */
  readonly label: number;
  readonly arms: readonly string[];
}

/** Sure enough to contradict a person. */
const SURE = 0.8;
const SEVERAL = 2;

/**
 * At least two arms give one other label a probability of 0.8 or more, and no arm is that sure of the row's own. The line
 * that always says the same has no part in it. A suspicion, not a finding: what all arms get wrong looks the same.
 * Source: Northcutt, Jiang & Chuang 2021 (confident learning), reduced to agreement.
 */
export function labelSuspects(arms: readonly ArmReport[], gold: readonly number[]): readonly Suspect[] {
  const voices = arms.filter(({ id }) => id !== MAJORITY);
  return gold.flatMap((label, row) => {
    const sure = voices.filter((arm) => (arm.confidences[row] ?? 0) >= SURE);
    const said = sure[0]?.predictions[row];
    if (said === undefined || said === label || sure.length < SEVERAL) return [];
    if (sure.some((arm) => arm.predictions[row] !== said)) return [];
    return [{ row, label: said, arms: sure.map(({ id }) => id) }];
  });
}
