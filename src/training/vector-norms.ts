/** Euclidean length of each vector. */
function vectorNorms(vectors: Float32Array, hidden: number): Float64Array {
  return Float64Array.from({ length: vectors.length / hidden }, (_, j) => {
    let sum = 0;
    for (let i = j * hidden; i < (j + 1) * hidden; i++) sum += (vectors[i] as number) ** 2;
    return Math.sqrt(sum);
  });
}

/** The shortest, the middle (of an even number the upper one) and the longest. */
export function normRange(vectors: Float32Array, hidden: number): readonly [number, number, number] {
  const sorted = vectorNorms(vectors, hidden).sort();
  return [sorted[0] ?? 0, sorted[sorted.length >> 1] ?? 0, sorted.at(-1) ?? 0];
}
