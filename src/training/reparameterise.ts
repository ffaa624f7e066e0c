import { createRng } from '../lib/rng';

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
