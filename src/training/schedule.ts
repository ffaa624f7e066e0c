import type { StepPoint, ValidationPoint } from './events';
import type { TrainingSettings } from './settings';

/**
 * Learning rate of step 1, 2, ... `steps`, as a share of the peak: linear warm-up, then a half cosine down to 0 after the
 * last step.
 *
 *     s <= w:  s / w          s > w:  (1 + cos(pi (s - w) / (S - w + 1))) / 2
 */
export function learningRateShare(
  step: number,
  { steps, warmupSteps }: Pick<TrainingSettings, 'steps' | 'warmupSteps'>,
): number {
  if (step <= warmupSteps) return step / warmupSteps;
  return (1 + Math.cos((Math.PI * (step - warmupSteps)) / (steps - warmupSteps + 1))) / 2;
}

/** Steps that the estimate looks back on. */
const RECENT = 20;

interface Progress {
  readonly step: number;
  readonly steps: readonly StepPoint[];
  readonly validations: readonly ValidationPoint[];
  readonly elapsedMs: number;
}

/**
 * Seconds to the last step: the remaining steps and validations, each at its recent mean. Null before the first step.
 * Early stopping may end the run before.
 */
export function secondsLeft(
  state: Progress,
  settings: Pick<TrainingSettings, 'steps' | 'validateEvery'>,
): number | null {
  const recent = state.steps.slice(-RECENT);
  if (recent.length === 0) return null;
  const stepMs = recent.reduce((sum, point) => sum + point.ms, 0) / recent.length;
  const stepsMs = state.steps.reduce((sum, point) => sum + point.ms, 0);
  const validationMs = state.validations.length > 0 ? (state.elapsedMs - stepsMs) / state.validations.length : 0;
  const steps = settings.steps - state.step;
  const validations = state.validations.length > 0 ? Math.ceil(steps / settings.validateEvery) : 0;
  return (steps * stepMs + validations * validationMs) / 1000;
}
