import { expect, it } from 'vitest';
import { normalise } from '../graph/normalise';
import { parse } from '../graph/parse';
import { print } from '../graph/print';
import { forwardAndBackward } from './build-program';
import { FIXTURES, readModel } from './test-support';

/**
 * What the runtime computes, written out: a change of a rule or pass shows here as a difference that somebody must have
 * meant (`npx vitest run --project node src/engine/golden.test.ts --update` takes it).
 */
it.each(['llama-genai-fp32', 'qwen2-optimum-fp32', 'gpt2-optimum-fp32'])(
  'the training graph of %s is the one that was read and found right',
  async (name) => {
    const files = await readModel(`${FIXTURES}/${name}`);
    const path = Object.keys(files).find((each) => each.endsWith('.onnx')) ?? '';
    const external = new Map(Object.entries(files).map(([each, bytes]) => [each.replace('onnx/', ''), bytes]));
    const graph = forwardAndBackward(normalise(parse(files[path] as Uint8Array, external)));
    // sizes that nobody knows are numbered in the order in which they were met
    const text = `${print(graph).replace(/\?\d+/g, '?')}\n`;
    await expect(text).toMatchFileSnapshot(`../../test/golden/${name}.txt`);
  },
);
