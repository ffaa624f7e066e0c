import { breathe, type Control, throwIfInterrupted, uninterrupted } from '../inference/control';
import type { Program } from '../inference/run';
import { createRng } from '../lib/rng';
import { type BatchOptions, batchGradient, batchLosses } from '../training/objective';
import { slopeAtZero } from './slope';

export interface DirectionCheck {
  /** Slope of the loss along a random direction, by differences. */
  readonly numeric: number;
  /** The gradient along it. */
  readonly analytic: number;
  /** Of the difference, as a share of the gradient; NaN where either is not a number or both are 0. */
  readonly relativeError: number;
}

export interface GradientCheck {
  readonly loss: number;
  readonly directions: readonly DirectionCheck[];
}

export interface GradientCheckOptions {
  readonly directions?: number;
  readonly seed?: number;
  /** Sizes of step that are tried along each direction: fewer cost less, more stand more noise and curvature. */
  readonly levels?: number;
  readonly control?: Control;
  /** Called when the gradient is known (0) and after each direction. */
  readonly onDirection?: (done: number) => void;
}

/**
 * Compares a gradient with finite differences along seeded random directions. A direction's signs are those of the
 * gradient: among random ones the slope would drown in float32 noise, as the gradient of N numbers points 1/sqrt(N) that
 * way. Its sizes are random, so that every component weighs in.
 * @throws StudioError `cancelled`, and as Runner.run
 */
export async function checkGradient(
  program: Program,
  batch: BatchOptions,
  options: GradientCheckOptions = {},
): Promise<GradientCheck> {
  const { directions = 3, seed = 0, levels = 6, control = uninterrupted, onDirection = () => {} } = options;
  const rng = createRng(seed);
  const { vectors } = batch.soft;
  const { loss, gradient } = await batchGradient(program, batch);
  onDirection(0);
  const size = rootMeanSquare(vectors);
  const checks: DirectionCheck[] = [];
  for (let i = 0; i < directions; i++) {
    await breathe();
    throwIfInterrupted(control);
    const direction = gradient.map((g) => Math.sign(g) * Math.abs(rng.normal()) * size);
    const numeric = await slopeAtZero(
      (points) =>
        batchLosses(
          program,
          batch,
          points.map((h) => vectors.map((x, j) => x + h * (direction[j] as number))),
        ),
      { firstStep: FIRST_STEP, levels },
    );
    const analytic = gradient.reduce((sum, g, j) => sum + g * (direction[j] as number), 0);
    checks.push({ numeric, analytic, relativeError: Math.abs(numeric - analytic) / Math.abs(analytic) });
    onDirection(i + 1);
  }
  return { loss, directions: checks };
}

/** As a share of the vectors' size. */
const FIRST_STEP = 0.05;

const rootMeanSquare = (values: Float32Array) =>
  Math.sqrt(values.reduce((sum, x) => sum + x * x, 0) / values.length) || 1;
