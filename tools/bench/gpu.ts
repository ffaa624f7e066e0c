/**
 * What a training step asks of the graphics device, counted in Chromium on its software adapter: dispatches, and bytes
 * moved. Prints a JSON line for ONNX Runtime's kernels, then one for ours where they cover the model. Says nothing of speed:
 * the adapter computes on the CPU. `--record` sends the same commands with grids of no workgroups, so that nothing is
 * computed: for models that take the adapter too long.
 *
 *     npx tsx tools/bench/gpu.ts [MODEL_DIR] [--rows 8] [--tokens 30] [--vectors 10] [--ours] [--record]
 */
import { readdirSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { chromium } from 'playwright';
import { createServer } from 'vite';
import { launchOptions } from '../chromium.mjs';
import { fasterRuntime } from '../faster-runtime';
import type { GpuBench, GpuStepRequest } from './gpu-page/main';
import { readOptions } from './read-options.mjs';

const root = join(import.meta.dirname, '../..');
const { values, positionals } = readOptions({
  rows: 8,
  tokens: 30,
  vectors: 10,
  ours: false,
  record: false,
  port: 4193,
});
const folder = resolve(positionals[0] ?? join(root, 'public/models/softprompt-studio/tiny-support'));
const request: Omit<GpuStepRequest, 'isOrt'> = {
  base: `/${relative(root, folder)}`,
  paths: readdirSync(join(folder, 'onnx')).map((path) => `onnx/${path}`),
  rows: values.rows,
  tokens: values.tokens,
  virtualTokens: values.vectors,
  isRecorded: values.record,
};

const server = await createServer({
  configFile: false,
  plugins: [fasterRuntime()],
  root,
  resolve: { conditions: ['onnxruntime-web-use-extern-wasm', 'module', 'browser', 'development|production'] },
  optimizeDeps: { exclude: ['onnxruntime-web'], entries: ['tools/bench/gpu-page/index.html'] },
  server: { port: values.port, watch: null, hmr: false },
  logLevel: 'error',
});
await server.listen();
const browser = await chromium.launch(await launchOptions());
for (const isOrt of values.ours ? [false] : [true, false]) {
  const page = await browser.newPage();
  await page.goto(`${server.resolvedUrls?.local[0]}tools/bench/gpu-page/`);
  await page.waitForFunction(() => 'gpuBench' in globalThis);
  const counts = await page.evaluate((each) => (globalThis as unknown as { gpuBench: GpuBench }).gpuBench.step(each), {
    ...request,
    isOrt,
  });
  console.log(JSON.stringify({ model: request.base, kernels: isOrt ? 'ONNX Runtime' : 'ours', ...counts }));
  await page.close();
}
await browser.close();
await server.close();
process.exit(0);
