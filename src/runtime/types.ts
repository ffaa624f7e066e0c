import type { Graph } from '../graph/ir';
import type { SerialisedGraph } from '../graph/serialise';

/** A row's keys and values, which a device may keep from run to run. */
export interface KeptRow {
  /** The same object wherever the numbers are the same. */
  readonly id: object;
  /** Tokens in use: the first of `tokens`. */
  readonly length: number;
  readonly tokens: number;
  /** `[tensors, heads, tokens, headDim]`, for all inputs that take keys or values: so many numbers. */
  readonly size: number;
  numbers(): Float32Array;
}

/** Of each row the first key and the end of its keys; each of the last keys belongs to a token, which sees none after it. */
interface Seen {
  readonly rows: readonly (readonly [first: number, end: number])[];
  readonly otherwise: number;
}

export type HostTensor =
  | {
      readonly dtype: 'float32';
      readonly dims: readonly number[];
      readonly data: Float32Array;
      /** That `data` is `[rows, heads, past, headDim]` made of these, each next to the end of the past: the tensor of this index. */
      readonly kept?: { readonly rows: readonly (KeptRow | null)[]; readonly tensor: number };
      /** That `data` is `[rows, 1, tokens, keys]`: 0 where a token may see a key, `otherwise` elsewhere. */
      readonly seen?: Seen;
    }
  | { readonly dtype: 'int32'; readonly dims: readonly number[]; readonly data: Int32Array }
  | { readonly dtype: 'int64'; readonly dims: readonly number[]; readonly data: BigInt64Array }
  | { readonly dtype: 'bool'; readonly dims: readonly number[]; readonly data: Uint8Array };

export type Backend = 'wasm' | 'webgpu' | 'node-wasm' | 'node-native';

/** A serialised graph with its weights outside the protobuf. Buffers may be dropped once the session exists. */
export interface SerialisedModel extends SerialisedGraph {
  /** Weights are expanded where they are used, and must not be in advance; left out = no. */
  readonly packed?: boolean;
  /** The buffers of the weights may be freed as they are read, also where a buffer holds several; left out = no. */
  readonly consume?: boolean;
  /** Where the bytes of these buffers can be read again; only in a worker. */
  readonly onDisk?: ReadonlyMap<ArrayBufferLike, Blob>;
  /** The graph in `model`, for kernels of our own; left out = ONNX Runtime runs it. */
  readonly graph?: Graph;
}

/** A model whose weights are read while the session is made. */
export interface HandedModel extends SerialisedModel {
  /** Why a weight could not be read, which ONNX Runtime only says in words of its own; null = all could. */
  readonly readError: () => unknown;
}

/** The graphics device that a session runs on. */
export interface Adapter {
  /** Vendor, architecture and device, as far as the browser tells. */
  readonly name: string;
  /** It computes on the CPU, several times slower than wasm. */
  readonly software: boolean;
}

/** Runs one graph. Calls must not overlap: the owner queues them. */
export interface Runner {
  readonly backend: Backend;
  readonly threads: number;
  /** Bytes of the wasm heap now, if known. It never shrinks. */
  readonly heapBytes: number | null;
  readonly adapter: Adapter | null;
  /** Why a plainer way was chosen than could be: on WebAssembly, or by ONNX Runtime on a graphics device. */
  readonly fallback?: string | undefined;
  /** @throws StudioError `session-failed`, `out-of-memory`, `device-lost` */
  run(feeds: Readonly<Record<string, HostTensor>>, fetches: readonly string[]): Promise<Record<string, HostTensor>>;
  dispose(): Promise<void>;
}

export interface RunnerOptions {
  readonly backend: Backend | 'auto';
  /** wasm threads; undefined = up to 4 cores if the page is cross-origin isolated, else 1. */
  readonly threads?: number;
  /** Names of adapters that `auto` must not choose. */
  readonly avoidAdapters?: readonly string[];
  /** Address of the folder with ONNX Runtime's files; undefined = where the build has put them. */
  readonly wasmPaths?: string;
  /** Free-dimension or graph optimisation overrides for experiments. */
  readonly session?: Readonly<Record<string, unknown>>;
}

export type CreateRunner = (model: SerialisedModel, options: RunnerOptions) => Promise<Runner>;
