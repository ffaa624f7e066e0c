import type { Checkpoint, Moments } from './events';
import type { TrainingSettings } from './settings';

interface At {
  /** 1, 2, ... */
  readonly step: number;
  readonly learningRate: number;
  /** Factors of the learning rate, each for an equal part of the values in turn; undefined: 1. */
  readonly scales?: Float32Array | undefined;
  readonly settings: Pick<TrainingSettings, 'beta1' | 'beta2' | 'epsilon' | 'weightDecay'>;
}

interface Stepped {
  readonly values: Float32Array;
  readonly state: Moments;
}

/**
 * AdamW (Loshchilov & Hutter 2019, "Decoupled weight decay regularization", algorithm 2), t = 1, 2, ...:
 *
 *     m' = b1 m + (1 - b1) g          v' = b2 v + (1 - b2) g^2
 *     p' = p - lr d p - lr (m' / (1 - b1^t)) / (sqrt(v' / (1 - b2^t)) + eps)
 *
 * The moments are float32, arithmetic between two stores float64, element by element: the same bits on every machine.
 */
export const adamW = {
  init: (length: number): Moments => ({ m: new Float32Array(length), v: new Float32Array(length) }),
  /** Leaves its input alone. */
  step(before: Float32Array, state: Moments, gradient: Float32Array, at: At): Stepped {
    const { step, settings, scales } = at;
    const { beta1, beta2, epsilon, weightDecay } = settings;
    const values = before.slice();
    const m = state.m.slice();
    const v = state.v.slice();
    const correction1 = 1 - beta1 ** step;
    const correction2 = 1 - beta2 ** step;
    const part = values.length / (scales?.length ?? 1);
    for (let i = 0; i < values.length; i++) {
      const g = gradient[i] as number;
      const p = values[i] as number;
      const learningRate = at.learningRate * (scales?.[Math.floor(i / part)] ?? 1);
      m[i] = beta1 * (m[i] as number) + (1 - beta1) * g;
      v[i] = beta2 * (v[i] as number) + (1 - beta2) * g * g;
      const update = (m[i] as number) / correction1 / (Math.sqrt((v[i] as number) / correction2) + epsilon);
      values[i] = p - learningRate * weightDecay * p - learningRate * update;
    }
    return { values, state: { m, v } };
  },
};

/** Euclidean, over all elements. */
export function norm(gradient: Float32Array): number {
  let sum = 0;
  for (const g of gradient) sum += g * g;
  return Math.sqrt(sum);
}

/** As torch.nn.utils.clip_grad_norm_, its 1e-6 included. */
export function clipped(gradient: Float32Array, length: number, clipNorm: number): Float32Array {
  const factor = clipNorm / (length + 1e-6);
  return factor < 1 ? gradient.map((g) => g * factor) : gradient;
}

/**
 * As a share of the peak: linear warm-up, then a half cosine down to 0 after the last step.
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

/** Steps that the estimate rests on. */
const RECENT = 20;

/** A validation is about a third of a step with the same rows. */
const STEP_OVER_FORWARD = 3;

/** Steps and validations each at their recent mean; before the first validation, at what the steps suggest. */
export function secondsLeft(
  state: Pick<Checkpoint, 'step' | 'steps' | 'validations' | 'elapsedMs'>,
  settings: Pick<TrainingSettings, 'steps' | 'validateEvery' | 'batchSize'>,
  validationRows: number,
): number | null {
  const recent = state.steps.slice(-RECENT);
  if (recent.length === 0) return null;
  const stepMs = recent.reduce((sum, point) => sum + point.ms, 0) / recent.length;
  const stepsMs = state.steps.reduce((sum, point) => sum + point.ms, 0);
  const done = state.validations.length;
  const validationMs =
    done > 0
      ? (state.elapsedMs - stepsMs) / done
      : (stepMs * validationRows) / (STEP_OVER_FORWARD * settings.batchSize);
  const steps = settings.steps - state.step;
  const validations = 1 + Math.ceil(settings.steps / settings.validateEvery) - done;
  return (steps * stepMs + validations * validationMs) / 1000;
}
