import type { Program } from '../inference/run';
import { createRng } from '../lib/rng';
import { type BatchOptions, batchGradient, batchLoss } from '../training/objective';
import { slopeAtZero } from './slope';

export interface DirectionCheck {
  /** Slope of the loss along a random direction, by differences. */
  readonly numeric: number;
  /** The gradient along it. */
  readonly analytic: number;
  readonly relativeError: number;
}

/**
 * Compares a gradient with finite differences along seeded random directions. A direction's signs are those of the
 * gradient: among random ones the slope would drown in float32 noise, as the gradient of N numbers points 1/sqrt(N) that
 * way. Its sizes are random, so that every component weighs in.
 */
export async function checkGradient(
  program: Program,
  batch: BatchOptions,
  { directions = 3, seed = 0 }: { readonly directions?: number; readonly seed?: number } = {},
): Promise<DirectionCheck[]> {
  const rng = createRng(seed);
  const { soft } = batch;
  const { gradient } = await batchGradient(program, batch);
  const size = rootMeanSquare(soft.vectors);
  const checks: DirectionCheck[] = [];
  for (let i = 0; i < directions; i++) {
    const direction = gradient.map((g) => Math.sign(g) * Math.abs(rng.normal()) * size);
    const numeric = await slopeAtZero((h) => {
      const vectors = soft.vectors.map((x, j) => x + h * (direction[j] as number));
      return batchLoss(program, { ...batch, soft: { ...soft, vectors } });
    }, FIRST_STEP);
    const analytic = gradient.reduce((sum, g, j) => sum + g * (direction[j] as number), 0);
    checks.push({ numeric, analytic, relativeError: Math.abs(numeric - analytic) / Math.abs(analytic) });
  }
  return checks;
}

/** As a share of the vectors' size. */
const FIRST_STEP = 0.05;

const rootMeanSquare = (values: Float32Array) =>
  Math.sqrt(values.reduce((sum, x) => sum + x * x, 0) / values.length) || 1;
