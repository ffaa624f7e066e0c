import { expect, it } from 'vitest';
import { uninterrupted } from '../lib/control';
import type { Backend } from '../runtime/types';
import { createWebEngine } from './web';

const FOLDER = '/test/fixtures/models/llama-genai-int4';
const PATHS = ['config.json', 'onnx/model_q4.onnx', 'onnx/model_q4.onnx_data'];

async function checked(backend: Backend, directions: number) {
  const read = async (path: string) =>
    [path, new Uint8Array(await (await fetch(`${FOLDER}/${path}`)).arrayBuffer())] as const;
  const files = Object.fromEntries(await Promise.all(PATHS.map(read)));
  const engine = await createWebEngine({ id: 'x', files, backend, threads: 2 });
  try {
    return { info: engine.info, report: await engine.selfCheck({ directions }, uninterrupted) };
  } finally {
    await engine.dispose();
  }
}

it('the self-check passes on both backends with the same loss', async () => {
  const wasm = await checked('wasm', 3);
  expect(wasm.report.ok).toBe(true);
  expect(wasm.info).toMatchObject({ family: 'llama', adapter: null });
  const gpu = await checked('webgpu', 3);
  expect(gpu.report.ok).toBe(true);
  expect(gpu.info.adapter).toMatchObject({ software: true });
  expect(gpu.info.adapter?.name).not.toBe('');
  expect(Math.abs(gpu.report.loss - wasm.report.loss)).toBeLessThan(2e-3);
});
