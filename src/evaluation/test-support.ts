import { reference } from './classify/made-arms';
import type { ArmKind, ArmOutcome, ComparisonPlan } from './types';

/** An arm that is right exactly where `right[i]` is true; wrong answers are the next label. */
export function armOf(
  id: string,
  kind: ArmKind,
  gold: readonly number[],
  right: readonly boolean[],
  classes = 2,
  more: Partial<ArmOutcome> = {},
): ArmOutcome {
  const logProbs = gold.map((g, i) => {
    const said = right[i] ? g : (g + 1) % classes;
    return Array.from({ length: classes }, (_, c) => Math.log(c === said ? 0.7 : 0.3 / (classes - 1)));
  });
  const added = Number(/^yours-(\d+)$/.exec(id)?.[1] ?? 0);
  const placement = kind === 'tuned' ? 'suffix' : null;
  return { ...reference(id, id, logProbs), kind, placement, ...(added > 0 && { added }), ...more };
}

/** Rows in order: `counts[k]` rows on which the arms are right as bit pattern k says (bit 0 = first arm). */
export function patterned(counts: Readonly<Record<string, number>>): boolean[][] {
  const patterns = Object.entries(counts).flatMap(([bits, n]) => new Array<string>(n).fill(bits));
  const arms = patterns[0]?.length ?? 0;
  return Array.from({ length: arms }, (_, a) => patterns.map((bits) => bits[a] === '1'));
}

export function planOf(
  gold: readonly number[],
  arms: readonly ArmOutcome[],
  more: Partial<ComparisonPlan> = {},
): ComparisonPlan {
  return {
    labels: ['negative', 'positive'],
    rowIds: gold.map((_, i) => String(i + 1)),
    gold,
    arms,
    pairs: [['yours', 'tuned']],
    calibrated: false,
    looks: 1,
    seed: 0,
    ...more,
  };
}

export const alternating = (n: number, classes = 2): number[] => Array.from({ length: n }, (_, i) => i % classes);
