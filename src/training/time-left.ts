import type { Checkpoint } from './events';
import type { TrainingSettings } from './settings';

interface Plan {
  readonly settings: Pick<TrainingSettings, 'steps' | 'validateEvery'>;
}

/** Steps that the estimate looks back on. */
const RECENT = 20;

/**
 * Seconds to the last step: what is left of steps and validations, each at its recent mean. Null before the first step.
 * Early stopping may end the run before.
 */
export function secondsLeft(state: Checkpoint, { settings }: Plan): number | null {
  const recent = state.steps.slice(-RECENT);
  if (recent.length === 0) return null;
  const stepMs = recent.reduce((sum, point) => sum + point.ms, 0) / recent.length;
  const stepsMs = state.steps.reduce((sum, point) => sum + point.ms, 0);
  const validationMs = state.validations.length > 0 ? (state.elapsedMs - stepsMs) / state.validations.length : 0;
  const steps = settings.steps - state.step;
  const validations = state.validations.length > 0 ? Math.ceil(steps / settings.validateEvery) : 0;
  return (steps * stepMs + validations * validationMs) / 1000;
}
