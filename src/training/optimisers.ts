import type { Checkpoint, OptimiserState } from './events';
import type { OptimiserName, TrainingSettings } from './settings';

interface OptimiserStep<State extends OptimiserState> {
  readonly values: Float32Array;
  readonly state: State;
}

/**
 * One way to turn gradients into steps. State is float32, arithmetic between two stores float64, element by element: the
 * same bits on every machine. Neither the loop nor a checkpoint looks into the state.
 */
export interface Optimiser<State extends OptimiserState = OptimiserState> {
  init(length: number): State;
  /** Leaves its input alone. @param step 1, 2, ... */
  step(
    values: Float32Array,
    state: State,
    gradient: Float32Array,
    at: { readonly step: number; readonly learningRate: number; readonly settings: OptimiserSettings },
  ): OptimiserStep<State>;
}

type OptimiserSettings = Pick<TrainingSettings, 'beta1' | 'beta2' | 'epsilon' | 'weightDecay'>;

/** Both moments of the gradient. */
type AdamWState = { readonly m: Float32Array; readonly v: Float32Array };

/**
 * AdamW (Loshchilov & Hutter 2019, "Decoupled weight decay regularization", algorithm 2), t = 1, 2, ...:
 *
 *     m' = b1 m + (1 - b1) g          v' = b2 v + (1 - b2) g^2
 *     p' = p - lr d p - lr (m' / (1 - b1^t)) / (sqrt(v' / (1 - b2^t)) + eps)
 */
export const adamW: Optimiser<AdamWState> = {
  init: (length) => ({ m: new Float32Array(length), v: new Float32Array(length) }),
  step(before, state, gradient, { step, learningRate, settings: { beta1, beta2, epsilon, weightDecay } }) {
    const values = before.slice();
    const m = state.m.slice();
    const v = state.v.slice();
    const correction1 = 1 - beta1 ** step;
    const correction2 = 1 - beta2 ** step;
    for (let i = 0; i < values.length; i++) {
      const g = gradient[i] as number;
      const p = values[i] as number;
      m[i] = beta1 * (m[i] as number) + (1 - beta1) * g;
      v[i] = beta2 * (v[i] as number) + (1 - beta2) * g * g;
      const update = (m[i] as number) / correction1 / (Math.sqrt((v[i] as number) / correction2) + epsilon);
      values[i] = p - learningRate * weightDecay * p - learningRate * update;
    }
    return { values, state: { m, v } };
  },
};

/** Lion's own betas; the settings' are AdamW's. */
const LION = { beta1: 0.9, beta2: 0.99 };

/**
 * Lion (Chen et al. 2023, "Symbolic discovery of optimization algorithms", algorithm 2): every number moves by the
 * learning rate, whatever the size of its gradient, and only one moment is kept.
 *
 *     c = b1 m + (1 - b1) g          m' = b2 m + (1 - b2) g
 *     p' = p - lr (sign(c) + d p)
 *
 * The paper asks for a learning rate 3 to 10 times smaller than AdamW's. @see DEFAULT_RATE
 */
export const lion: Optimiser<{ readonly m: Float32Array }> = {
  init: (length) => ({ m: new Float32Array(length) }),
  step(before, state, gradient, { learningRate, settings: { weightDecay } }) {
    const values = before.slice();
    const m = state.m.slice();
    for (let i = 0; i < values.length; i++) {
      const g = gradient[i] as number;
      const p = values[i] as number;
      const direction = Math.sign(LION.beta1 * (m[i] as number) + (1 - LION.beta1) * g);
      values[i] = p - learningRate * (direction + weightDecay * p);
      m[i] = LION.beta2 * (m[i] as number) + (1 - LION.beta2) * g;
    }
    return { values, state: { m } };
  },
};

/** To add an optimiser: the object above, its line here, and its name, label and default rate in settings.ts. */
export const OPTIMISERS: Readonly<Record<OptimiserName, Optimiser>> = {
  adamw: opaque(adamW),
  lion: opaque(lion),
};

/** The optimiser with its state as others may see it: not at all. A state is only ever given back to the optimiser that made it. */
function opaque<State extends OptimiserState>({ init, step }: Optimiser<State>): Optimiser {
  return {
    init,
    step: (values, state, gradient, at) => step(values, state as State, gradient, at),
  };
}

/** Euclidean norm over all elements. */
export function norm(gradient: Float32Array): number {
  let sum = 0;
  for (const g of gradient) sum += g * g;
  return Math.sqrt(sum);
}

/** The gradient, shortened to `clipNorm` where it is longer (as torch.nn.utils.clip_grad_norm_, its 1e-6 included). */
export function clipped(gradient: Float32Array, length: number, clipNorm: number): Float32Array {
  const factor = clipNorm / (length + 1e-6);
  return factor < 1 ? gradient.map((g) => g * factor) : gradient;
}

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

/** A validation only goes forward, which is about a third of a step with the same rows. */
const STEP_OVER_FORWARD = 3;

/**
 * Seconds to the last step: the remaining steps and validations, each at its recent mean; before the first validation,
 * at what the steps suggest. Null before the first step. Early stopping may end the run before.
 */
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
