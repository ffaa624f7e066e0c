import { breathe, type Control, throwIfInterrupted, uninterrupted } from '../inference/control';
import type { Program } from '../inference/run';
import { TextCache } from '../inference/text-cache';
import { createRng } from '../lib/rng';
import type { SoftPrompt } from '../prompt/types';
import type { LabelTokens, TokenRow } from '../tokens/types';
import { type BatchOptions, batchGradient, batchLosses } from '../training/objective';
import type { LoadedProgram } from './load';

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

export interface SelfCheckRequest {
  /** How many directions the gradient is compared along; 0 = the loss alone is wanted. */
  readonly directions: number;
}

export interface SelfCheckReport {
  /** The gradient agrees with finite differences along every direction. */
  readonly ok: boolean;
  readonly directions: readonly DirectionCheck[];
  /** A difference larger than this share of the gradient is a wrong gradient, not float32 noise. */
  readonly tolerance: number;
  /** Of the row that was checked: to be the same on every backend. */
  readonly loss: number;
  /** Length of that row, vectors included. */
  readonly tokens: number;
  readonly seconds: number;
}

const TOLERANCE = 0.02;
/** A row as short as tells something: two vectors, of which the second sees the first, behind a text that both see. */
const TEXT_TOKENS = 4;
const VIRTUAL_TOKENS = 2;
/** Of steps along a direction: the fewest that extrapolate away the curvature and see float32 noise for what it is. */
const LEVELS = 4;
const SEED = 1;

/**
 * Whether the gradients that this very session computes can be trained on: one seeded row, the label loss, the vectors after
 * the text, against finite differences. The same numbers for the same model, so that backends can be compared.
 * @throws StudioError `cancelled`, and as Runner.run
 */
export async function selfCheck(
  { program, info }: LoadedProgram,
  { directions }: SelfCheckRequest,
  control: Control,
  onDirection: (done: number) => void,
): Promise<SelfCheckReport> {
  const begin = performance.now();
  throwIfInterrupted(control);
  const { hidden, vocabulary } = program.spec;
  const { rows, labels } = randomTask(vocabulary, [TEXT_TOKENS], SEED);
  const rng = createRng(SEED);
  const vectors = Float32Array.from({ length: VIRTUAL_TOKENS * hidden }, () => info.embeddingRms * rng.normal());
  const soft: SoftPrompt = { placement: 'suffix', vectors, virtualTokens: VIRTUAL_TOKENS, hidden };
  // as in training: the text is read once, and only the vectors are run anew
  const cache = new TextCache(program.spec);
  const batch = { rows, labels, soft, cached: { cache, plan: cache.plan('self-check', [rows]), control } };
  const options = { directions, levels: LEVELS, control, onDirection };
  const { loss, directions: found } = await checkGradient(program, batch, options);
  return {
    // NaN is no agreement
    ok: Number.isFinite(loss) && found.every(({ relativeError }) => relativeError <= TOLERANCE),
    directions: found,
    tolerance: TOLERANCE,
    loss,
    tokens: TEXT_TOKENS + VIRTUAL_TOKENS,
    seconds: (performance.now() - begin) / 1000,
  };
}

/** How much each step is smaller than the one before. */
const SHRINK = 2;

/**
 * f'(0) by Ridders' method: central differences at h, h/2, h/4, ..., extrapolated to h = 0, and of all extrapolations the one
 * that its neighbours agree with best. It finds by itself the step between curvature (too large) and rounding (too small).
 * `f` is asked once, for all the points at which it is wanted, so that it may compute them side by side.
 * `levels` steps are tried, each at two points.
 * Source: Ridders 1982; Press et al., Numerical Recipes, section 5.7.
 */
export async function slopeAtZero(
  f: (points: readonly number[]) => Promise<readonly number[]>,
  { firstStep, levels }: { readonly firstStep: number; readonly levels: number },
): Promise<number> {
  const steps = Array.from({ length: levels }, (_, level) => firstStep / SHRINK ** level);
  const values = await f(steps.flatMap((h) => [h, -h]));
  let above: readonly number[] = [];
  let best = { slope: Number.NaN, error: Number.POSITIVE_INFINITY };
  for (const [level, h] of steps.entries()) {
    const row = [((values[2 * level] as number) - (values[2 * level + 1] as number)) / (2 * h)];
    let factor = SHRINK * SHRINK;
    for (const [k, left] of above.entries()) {
      const before = row[k] as number;
      const slope = (factor * before - left) / (factor - 1);
      factor *= SHRINK * SHRINK;
      const error = Math.max(Math.abs(slope - before), Math.abs(slope - left));
      if (error < best.error) best = { slope, error };
      row.push(slope);
    }
    above = row;
  }
  return best.slope;
}

/** Seeded token ids below `vocabulary`. */
export function randomIds(count: number, vocabulary: number, seed: number): number[] {
  const rng = createRng(seed);
  return Array.from({ length: count }, () => rng.int(vocabulary));
}

/** Rows of the given lengths in tokens, and four answers: any model can be asked, whatever its tokens mean. */
export function randomTask(
  vocabulary: number,
  lengths: readonly number[],
  seed: number,
): { readonly rows: TokenRow[]; readonly labels: LabelTokens[] } {
  const rows = lengths.map((length, i) => ({
    rowId: String(i),
    ids: Int32Array.from(randomIds(length, vocabulary, seed + 10 + i)),
    label: i,
  }));
  const ids = [...new Set(randomIds(16, vocabulary, seed + 20))].slice(0, 4);
  return { rows, labels: ids.map((id) => ({ label: String(id), word: String(id), tokenIds: [id] })) };
}
