/** jax-js's side. It starts a thread for each core. */

import type { ModelFiles } from '../../../src/engine/types';
import { type Jax, openLlama } from './llama';
import { PRODUCT, productInputs, type Side, STEP } from './task';

export async function openTheirs(jax: Jax, files: ModelFiles): Promise<Side> {
  const llama = openLlama(jax, files);
  const past = llama.read(STEP.ids);
  const soft = llama.embed(STEP.initIds);
  const right = STEP.labels.flatMap((label) => STEP.answers.map((_, answer) => Number(answer === label)));
  const gold = jax.numpy.array(Float32Array.from(right), { shape: [STEP.ids.length, STEP.answers.length] });
  const shape = { batch: STEP.ids.length, vectors: STEP.initIds.length, before: STEP.ids[0]?.length ?? 0 };
  const step = llama.step(shape, llama.embed(STEP.answers));
  return {
    products: openProducts(jax),
    step: async () => {
      const kept = past.map(([keys, values]) => [keys.ref, values.ref] as const);
      const [loss, gradient] = await Promise.all(step(soft.ref, kept, gold.ref).map((found) => found.data()));
      return Float32Array.of(...(loss ?? []), ...(gradient ?? []));
    },
  };
}

function openProducts({ numpy, jit }: Jax): Side['products'] {
  const { x, matrices } = productInputs();
  const { rows, hidden, inner } = PRODUCT;
  const input = numpy.array(x, { shape: [rows, hidden] });
  const given = matrices.map((matrix) => numpy.array(matrix, { shape: [hidden, inner] }));
  const all = jit(() => given.map((matrix) => numpy.matmul(input.ref, matrix.ref)));
  return async () => (await Promise.all(all().map((product) => product.data()))).at(-1) ?? new Float32Array();
}
