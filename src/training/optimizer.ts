import type { TrainingSettings } from './settings';

export interface OptimizerState {
  readonly vectors: Float32Array;
  /** First and second moments of the gradient. */
  readonly m: Float32Array;
  readonly v: Float32Array;
}

type AdamSettings = Pick<TrainingSettings, 'beta1' | 'beta2' | 'epsilon' | 'weightDecay'>;

/**
 * One step of AdamW (Loshchilov & Hutter 2019, algorithm 2), t = 1, 2, ...:
 *
 *     m' = b1 m + (1 - b1) g          v' = b2 v + (1 - b2) g^2
 *     p' = p - lr d p - lr (m' / (1 - b1^t)) / (sqrt(v' / (1 - b2^t)) + eps)
 *
 * State is float32, arithmetic between two stores float64, element by element: the same bits on every machine.
 */
export function adamWStep(
  state: OptimizerState,
  gradient: Float32Array,
  step: number,
  learningRate: number,
  { beta1, beta2, epsilon, weightDecay }: AdamSettings,
): OptimizerState {
  const vectors = state.vectors.slice();
  const m = state.m.slice();
  const v = state.v.slice();
  const correction1 = 1 - beta1 ** step;
  const correction2 = 1 - beta2 ** step;
  for (let i = 0; i < vectors.length; i++) {
    const g = gradient[i] as number;
    const p = vectors[i] as number;
    m[i] = beta1 * (m[i] as number) + (1 - beta1) * g;
    v[i] = beta2 * (v[i] as number) + (1 - beta2) * g * g;
    const update = (m[i] as number) / correction1 / (Math.sqrt((v[i] as number) / correction2) + epsilon);
    vectors[i] = p - learningRate * weightDecay * p - learningRate * update;
  }
  return { vectors, m, v };
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
