/**
 * A model too large for the fixtures (written by tools/fixtures/make.py under /tmp): loads it, holds its gradients against
 * PyTorch, trains a few steps, and says what the WebAssembly heap and the process took. In Node, or with `--page` in Chromium.
 * Prints one JSON line. `--files` only reads the files in Chromium, as the page reads a folder, and says what the page took.
 *
 *     npx tsx tools/bench/large.ts MODEL_DIR [--page [--disk] | --files] [--weights small] [--steps 5] [--batch 8] [--tokens 30] [--threads 2]
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { watchHeap } from '../../src/runtime/memory';
import { createNodeRunner } from '../../src/runtime/ort-node';
import { openDevPage } from './dev-page';
import type { LargeBench, LargeFiles } from './large-page/main';
import { type LargeRequest, measure } from './large-page/measure';
import { readOptions } from './read-options.mjs';

const { values, positionals } = readOptions({
  page: false,
  files: false,
  disk: false,
  weights: 'small',
  steps: 5,
  batch: 8,
  tokens: 30,
  threads: 2,
  port: 4194,
});
const folder = resolve(positionals[0] ?? '');
const paths = [
  ...readdirSync(join(folder, 'onnx')).map((path) => `onnx/${path}`),
  'config.json',
  'tokenizer.json',
  'tokenizer_config.json',
];
const request: LargeRequest = {
  base: `/@fs${folder}`,
  paths,
  threads: values.threads,
  weights: values.weights === 'fast' ? 'fast' : 'small',
  steps: values.steps,
  batch: values.batch,
  tokens: values.tokens,
  disk: values.disk,
};

async function inNode({ base: _, paths: __, disk: ___, ...rest }: LargeRequest) {
  const heap = watchHeap();
  const bytesOf = (path: string) => new Uint8Array(readFileSync(join(folder, path)));
  const files = Object.fromEntries(paths.map((path) => [path, bytesOf(path)]));
  const oracle = JSON.parse(readFileSync(join(folder, 'oracle.json'), 'utf8'));
  const runtime = { backend: 'node-wasm' as const, createRunner: createNodeRunner, heapBytes: heap.bytes };
  const result = await measure({ ...rest, files, oracle, ...runtime });
  return { ...result, peakMB: Math.round(process.resourceUsage().maxRSS / 1024) };
}

type Page = { readonly largeBench: LargeBench; readonly largeFiles: LargeFiles };

async function inPage() {
  const { page, peakMB, close } = await openDevPage('large-page', values.port);
  await page.waitForFunction(() => 'largeBench' in globalThis);
  const read = () => page.evaluate((each) => (globalThis as unknown as Page).largeFiles(each), request);
  const measured = () => page.evaluate((each) => (globalThis as unknown as Page).largeBench(each), request);
  const result = values.files ? { fileMB: Math.round((await read()) / 1e6) } : await measured();
  const peak = peakMB();
  await close();
  return { ...result, peakMB: peak };
}

console.log(
  JSON.stringify({ model: folder, ...(values.page || values.files ? await inPage() : await inNode(request)) }),
);
process.exit(0);
