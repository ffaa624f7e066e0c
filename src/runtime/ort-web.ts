import type { Env } from 'onnxruntime-web';
import gpuMjs from 'onnxruntime-web/ort-wasm-simd-threaded.asyncify.mjs?url';
import gpuWasm from 'onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm?url';
import cpuMjs from 'onnxruntime-web/ort-wasm-simd-threaded.mjs?url';
import cpuWasm from 'onnxruntime-web/ort-wasm-simd-threaded.wasm?url';
import { GraphBuilder } from '../graph/builder';
import { serialise } from '../graph/serialise';
import { asStudioError, StudioError, sessionFailed } from '../lib/errors';
import { whyUncovered } from './fused/plan';
import { FusedRunner } from './fused/runner';
import { type HeapWatch, handing, watchHeap } from './memory';
import { CPU_BUILD, createSessionRunner, filesIn, type OrtModule, runtimeError, sessionOptions } from './session';
import type { Adapter, CreateRunner, Runner, RunnerOptions, SerialisedModel } from './types';

const GPU_BUILD = 'ort-wasm-simd-threaded.asyncify';

/** By the names that ONNX Runtime's module asks for. */
export const RUNTIME_FILES: ReadonlyMap<string, string> = new Map([
  [`${CPU_BUILD}.mjs`, cpuMjs],
  [`${CPU_BUILD}.wasm`, cpuWasm],
]);

/**
 * ORT must be served as separate files of this site, since its threads start from the URL of their own module; so the build
 * resolves onnxruntime-web with the condition `onnxruntime-web-use-extern-wasm`.
 * @throws StudioError `session-failed`, `out-of-memory`, `device-lost`; where a graphics device is to blame, with its `adapter`
 */
export const createWebRunner: CreateRunner = async (model, options) => {
  if (options.backend === 'node-wasm' || options.backend === 'node-native')
    throw sessionFailed(`The backend ${options.backend} needs Node; in a browser use wasm or webgpu.`);
  const chosen = await chooseAdapter(options);
  if (!('gpu' in chosen)) return wasmRunner(model, options, chosen.fallback);
  const { gpu, adapter } = chosen;
  // Options of a session ask for ONNX Runtime.
  const graph = options.session ? undefined : model.graph;
  const uncovered = graph && whyUncovered(graph);
  const runner =
    graph && uncovered === null
      ? FusedRunner.create(graph, gpu, adapter)
      : gpuRunner(model, options, adapter, uncovered && `kernels of ONNX Runtime, as ${uncovered}`);
  return runner.catch((cause: unknown) => {
    const { code, message } = asStudioError(cause);
    throw new StudioError(code, message, { data: { adapter: adapter.name }, cause });
  });
};

/** While the model is still downloading. */
export async function prepareWebRunner(options: RunnerOptions): Promise<void> {
  if (!('gpu' in (await chooseAdapter(options)))) await loadWasm(options);
}

/** Without one, why it is WebAssembly where that was not asked for. @throws StudioError `session-failed` */
async function chooseAdapter({ backend, avoidAdapters }: RunnerOptions): Promise<GpuChoice | Pick<Runner, 'fallback'>> {
  if (backend === 'wasm') return {};
  const found = await findAdapter();
  if (found === null && backend === 'webgpu')
    throw sessionFailed('This browser offers no graphics device (WebGPU). Choose the backend wasm.');
  if (found === null) return { fallback: 'no graphics device' };
  if (backend === 'webgpu') return found;
  if (found.adapter.software) return { fallback: 'the graphics device is emulated in software' };
  return avoidAdapters?.includes(found.adapter.name)
    ? { fallback: 'the graphics device cannot run this model' }
    : found;
}

interface GpuChoice {
  readonly gpu: GPUAdapter;
  readonly adapter: Adapter;
}

const MAX_THREADS = 4;
/** ORT's own default is half the cores, i.e. one thread on a machine with two. */
const threadsFor = (options: RunnerOptions) =>
  globalThis.crossOriginIsolated ? (options.threads ?? Math.min(MAX_THREADS, navigator.hardwareConcurrency)) : 1;

/** A build of ORT, with its own heap and threads for the life of the worker. */
interface Loaded {
  readonly ort: OrtModule & { readonly env: Env };
  readonly heap: HeapWatch;
  readonly threads: number;
}

async function load(build: Promise<Loaded['ort']>, wasmPaths: Env.WasmFilePaths, options: RunnerOptions) {
  const ort = await build;
  const threads = threadsFor(options);
  ort.env.wasm.numThreads = threads;
  ort.env.wasm.wasmPaths = wasmPaths;
  return { ort, threads, heap: watchHeap() };
}

let wasm: Promise<Loaded> | null = null;
let gpu: Promise<Loaded> | null = null;

/** The first session, of an empty graph, creates heap and threads. */
async function loadWasm(options: RunnerOptions): Promise<Loaded> {
  const { wasmPaths } = options;
  const paths = wasmPaths === undefined ? { mjs: cpuMjs, wasm: cpuWasm } : filesIn(wasmPaths, CPU_BUILD);
  wasm ??= load(import('onnxruntime-web/wasm'), paths, options).then(async (loaded) => {
    const b = new GraphBuilder();
    b.output(b.input('x', 'float32', [1]), 'float32', [1]);
    const model = serialise(b.build());
    try {
      await (await loaded.ort.InferenceSession.create(model.model, sessionOptions(model, ['wasm']))).release();
    } finally {
      loaded.heap.stop();
    }
    return loaded;
  });
  return wasm.catch((cause: unknown) => {
    wasm = null;
    throw runtimeError('could not start', cause);
  });
}

async function wasmRunner(model: SerialisedModel, options: RunnerOptions, fallback?: string): Promise<Runner> {
  const { ort, heap, threads } = await loadWasm(options);
  const handed = handing(model);
  return createSessionRunner(ort, handed, sessionOptions(handed, ['wasm'], options.session), {
    backend: 'wasm',
    threads,
    heapBytes: heap.bytes,
    fallback,
  });
}

async function gpuRunner(model: SerialisedModel, options: RunnerOptions, adapter: Adapter, fallback?: string | null) {
  const { wasmPaths } = options;
  const paths = wasmPaths === undefined ? { mjs: gpuMjs, wasm: gpuWasm } : filesIn(wasmPaths, GPU_BUILD);
  gpu ??= load(import('onnxruntime-web/webgpu'), paths, options);
  const { ort, heap, threads } = await gpu;
  const handed = handing(model);
  try {
    return await createSessionRunner(ort, handed, sessionOptions(handed, [{ name: 'webgpu' }], options.session), {
      backend: 'webgpu',
      threads,
      heapBytes: heap.bytes,
      adapter,
      fallback: fallback ?? undefined,
      lost: async () => lossOf(await ort.env.webgpu.device),
    });
  } finally {
    heap.stop();
  }
}

async function findAdapter(): Promise<GpuChoice | null> {
  // Undefined in browsers without WebGPU, despite its type.
  const api: GPU | undefined = navigator.gpu;
  const gpu = await api?.requestAdapter().catch(() => null);
  if (!gpu) return null;
  const { vendor, architecture, device, description, isFallbackAdapter } = gpu.info;
  const name = [...new Set([vendor, architecture, device, description])].filter(Boolean).join(' ') || 'unknown';
  return { gpu, adapter: { name, software: isFallbackAdapter || architecture === 'swiftshader' } };
}

const lossOf = async (device: GPUDevice) => {
  const { reason, message } = await device.lost;
  return message || reason;
};
