/** The vectors of a run: where they start, the network that may fold them, and what is done to and said of them in a step. */
import { type Product, RANK } from '../inference/program';
import { assert } from '../lib/assert';
import { badInput } from '../lib/errors';
import { createRng } from '../lib/rng';
import type { TrainingSettings } from './settings';

/** Byte-level vocabularies are ordered by merges: low ids are common. The lowest are control tokens and single bytes. */
const COMMON_IDS = { from: 300, to: 5000 };

/**
 * Token ids whose embeddings the vectors start from, one for each virtual token: those of a text or of the answer words,
 * cut or repeated; or a seeded sample of common ones.
 * @throws StudioError `bad-input` for an empty text
 */
export function initialTokenIds(
  settings: Pick<TrainingSettings, 'initialisation' | 'virtualTokens' | 'seed'>,
  initTokenIds: ArrayLike<number>,
  vocabulary: number,
): number[] {
  const { initialisation, virtualTokens, seed } = settings;
  if (initialisation.kind === 'vocabulary') return sampledIds(virtualTokens, seed, vocabulary);
  if (initTokenIds.length === 0)
    throw badInput('The text that the vectors start from is empty. Write a few words, or start from the answer words.');
  return Array.from({ length: virtualTokens }, (_, j) => initTokenIds[j % initTokenIds.length] as number);
}

function sampledIds(count: number, seed: number, vocabulary: number): number[] {
  const to = Math.min(COMMON_IDS.to, vocabulary);
  const from = Math.min(COMMON_IDS.from, Math.floor(to / 2));
  assert(to > from, 'an empty vocabulary');
  const rng = createRng(seed);
  return Array.from({ length: count }, () => from + rng.int(to - from));
}

/** Adapters at step 0: A normal with variance 1 / inputs, B zero, so that the model answers as it did (Hu et al. 2021). */
export function startAdapters(adapted: readonly Product[], seed: number): Float32Array {
  const rng = createRng(seed);
  const matrices = adapted.flatMap(([inputs, outputs]) => [
    Float32Array.from({ length: RANK * inputs }, () => rng.normal() / Math.sqrt(inputs)),
    new Float32Array(RANK * outputs),
  ]);
  return Float32Array.from(matrices.flatMap((matrix) => [...matrix]));
}

/** Odd numbers that spread (seed, step) over the generator's states; Knuth's and xxHash's. */
const SPREAD_SEED = 0x9e3779b1;
const SPREAD_STEP = 0x85ebca6b;

/**
 * The vectors with normal noise on each number, for one step's gradient, so that nothing learned depends on the last
 * digit (Chen et al. 2023, "PTP"). The noise follows from seed and step alone, so a resumed run draws the same.
 * @param deviation standard deviation, in the vectors' own units; 0 = the vectors unchanged
 */
export function withNoise(vectors: Float32Array, deviation: number, seed: number, step: number): Float32Array {
  if (deviation === 0) return vectors;
  const rng = createRng(Math.imul(seed + 1, SPREAD_SEED) ^ Math.imul(step, SPREAD_STEP));
  return vectors.map((value) => value + deviation * rng.normal());
}

/** Euclidean lengths of the vectors: the shortest, the median (the upper one of an even number) and the longest. */
export function normRange(vectors: Float32Array, hidden: number): readonly [number, number, number] {
  const sorted = Float64Array.from({ length: vectors.length / hidden }, (_, j) => {
    let sum = 0;
    for (let i = j * hidden; i < (j + 1) * hidden; i++) sum += (vectors[i] as number) ** 2;
    return Math.sqrt(sum);
  }).sort();
  return [sorted[0] ?? 0, sorted[sorted.length >> 1] ?? 0, sorted.at(-1) ?? 0];
}

/**
 * Residual reparameterisation (Razdaibiedina et al. 2023), trained along and folded away: the model reads
 *
 *     S_j = P_j + r (W2 relu(W1 P_j / r + b1) + b2)        r = RMS of the token embedding
 *
 * One small network for all virtual tokens, so that what one of them learns moves the others. W2 and b2 start at zero:
 * step 0 is the start text itself. The paper's layer norm is left out, as it would not be.
 */
export interface ResidualNet {
  /** `W1 [width, hidden]`, `b1 [width]`, `W2 [hidden, width]`, `b2 [hidden]`, one after another. */
  readonly weights: Float32Array;
  readonly hidden: number;
  /** r above. */
  readonly scale: number;
}

/** Neurons of the network's middle. */
export const NET_WIDTH = 64;

/**
 * The network's learning rate as a share of the vectors', in units of r. A step of AdamW moves each weight by about the
 * rate, and an output by about width x mean activation (0.4) of that; with this share as far as a step of the vectors.
 */
