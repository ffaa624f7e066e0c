/** What is known of a comparison of labels beside its figures. */
import { comparing, insightsOf } from '../evaluation/classify/compare';
import { corrected } from '../evaluation/vote';
import type { ClassifyEvaluation } from '../prompt-set/types';
import type { Reported } from './input';
import { learnedOf } from './learned';
import type { CloserLook } from './types';

/** In steps, as `insightsOf`. */
export function* closerLook({
  set,
  dataset,
  evaluation,
  checkpoint,
}: Pick<Reported, 'set' | 'dataset' | 'checkpoint'> & { readonly evaluation: ClassifyEvaluation }): Generator<
  number,
  CloserLook,
  void
> {
  const { plan, comparison, review, consistency, fineTuning } = evaluation;
  const insights = yield* insightsOf(plan, comparison, dataset);
  const isChecked = review && !plan.folds;
  const fixed =
    isChecked && review.corrections.length > 0
      ? yield* comparing(corrected(plan, review.corrections, review.looks))
      : null;
  return {
    insights,
    ...(isChecked && {
      review: {
        reviewed: review.reviewed.length,
        corrected: review.corrections.length,
        looks: review.looks,
        verdict: fixed?.verdict ?? null,
      },
    }),
    ...(consistency && { consistency }),
    ...(fineTuning && { fineTuning }),
    ...learnedOf(set, evaluation, checkpoint),
  };
}
