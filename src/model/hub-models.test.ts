import { expect, test } from 'vitest';
import { present } from '../lib/assert';
import { HUB_MODELS, heapOf } from './hub-models';

/** Matrices of the layers, from the shapes in tools/fixtures/large.py. */
test.each([
  ['onnx-community/Qwen2.5-0.5B-Instruct', 24 * (896 * 896 * 2 + 896 * 128 * 2 + 3 * 896 * 4864), true],
  ['onnx-community/Llama-3.2-1B-Instruct', 16 * (2048 * 2048 * 2 + 2048 * 512 * 2 + 3 * 2048 * 8192), false],
])('the listed sizes of %s give the memory that its shape gives', (id, packed, fits) => {
  const model = present(
    HUB_MODELS.find((each) => each.id === id),
    id,
  );
  expect(model.smallBytes / heapOf(4 * model.parameters - 2.75 * packed)).toBeCloseTo(1, 2);
  expect(model.fitsFast).toBe(fits);
});
