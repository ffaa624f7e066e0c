import { type Product, RANK } from '../inference/program';
import { assert } from '../lib/assert';
import { badInput } from '../lib/errors';
import { createRng } from '../lib/rng';
import { norm } from './optimiser';
import type { TrainingSettings } from './settings';

/** Byte-level vocabularies are ordered by merges: low ids are common. The lowest are control tokens and single bytes. */
const COMMON_IDS = { from: 300, to: 5000 };

/**
 * Their embeddings start the vectors: of a text or of the answer words, cut or repeated; or a seeded sample of common ones.
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

/** A normal with variance 1 / inputs, B zero, so that the model answers as it did (Hu et al. 2021). */
export function startAdapters(adapted: readonly Product[], seed: number): Float32Array {
  const rng = createRng(seed);
  const matrices = adapted.flatMap(([inputs, outputs]) => [
    Float32Array.from({ length: RANK * inputs }, () => rng.normal() / Math.sqrt(inputs)),
    new Float32Array(RANK * outputs),
  ]);
  return Float32Array.from(matrices.flatMap((matrix) => [...matrix]));
}

/** Root mean square of each of so many equal parts. */
export function rmsOfParts(values: Float32Array, parts: number): Float32Array {
  const size = values.length / parts;
  return Float32Array.from(
    { length: parts },
    (_, p) => norm(values.subarray(p * size, (p + 1) * size)) / Math.sqrt(size),
  );
}

/** Euclidean lengths: the shortest, the median (the upper one of an even number) and the longest. */
export function normRange(vectors: Float32Array, hidden: number): readonly [number, number, number] {
  const sorted = Float64Array.from({ length: vectors.length / hidden }, (_, j) => {
    let sum = 0;
    for (let i = j * hidden; i < (j + 1) * hidden; i++) sum += (vectors[i] as number) ** 2;
    return Math.sqrt(sum);
  }).sort();
  return [sorted[0] ?? 0, sorted[sorted.length >> 1] ?? 0, sorted.at(-1) ?? 0];
}
