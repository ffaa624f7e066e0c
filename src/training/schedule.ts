import type { TrainingSettings } from './settings';

type Schedule = Pick<TrainingSettings, 'steps' | 'warmupSteps'>;

/**
 * Learning rate of step 1, 2, ... `steps`, as a share of the peak: linear warm-up, then a half cosine down to 0 after the
 * last step.
 *
 *     s <= w:  s / w          s > w:  (1 + cos(pi (s - w) / (S - w + 1))) / 2
 */
export function learningRateShare(step: number, { steps, warmupSteps }: Schedule): number {
  if (step <= warmupSteps) return step / warmupSteps;
  return (1 + Math.cos((Math.PI * (step - warmupSteps)) / (steps - warmupSteps + 1))) / 2;
}
