import { present } from '../lib/assert';
import type { ReportInput } from './types';

const recommended = ({
  action,
  armId,
  title,
  why,
  level,
  caution,
  change,
  chips,
}: NonNullable<ReportInput['card']>) => {
  return { action, armId, title, why, level, caution, change, chips };
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
  ...(input.card && { recommendation: recommended(input.card) }),
  looks: input.plan.looks,
  ...(input.plan.groups && { groups: input.plan.groups }),
});

export const outcomeOf = <A extends { readonly id: string }>(arms: readonly A[], id: string): A =>
  present(
    arms.find((arm) => arm.id === id),
    `arm ${id}`,
  );
