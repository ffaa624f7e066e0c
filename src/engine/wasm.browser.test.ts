import { expect, it } from 'vitest';
import { createWebRunner } from '../runtime/ort-web';
import { FIXTURES, readFixture, readOracle } from './browser-test-support';
import { conform } from './conform';
import { loadProgram } from './load';

/** One of each family of exporters: attention of ours, and attention as the exporter wrote it. Node has all of them. */
const FAMILIES = ['llama-genai-int4', 'llama-optimum-fp32'];

it.each(FIXTURES.filter(({ name }) => FAMILIES.includes(name)))(
  '$name has PyTorch’s losses and gradients on WebAssembly in a browser',
  async (fixture) => {
    const request = { id: fixture.name, files: await readFixture(fixture), backend: 'wasm' as const, threads: 2 };
    const { program, info } = await loadProgram(request, createWebRunner, () => {});
    expect(info.backend).toBe('wasm');
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
