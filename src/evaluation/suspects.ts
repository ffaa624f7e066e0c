/** Rows whose label several arms agree, confidently, is wrong: worth a second look by a person. */
import { MAJORITY } from './reference';
import type { ArmReport } from './types';

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
