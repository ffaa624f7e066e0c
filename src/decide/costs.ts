/** What each compared prompt costs a month, and when a change has paid for itself. */

import { isLearned } from '../evaluation/types';
import { type Assumptions, type BreakEven, breakEven, type Effort, monthlyCost, type Offer } from './break-even';
import { type ArmAnswers, bestHand, bestLearned, type Measured } from './measured';

export type Efforts = Readonly<Record<'engineering' | 'tuning', Effort>>;

export interface CostRequest {
  readonly measured: Measured;
  readonly assumptions: Assumptions;
  readonly efforts: Efforts;
}

interface ArmCost {
  readonly id: string;
  readonly name: string;
  /** A month, in the currency of the assumptions. */
  readonly monthly: number;
  readonly build: number;
  readonly isLearned: boolean;
}

export interface Costs {
  /** Every prompt whose tokens are known, cheapest month first. */
  readonly arms: readonly ArmCost[];
  /** From the best hand-written prompt to the best trained one; null where the comparison lacks either. */
  readonly change: { readonly from: ArmCost; readonly to: ArmCost; readonly breakEven: BreakEven } | null;
}

/** Deterministic: the bootstrap takes the comparison's seed. */
export function costsOf({ measured, assumptions, efforts }: CostRequest): Costs {
  const offer = (arm: ArmAnswers): Offer => ({
    answers: arm,
    effort: isLearned(arm.kind) ? efforts.tuning : efforts.engineering,
  });
  const cost = (arm: ArmAnswers): ArmCost => {
    const { answers, effort } = offer(arm);
    const monthly = monthlyCost(answers, effort, assumptions);
    return { id: arm.id, name: arm.name, monthly, build: effort.build, isLearned: isLearned(arm.kind) };
  };
  const prompts = measured.arms.filter(
    ({ kind, meanTokens, rows }) => kind !== 'reference' && kind !== 'untuned' && meanTokens !== null && rows > 0,
  );
  const [from, to] = [bestHand(measured), bestLearned(measured)];
  const { groups, seed } = measured;
  return {
    arms: prompts.map(cost).sort((a, b) => a.monthly - b.monthly),
    change: from &&
      to && {
        from: cost(from),
        to: cost(to),
        breakEven: breakEven(offer(from), offer(to), assumptions, { seed, ...(groups ? { groups } : {}) }),
      },
  };
}
