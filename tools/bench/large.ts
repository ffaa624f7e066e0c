/**
 * A model too large for the fixtures (written by tools/fixtures/make.py under /tmp): loads it, holds its gradients against
 * PyTorch, trains a few steps, and says what the WebAssembly heap and the process took. In Node, or with `--page` in Chromium.
 * Prints one JSON line.
 *
 *     npx tsx tools/bench/large.ts MODEL_DIR [--page] [--weights small] [--steps 5] [--batch 8] [--tokens 30] [--threads 2]
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright';
import { createServer } from 'vite';
import { watchHeap } from '../../src/runtime/memory';
import { createNodeRunner } from '../../src/runtime/ort-node';
import { CHROMIUM_ARGS, findChromium } from '../chromium.mjs';
import { fasterRuntime } from '../faster-runtime';
import type { LargeBench } from './large-page/main';
import { type LargeRequest, measure } from './large-page/measure';

const root = join(import.meta.dirname, '../..');
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    page: { type: 'boolean', default: false },
    weights: { type: 'string', default: 'small' },
    steps: { type: 'string', default: '5' },
    batch: { type: 'string', default: '8' },
    tokens: { type: 'string', default: '30' },
    threads: { type: 'string', default: '2' },
    port: { type: 'string', default: '4194' },
  },
});
const folder = resolve(positionals[0] ?? '');
const paths = [...readdirSync(join(folder, 'onnx')).map((path) => `onnx/${path}`), 'config.json'];
const request: LargeRequest = {
  base: `/@fs${folder}`,
  paths,
  threads: Number(values.threads),
  weights: values.weights === 'fast' ? 'fast' : 'small',
  steps: Number(values.steps),
  batch: Number(values.batch),
  tokens: Number(values.tokens),
};

async function inNode({ base: _, paths: __, ...rest }: LargeRequest) {
  const heap = watchHeap();
  const bytesOf = (path: string) => new Uint8Array(readFileSync(join(folder, path)));
  const files = Object.fromEntries(paths.map((path) => [path, bytesOf(path)]));
  const oracle = JSON.parse(readFileSync(join(folder, 'oracle.json'), 'utf8'));
  const runtime = { backend: 'node-wasm' as const, createRunner: createNodeRunner, heapBytes: heap.bytes };
  const result = await measure({ ...rest, files, oracle, ...runtime });
  return { ...result, peakMB: Math.round(process.resourceUsage().maxRSS / 1024) };
}

/** The most that a renderer has held, in megabytes (Linux). */
function rendererPeak(profile: string): number {
  const peaks = readdirSync('/proc').flatMap((pid) => {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      if (!command.includes('--type=renderer') || !command.includes(profile)) return [];
      return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1000;
    } catch {
      return [];
    }
  });
  return Math.round(Math.max(0, ...peaks) * 1.024);
}

async function inPage() {
  const server = await createServer({
    configFile: false,
    plugins: [fasterRuntime()],
    root,
    resolve: { conditions: ['onnxruntime-web-use-extern-wasm', 'module', 'browser', 'development|production'] },
    optimizeDeps: { exclude: ['onnxruntime-web'], entries: ['tools/bench/large-page/index.html'] },
    server: {
      port: Number(values.port),
      watch: null,
      hmr: false,
      fs: { strict: false },
      headers: { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' },
    },
    logLevel: 'error',
  });
  await server.listen();
  const executablePath = (await findChromium()) ?? undefined;
  const profile = `/tmp/large-page-${process.pid}`;
  const browser = await chromium.launchPersistentContext(profile, {
    ...(executablePath ? { executablePath } : {}),
    args: CHROMIUM_ARGS.filter((flag) => !/webgpu|Vulkan/i.test(flag)),
  });
  const page = await browser.newPage();
  await page.goto(`${server.resolvedUrls?.local[0]}tools/bench/large-page/`);
  await page.waitForFunction(() => 'largeBench' in globalThis);
  const result = await page.evaluate(
    (each) => (globalThis as unknown as { largeBench: LargeBench }).largeBench(each),
    request,
  );
  const peakMB = rendererPeak(profile);
  await browser.close();
  await server.close();
  return { ...result, peakMB };
}

console.log(JSON.stringify({ model: folder, ...(values.page ? await inPage() : await inNode(request)) }));
process.exit(0);
