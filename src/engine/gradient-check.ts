import type { Program } from '../inference/run';
import { createRng } from '../lib/rng';
import { type BatchOptions, batchGradient } from '../training/objective';

export interface DirectionCheck {
  /** Slope of the loss along a random direction, by differences. */
  readonly numeric: number;
  /** The gradient along it. */
  readonly analytic: number;
  readonly relativeError: number;
}

/**
 * Compares a gradient with finite differences along seeded random directions. A direction's signs are those of the gradient:
 * among random ones the slope would drown in float32 noise, as the gradient of N numbers points 1/sqrt(N) that way. Its sizes are random,
 * so that every component weighs in.
 *
 * Central differences at h and h/2, extrapolated (Richardson): D = (4 D(h/2) - D(h)) / 3, error O(h^4).
 */
export async function checkGradient(
  program: Program,
  batch: BatchOptions,
  { directions = 3, seed = 0 }: { readonly directions?: number; readonly seed?: number } = {},
): Promise<DirectionCheck[]> {
  const rng = createRng(seed);
  const { gradient } = await batchGradient(program, batch);
  const { soft } = batch;
  const lossAt = async (direction: Float32Array, h: number) => {
    const vectors = soft.vectors.map((x, i) => x + h * (direction[i] as number));
    return (await batchGradient(program, { ...batch, soft: { ...soft, vectors } })).loss;
  };
  const slope = async (direction: Float32Array, h: number) =>
    ((await lossAt(direction, h)) - (await lossAt(direction, -h))) / (2 * h);
  const size = rootMeanSquare(soft.vectors);
  const checks: DirectionCheck[] = [];
  for (let i = 0; i < directions; i++) {
    const direction = gradient.map((g) => Math.sign(g) * Math.abs(rng.normal()) * size);
    const [coarse, fine] = [await slope(direction, STEP), await slope(direction, STEP / 2)];
    const numeric = (4 * fine - coarse) / 3;
    const analytic = gradient.reduce((sum, g, j) => sum + g * (direction[j] as number), 0);
    checks.push({ numeric, analytic, relativeError: Math.abs(numeric - analytic) / Math.abs(analytic) });
  }
  return checks;
}

/** As a share of the vectors' size: larger ones leave the linear part, smaller ones drown in float32 noise. */
const STEP = 0.02;

const rootMeanSquare = (values: Float32Array) =>
  Math.sqrt(values.reduce((sum, x) => sum + x * x, 0) / values.length) || 1;
