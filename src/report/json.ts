import { present } from '../lib/assert';
import type { Results } from './results-schema';
import type { ReportInput } from './types';

const recommended = (card: ReportInput['card']): Pick<Results, 'recommendation'> => {
  if (!card) return {};
  const { action, armId, title, why, change, chips } = card;
  return { recommendation: { action, armId, title, why, change, chips } };
};

/** What results of every kind have. */
export const shared = (input: ReportInput) => ({
  formatVersion: 1 as const,
  createdAt: input.createdAt,
  model: input.model,
  environment: input.environment,
  dataset: input.dataset,
  rows: input.account,
  training: input.training,
  verdict: input.comparison.verdict,
  ...recommended(input.card),
  looks: input.plan.looks,
  ...(input.plan.groups && { groups: input.plan.groups }),
});

export const outcomeOf = <A extends { readonly id: string }>(arms: readonly A[], id: string): A =>
  present(
    arms.find((arm) => arm.id === id),
    `arm ${id}`,
  );
