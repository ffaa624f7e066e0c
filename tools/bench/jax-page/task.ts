/** What both sides compute: products as a layer has them, and one training step's loss and gradient on the same rows. */

/** `[rows, inner]` = `[rows, hidden] x [hidden, inner]`, with each of several matrices. */
export const PRODUCT = { rows: 80, hidden: 576, inner: 1536, matrices: 12 };

/** 8 rows of 35 tokens, 10 vectors after them, two answer words. */
export const STEP = {
  ids: Array.from({ length: 8 }, (_, row) => Array.from({ length: 35 }, (_, t) => t * 37 + row * 101 + 50)),
  labels: Array.from({ length: 8 }, (_, row) => row % 2),
  answers: [11, 12],
  initIds: Array.from({ length: 10 }, (_, i) => 20 + i),
};

/** Between -0.5 and 0.5, without a pattern. */
function numbers(seed: number, length: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32 - 0.5;
  });
}

export const productInputs = () => ({
  x: numbers(1, PRODUCT.rows * PRODUCT.hidden),
  matrices: Array.from({ length: PRODUCT.matrices }, (_, i) => numbers(2 + i, PRODUCT.hidden * PRODUCT.inner)),
});

/** One of the two; each call computes everything again and ends when the numbers can be read. */
export interface Side {
  /** The last product. */
  products(): Promise<Float32Array>;
  /** Loss, then gradient. */
  step(): Promise<Float32Array>;
}
