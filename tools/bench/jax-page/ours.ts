/** The engine's side. */

import { loadProgram } from '../../../src/engine/load';
import type { ModelFiles } from '../../../src/engine/types';
import { GraphBuilder } from '../../../src/graph/builder';
import { serialise } from '../../../src/graph/serialise';
import { embeddingRows } from '../../../src/inference/run';
import { TextCache } from '../../../src/inference/text-cache';
import { present } from '../../../src/lib/assert';
import { uninterrupted } from '../../../src/lib/control';
import { createWebRunner } from '../../../src/runtime/ort-web';
import { batchGradient } from '../../../src/training/objective';
import { PRODUCT, productInputs, type Side, STEP } from './task';

const THREADS = 2;

export async function openOurs(files: ModelFiles): Promise<Side> {
  const request = { id: 'bench', sha256: 'bench', files, backend: 'wasm' as const, threads: THREADS };
  const { program } = await loadProgram({ ...request, weights: 'fast', consume: true }, createWebRunner, () => {});
  const rows = STEP.ids.map((ids, row) => ({
    rowId: String(row),
    ids: Int32Array.from(ids),
    label: present(STEP.labels[row], 'label'),
  }));
  const vectors = await embeddingRows(program, STEP.initIds);
  const virtualTokens = STEP.initIds.length;
  const soft = { placement: 'suffix' as const, vectors, virtualTokens, hidden: vectors.length / virtualTokens };
  const labels = STEP.answers.map((id) => ({ label: String(id), word: String(id), tokenIds: [id] }));
  const cache = new TextCache(program.spec);
  const cached = { cache, plan: cache.plan('bench', [rows]), control: uninterrupted };
  return {
    products: await openProducts(),
    step: async () => {
      const { loss, gradient } = await batchGradient(program, { rows, labels, soft, cached });
      return Float32Array.of(loss, ...gradient);
    },
  };
}

async function openProducts(): Promise<Side['products']> {
  const { x, matrices } = productInputs();
  const { rows, hidden, inner } = PRODUCT;
  const b = new GraphBuilder();
  const input = b.input('x', 'float32', [rows, hidden]);
  const names = matrices.map((matrix, i) => {
    const bytes = new Uint8Array(matrix.buffer);
    const w = b.initializer({ name: `w${i}`, dtype: 'float32', dims: [hidden, inner], bytes });
    const product = b.add('MatMul', [input, w]);
    b.output(product, 'float32', [rows, inner]);
    return product;
  });
  const runner = await createWebRunner(serialise(b.build()), { backend: 'wasm', threads: THREADS });
  return async () => {
    const found = await runner.run({ x: { dtype: 'float32', dims: [rows, hidden], data: x } }, names);
    return present(found[names.at(-1) ?? ''], 'product').data as Float32Array;
  };
}
