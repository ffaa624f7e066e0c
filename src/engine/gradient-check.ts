import type { Program } from '../inference/run';
import { TextCache } from '../inference/text-cache';
import { breathe, type Polled, throwIfInterrupted, uninterrupted } from '../lib/control';
import { createRng } from '../lib/rng';
import type { SoftPrompt } from '../prompt/soft-prompt';
import type { LabelTokens, TokenRow } from '../tokens/tokenizer';
import { type BatchOptions, batchGradient, batchLosses } from '../training/objective';
import type { LoadedProgram } from './load';
import type { DirectionCheck, SelfCheckReport, SelfCheckRequest } from './types';

export interface GradientCheck {
  readonly loss: number;
  readonly directions: readonly DirectionCheck[];
}

export interface GradientCheckOptions {
  readonly directions?: number;
  readonly seed?: number;
  /** Step sizes along each direction: fewer cost less, more tolerate more noise and curvature. */
  readonly levels?: number;
  readonly control?: Polled;
  /** 0 when the gradient is known, then after each direction. */
  readonly onDirection?: (done: number) => void;
}

/**
 * Finite differences along seeded directions with the signs of the gradient and random sizes. With random signs the slope would
 * drown in float32 noise, as the gradient of N numbers has only 1/sqrt(N) of its length along such a direction.
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

/** Relative to the vectors' size. */
const FIRST_STEP = 0.05;

const rootMeanSquare = (values: Float32Array) =>
  Math.sqrt(values.reduce((sum, x) => sum + x * x, 0) / values.length) || 1;

const TOLERANCE = 0.02;
/** Two virtual tokens, the second of which sees the first, after a text that both see. */
const TEXT_TOKENS = 4;
const VIRTUAL_TOKENS = 2;
/** The fewest that extrapolate the curvature away and recognise float32 noise. */
const LEVELS = 4;
const SEED = 1;

/** The same numbers for the same model, so that backends can be compared. @throws StudioError `cancelled`, and as Runner.run */
export async function selfCheck(
  { program, info }: LoadedProgram,
  { directions }: SelfCheckRequest,
  control: Polled,
  onDirection: (done: number) => void = () => {},
): Promise<SelfCheckReport> {
  const begin = performance.now();
  throwIfInterrupted(control);
  const { hidden, vocabulary } = program.spec;
  const { rows, labels } = randomTask(vocabulary, [TEXT_TOKENS], SEED);
  const rng = createRng(SEED);
  const vectors = Float32Array.from({ length: VIRTUAL_TOKENS * hidden }, () => info.embeddingRms * rng.normal());
  const soft: SoftPrompt = { placement: 'suffix', vectors, virtualTokens: VIRTUAL_TOKENS, hidden };
  // As in training: the text is read once, then only the virtual tokens run.
  const cache = new TextCache(program.spec);
  const batch = { rows, labels, soft, cached: { cache, plan: cache.plan('self-check', [rows]), control } };
  const options = { directions, levels: LEVELS, control, onDirection };
  const { loss, directions: found } = await checkGradient(program, batch, options);
  return {
    // NaN does not pass.
    ok: Number.isFinite(loss) && found.every(({ relativeError }) => relativeError <= TOLERANCE),
    directions: found,
    tolerance: TOLERANCE,
    loss,
    tokens: TEXT_TOKENS + VIRTUAL_TOKENS,
    seconds: (performance.now() - begin) / 1000,
  };
}

/** Between successive steps. */
const SHRINK = 2;

/**
 * Ridders' method: central differences at h, h/2, h/4, ..., extrapolated to h = 0; the extrapolation that agrees best with its
 * neighbours counts. `f` is called once, so that it can compute the points side by side.
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

export function randomIds(count: number, vocabulary: number, seed: number): number[] {
  const rng = createRng(seed);
  return Array.from({ length: count }, () => rng.int(vocabulary));
}

const CUE_TOKENS = 2;

/** For any model: the tokens need no meaning. */
export function randomTask(
  vocabulary: number,
  lengths: readonly number[],
  seed: number,
): { readonly rows: TokenRow[]; readonly labels: LabelTokens[] } {
  const rows = lengths.map((length, i) => ({
    rowId: String(i),
    ids: Int32Array.from(randomIds(length, vocabulary, seed + 10 + i)),
    cue: CUE_TOKENS,
    label: i,
  }));
  const ids = [...new Set(randomIds(16, vocabulary, seed + 20))].slice(0, 4);
  return { rows, labels: ids.map((id) => ({ label: String(id), word: String(id), tokenIds: [id] })) };
}
