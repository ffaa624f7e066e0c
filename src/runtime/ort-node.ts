import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { cpus } from 'node:os';
import { bytesOf } from '../graph/serialise';
import { sessionFailed } from '../lib/errors';
import { withFasterProducts } from './faster-products';
import { type HeapWatch, handing, watchHeap } from './memory';
import { CPU_BUILD, createSessionRunner, filesIn, type OrtModule, sessionOptions } from './session';
import type { CreateRunner, Runner, RunnerOptions, SerialisedModel } from './types';

const MAX_THREADS = 4;

/**
 * `node-wasm` is the page's wasm (and `auto`, so that numbers agree), `node-native` onnxruntime-node where it is installed.
 * @throws StudioError `session-failed`, `out-of-memory`
 */
export const createNodeRunner: CreateRunner = (model, options) =>
  options.backend === 'node-native' ? nativeRunner(model, options) : wasmRunner(model, options);

/** Of the process; the first session creates both. */
let wasm: { readonly threads: number; readonly heap: HeapWatch } | null = null;

async function wasmRunner(model: SerialisedModel, options: RunnerOptions): Promise<Runner> {
  if (options.backend === 'wasm' || options.backend === 'webgpu')
    throw sessionFailed(`The backend ${options.backend} needs a browser; in Node use node-wasm or node-native.`);
  // The package root, not `/wasm`: only the root has a build that starts in Node.
  const ort = await import('onnxruntime-web');
  if (options.wasmPaths !== undefined) ort.env.wasm.wasmPaths = filesIn(options.wasmPaths, CPU_BUILD);
  else ort.env.wasm.wasmBinary ??= await binary();
  const threads = options.threads ?? wasm?.threads ?? defaultThreads();
  if (wasm && wasm.threads !== threads)
    throw sessionFailed(
      `This process already runs ${wasm.threads} wasm threads; using ${threads} needs a new process.`,
    );
  if (!wasm) {
    wasm = { threads, heap: watchHeap() };
    ort.env.wasm.numThreads = threads;
  }
  const { heap } = wasm;
  const handed = handing(model);
  try {
    return await createSessionRunner(ort, handed, sessionOptions(handed, ['wasm'], options.session), {
      backend: 'node-wasm',
      threads,
      heapBytes: heap.bytes,
    });
  } finally {
    heap.stop();
  }
}

/** As the build gives it to the page (tools/faster-runtime.ts). */
async function binary() {
  const path = createRequire(import.meta.url).resolve('onnxruntime-web/ort-wasm-simd-threaded.wasm');
  return withFasterProducts(new Uint8Array(await readFile(path)));
}

async function nativeRunner(model: SerialisedModel, options: RunnerOptions): Promise<Runner> {
  const ort = await importNative();
  const threads = options.threads ?? defaultThreads();
  const external = model.external.map((file) => ({ ...file, data: bytesOf(file) }));
  const session = sessionOptions({ ...model, external }, ['cpu'], { intraOpNumThreads: threads, ...options.session });
  return createSessionRunner(ort, model, session, { backend: 'node-native', threads, heapBytes: () => null });
}

/** In a variable, so that the build needs neither the optional package nor its types. */
async function importNative(): Promise<OrtModule> {
  const name = 'onnxruntime-node';
  try {
    return (await import(/* @vite-ignore */ name)) as OrtModule;
  } catch (cause) {
    throw sessionFailed('The backend node-native needs the package onnxruntime-node, which is not installed.', {
      cause,
    });
  }
}

const defaultThreads = () => Math.min(MAX_THREADS, cpus().length);
