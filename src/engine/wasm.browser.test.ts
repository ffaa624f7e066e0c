import { expect, it } from 'vitest';
import { present } from '../lib/assert';
import { createWebRunner } from '../runtime/ort-web';
import { FIXTURES, readFixture, readOracle } from './browser-test-support';
import { conform } from './conform';
import { loadProgram } from './load';

/** One of each family of exporters: attention of ours, and attention as the exporter wrote it. Node has all of them. */
const CASES = [
  { name: 'llama-genai-int4', weights: 'fast' },
  { name: 'llama-genai-int4', weights: 'small' },
  { name: 'llama-optimum-fp32', weights: 'fast' },
] as const;

it.each(CASES)(
  '$name has PyTorch’s losses and gradients on WebAssembly in a browser, with $weights weights',
  async ({ name: id, weights }) => {
    const fixture = present(
      FIXTURES.find(({ name }) => name === id),
      id,
    );
    const request = { id, files: await readFixture(fixture), backend: 'wasm' as const, threads: 2, weights };
    const { program, info } = await loadProgram(request, createWebRunner, () => {});
    expect(info.backend).toBe('wasm');
    expect(info.weights?.held ?? 'fast').toBe(weights);
    try {
      for (const { name, loss, gradient } of await conform(program, await readOracle(fixture))) {
        expect(loss ?? 0, name).toBeLessThan(1e-4);
        expect(gradient ?? 0, name).toBeLessThan(1e-4);
      }
    } finally {
      await program.runner.dispose();
    }
  },
);
