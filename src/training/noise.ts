import { createRng } from '../lib/rng';

/** Odd numbers that spread (seed, step) over the generator's states; Knuth's and xxHash's. */
const SPREAD_SEED = 0x9e3779b1;
const SPREAD_STEP = 0x85ebca6b;

/**
 * The vectors with normal noise on each number, for one step's gradient: what is learned must not hang on the last digit
 * (Chen et al. 2023, "PTP"). Drawn from seed and step alone, so that a resumed run meets the same noise.
 * @param deviation standard deviation, in the vectors' own units; 0 = the vectors as they are
 */
export function withNoise(vectors: Float32Array, deviation: number, seed: number, step: number): Float32Array {
  if (deviation === 0) return vectors;
  const rng = createRng(Math.imul(seed + 1, SPREAD_SEED) ^ Math.imul(step, SPREAD_STEP));
  return vectors.map((value) => value + deviation * rng.normal());
}
