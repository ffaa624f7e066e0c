/** What is done to, and said of, the vectors of one step. */
import { createRng } from '../lib/rng';

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
