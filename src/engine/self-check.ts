import { type Control, throwIfInterrupted } from '../inference/control';
import { TextCache } from '../inference/text-cache';
import { createRng } from '../lib/rng';
import type { SoftPrompt } from '../prompt/types';
import { checkGradient, type DirectionCheck } from './gradient-check';
import type { LoadedProgram } from './load';
import { randomTask } from './random-task';

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