export const NET_RATE = 0.04;

/** Source of W1's seed, so that it is not the row order's generator. */
const SEED_OF_WEIGHTS = 0x5eed;

const parts = (weights: Float32Array, hidden: number) => {
  const w1 = NET_WIDTH * hidden;
  const b1 = w1 + NET_WIDTH;
  const w2 = b1 + hidden * NET_WIDTH;
  return {
    w1: weights.subarray(0, w1),
    b1: weights.subarray(w1, b1),
    w2: weights.subarray(b1, w2),
    b2: weights.subarray(w2),
  };
};

/** W1 normal with variance 1 / hidden; all else zero. */
export function startNet(hidden: number, seed: number): Float32Array {
  const rng = createRng(seed ^ SEED_OF_WEIGHTS);
  const weights = new Float32Array(2 * NET_WIDTH * hidden + NET_WIDTH + hidden);
  const { w1 } = parts(weights, hidden);
  for (let i = 0; i < w1.length; i++) w1[i] = rng.normal() / Math.sqrt(hidden);
  return weights;
}

/** W1 P_j / r + b1, before the relu. */
function preactivations(base: Float32Array, { weights, hidden, scale }: ResidualNet): Float64Array {
  const { w1, b1 } = parts(weights, hidden);
  const tokens = base.length / hidden;
  const out = new Float64Array(tokens * NET_WIDTH);
  for (let j = 0; j < tokens; j++)
    for (let n = 0; n < NET_WIDTH; n++) {
      let sum = b1[n] as number;
      for (let i = 0; i < hidden; i++)
        sum += ((w1[n * hidden + i] as number) * (base[j * hidden + i] as number)) / scale;
      out[j * NET_WIDTH + n] = sum;
    }
  return out;
}

/** The vectors that the model reads, `[virtual, hidden]`. */
export function folded(base: Float32Array, net: ResidualNet): Float32Array {
  const { hidden, scale } = net;
  const { w2, b2 } = parts(net.weights, hidden);
  const middle = preactivations(base, net);
  return base.map((value, at) => {
    const [j, i] = [Math.floor(at / hidden), at % hidden];
    let sum = b2[i] as number;
    for (let n = 0; n < NET_WIDTH; n++)
      sum += (w2[i * NET_WIDTH + n] as number) * Math.max(0, middle[j * NET_WIDTH + n] as number);
    return value + scale * sum;
  });
}

/**
 * From d loss / d S to the gradients of P and of the network, a = W1 P / r + b1, h = relu(a), G = dS:
 *
 *     dW2 = r sum_j G_j h_j'     db2 = r sum_j G_j     da_j = r (W2' G_j) [a_j > 0]
 *     dW1 = sum_j da_j P_j' / r  db1 = sum_j da_j      dP_j = G_j + W1' da_j / r
 */
export function unfoldGradient(
  gradient: Float32Array,
  base: Float32Array,
  net: ResidualNet,
): { readonly base: Float32Array; readonly weights: Float32Array } {
  const { hidden, scale } = net;
  const { w1, w2 } = parts(net.weights, hidden);
  const sums = new Float64Array(net.weights.length);
  const dBase = Float64Array.from(gradient);
  const middle = preactivations(base, net);
  const [atB1, atW2] = [NET_WIDTH * hidden, NET_WIDTH * hidden + NET_WIDTH];
  const atB2 = atW2 + hidden * NET_WIDTH;
  const add = (into: Float64Array, at: number, value: number) => {
    into[at] = (into[at] as number) + value;
  };
  for (let j = 0; j < base.length / hidden; j++) {
    const offset = j * hidden;
    for (let i = 0; i < hidden; i++) add(sums, atB2 + i, scale * (gradient[offset + i] as number));
    for (let n = 0; n < NET_WIDTH; n++) {
      const activation = middle[j * NET_WIDTH + n] as number;
      if (activation <= 0) continue;
      let back = 0;
      for (let i = 0; i < hidden; i++) {
        const g = scale * (gradient[offset + i] as number);
        back += (w2[i * NET_WIDTH + n] as number) * g;
        add(sums, atW2 + i * NET_WIDTH + n, g * activation);
      }
      add(sums, atB1 + n, back);
      for (let i = 0; i < hidden; i++) {
        add(sums, n * hidden + i, (back * (base[offset + i] as number)) / scale);
        add(dBase, offset + i, ((w1[n * hidden + i] as number) * back) / scale);
      }
    }
  }
  return { base: Float32Array.from(dBase), weights: Float32Array.from(sums) };
}
