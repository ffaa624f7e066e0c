import type { Rng } from '../lib/rng';

/** log(exp(x_i) / sum_j exp(x_j)), in double precision. */
export function logSoftmax(logits: ArrayLike<number>): number[] {
  const normaliser = logSumExp(logits);
  return Array.from(logits, (x) => x - normaliser);
}

export function logSumExp(logits: ArrayLike<number>): number {
  let max = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < logits.length; i++) max = Math.max(max, logits[i] as number);
  let sum = 0;
  for (let i = 0; i < logits.length; i++) sum += Math.exp((logits[i] as number) - max);
  return max + Math.log(sum);
}

/**
 * Draws a token from softmax(logits / temperature), among the most probable ones that together have the probability `topP`
 * (nucleus sampling, Holtzman et al. 2019). Temperature 0 = the most probable token, on a tie the one with the lowest id.
 */
export function sampleToken(
  logits: Float32Array,
  { temperature, topP }: { readonly temperature: number; readonly topP: number },
  rng: Rng,
): number {
  if (temperature <= 0) return mostLikely(logits);
  const scaled = Float64Array.from(logits, (x) => x / temperature);
  const normaliser = logSumExp(scaled);
  const probabilities = scaled.map((x) => Math.exp(x - normaliser));
  const order = [...probabilities.keys()].sort((a, b) => at(probabilities, b) - at(probabilities, a) || a - b);
  const nucleus = nucleusOf(order, probabilities, topP);
  let left = rng.next() * nucleus.reduce((sum, id) => sum + at(probabilities, id), 0);
  for (const id of nucleus) {
    left -= at(probabilities, id);
    if (left < 0) return id;
  }
  return nucleus.at(-1) ?? 0;
}

const at = (array: Float64Array, i: number) => array[i] as number;

/** The shortest prefix of `order` with the probability `topP`; at least one token. */
function nucleusOf(order: readonly number[], probabilities: Float64Array, topP: number): readonly number[] {
  let held = 0;
  const end = order.findIndex((id) => {
    held += at(probabilities, id);
    return held >= topP;
  });
  return end < 0 ? order : order.slice(0, end + 1);
}

/** The id of the largest logit, on a tie the lowest one. */
export function mostLikely(logits: Float32Array): number {
  let best = 0;
  for (let i = 1; i < logits.length; i++) if ((logits[i] as number) > (logits[best] as number)) best = i;
  return best;
}
