import { expect, it } from 'vitest';
import { normalise } from '../graph/normalise';
import { print } from '../graph/print';
import { forwardAndBackward } from './build-program';
import { parseModel } from './load';
import { FIXTURES, modelFolders, readModel } from './test-support';

/** What the runtime computes for a model, the backward part beside the forward part. */
const trainingGraph = async (folder: string) => forwardAndBackward(normalise(parseModel(await readModel(folder))));

/**
 * Training programs as text. A change of a gradient or pass shows here as a difference to be reviewed; to accept it:
 * `npx vitest run --project node src/engine/golden.test.ts --update`
 */
it.each(['llama-genai-fp32', 'qwen2-optimum-fp32', 'gpt2-optimum-fp32'])(
  'the training program of %s equals its reviewed text',
  async (name) => {
    const graph = await trainingGraph(`${FIXTURES}/${name}`);
    // Unknown sizes are numbered in the order in which they were met
    const text = `${print(graph).replace(/\?\d+/g, '?')}\n`;
    await expect(text).toMatchFileSnapshot(`../../test/golden/${name}.txt`);
  },
);

it('norms of all fixtures are asked only for their first output', async () => {
  const graphs = await Promise.all(modelFolders().map(({ folder }) => trainingGraph(folder)));
  const norms = graphs.flatMap(({ nodes }) => nodes.filter(({ op }) => op.endsWith('Normalization')));
  expect(norms.length).toBeGreaterThan(50);
  // ONNX Runtime's WebGPU kernels leave mean and deviation uninitialised.
  expect(norms.filter(({ outputs }) => outputs.slice(1).some((name) => name !== ''))).toEqual([]);
});
