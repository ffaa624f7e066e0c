import type { InferenceSession, Tensor, TensorConstructor } from 'onnxruntime-web';
import { assert, present } from '../lib/assert';
import { type ErrorCode, isOutOfMemory, NO_MEMORY, StudioError } from '../lib/errors';
import type { Adapter, Backend, HandedModel, HostTensor, Runner, SerialisedModel } from './types';

export const CPU_BUILD = 'ort-wasm-simd-threaded';

/** ONNX Runtime's files in a folder, by the names that they have in its package. */
export function filesIn(folder: string, build: string): { readonly mjs: string; readonly wasm: string } {
  const { location } = globalThis as { readonly location?: { readonly href: string } };
  const base = new URL(folder.replace(/\/?$/, '/'), location?.href);
  return { mjs: new URL(`${build}.mjs`, base).href, wasm: new URL(`${build}.wasm`, base).href };
}

/** All web builds and onnxruntime-node have it. */
export interface OrtModule {
  readonly InferenceSession: {
    create(model: Uint8Array, options: InferenceSession.SessionOptions): Promise<InferenceSession>;
  };
  readonly Tensor: TensorConstructor;
}

/**
 * Measured with 539 MB of fp32 weights (SmolLM2-135M, backward in an `If`):
 * - `disable_prepacking`: the heap takes 641 MB with it and 1,454 MB without, because each constant matrix is packed once *per
 *   use*. It also decides the order of float sums, so reproducible runs depend on it.
 * - `graphOptimizationLevel` folds no weight, because our graphs transpose none. On wasm, 'basic' creates the session in two
 *   thirds of the time of 'all', with equally fast steps (docs/benchmarks.md).
 */
export function sessionOptions(
  model: SerialisedModel,
  executionProviders: readonly InferenceSession.ExecutionProviderConfig[],
  overrides: Readonly<Record<string, unknown>> = {},
): InferenceSession.SessionOptions {
  return {
    executionProviders,
    // Errors only: warnings that shape arithmetic stays on the CPU are expected.
    logSeverityLevel: 3,
    graphOptimizationLevel: executionProviders.includes('wasm') ? 'basic' : 'all',
    externalData: model.external.map(({ path, data }) => ({ path, data })),
    extra: {
      session: { disable_prepacking: '1' },
      ...(model.packed && { optimization: { disable_specified_optimizers: 'ConstantFolding' } }),
    },
    ...overrides,
  };
}

export interface SessionRunnerParts {
  readonly backend: Backend;
  readonly threads: number;
  readonly heapBytes: () => number | null;
  readonly adapter?: Adapter;
  readonly fallback?: string | undefined;
  /** The reason when the session's graphics device is lost; otherwise never resolves. */
  readonly lost?: () => Promise<string>;
}

/** @throws StudioError `session-failed`, `out-of-memory`, `device-lost` */
export async function createSessionRunner(
  ort: OrtModule,
  model: SerialisedModel & Partial<Pick<HandedModel, 'readError'>>,
  options: InferenceSession.SessionOptions,
  parts: SessionRunnerParts,
): Promise<Runner> {
  const session = await ort.InferenceSession.create(model.model, options).catch((cause: unknown) => {
    throw runtimeError('could not prepare the model', model.readError?.() ?? cause);
  });
  return new SessionRunner(ort, session, parts);
}

/** One run at a time, none after `dispose`, and errors as sentences. */
export class Alone {
  #busy = false;
  #disposed = false;
  readonly #who: string | undefined;

  /** @param who runs the graph; undefined: ONNX Runtime */
  constructor(who?: string) {
    this.#who = who;
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    assert(!this.#disposed, 'run after dispose');
    // Overlapping calls corrupt the wasm heap silently, so this check comes first.
    assert(!this.#busy, 'overlapping run: the owner of a runner must queue its calls');
    this.#busy = true;
    try {
      return await work();
    } catch (cause) {
      throw runtimeError('could not run the model', cause, this.#who);
    } finally {
      this.#busy = false;
    }
  }

  async dispose(release: () => Promise<void> | void): Promise<void> {
    if (this.#disposed) return;
    assert(!this.#busy, 'dispose during a run');
    this.#disposed = true;
    await release();
  }
}

class SessionRunner implements Runner {
  readonly backend: Backend;
  readonly threads: number;
  readonly adapter: Adapter | null;
  readonly fallback: string | undefined;
  readonly #alone = new Alone();
  readonly #ort: OrtModule;
  readonly #session: InferenceSession;
  readonly #heap: SessionRunnerParts['heapBytes'];
  /** Rejects when the device is lost, since a run in progress may then never end. */
  readonly #lost: Promise<never> | null;

  constructor(ort: OrtModule, session: InferenceSession, parts: SessionRunnerParts) {
    this.#ort = ort;
    this.#session = session;
    this.backend = parts.backend;
    this.threads = parts.threads;
    this.#heap = parts.heapBytes;
    this.adapter = parts.adapter ?? null;
    this.fallback = parts.fallback;
    this.#lost = parts.lost ? rejectWhen(parts.lost()) : null;
  }

  get heapBytes() {
    return this.#heap();
  }

  run(feeds: Readonly<Record<string, HostTensor>>, fetches: readonly string[]) {
    return this.#alone.run(async () => {
      const running = this.#session.run(this.#tensors(feeds), [...fetches]);
      const results = await (this.#lost ? unlessLost(running, this.#lost) : running);
      const named = fetches.map((name) => [name, fromOrt(present(results[name], `output ${name}`))]);
      return Object.fromEntries(named) as Record<string, HostTensor>;
    });
  }

  dispose() {
    return this.#alone.dispose(() => this.#session.release());
  }

  #tensors(feeds: Readonly<Record<string, HostTensor>>) {
    const named = Object.entries(feeds).map(([name, tensor]) => [name, toOrt(this.#ort, tensor)]);
    return Object.fromEntries(named) as Record<string, Tensor>;
  }
}

export function rejectWhen(lost: Promise<string>): Promise<never> {
  const rejection = lost.then((reason): never => {
    throw new StudioError('device-lost', SENTENCES['device-lost'], { data: { reason } });
  });
  // Dispose also loses the device, when nothing listens.
  rejection.catch(() => {});
  return rejection;
}

/** A run may fail of a lost device, in words of its own, before the device says that it is lost. */
const LOSS_ARRIVES_MS = 500;

/** @throws the run's own error, or that of the lost device which may be behind it */
export const unlessLost = <T>(running: Promise<T>, lost: Promise<never>): Promise<T> =>
  Promise.race([running, lost]).catch(async (cause: unknown) => {
    await Promise.race([lost, new Promise((resolve) => setTimeout(resolve, LOSS_ARRIVES_MS))]);
    throw cause;
  });

/** A view: ORT copies the bytes into its heap on each run. Cast, because its overloads take no union. */
const toOrt = ({ Tensor }: OrtModule, { dtype, data, dims }: HostTensor): Tensor =>
  new Tensor(dtype as 'float32', data as Float32Array, dims);

/** ORT has copied the output out of its heap, so its array can be kept. */
function fromOrt({ type, data, dims }: Tensor): HostTensor {
  if (type === 'float32' && data instanceof Float32Array) return { dtype: type, dims, data };
  if (type === 'int32' && data instanceof Int32Array) return { dtype: type, dims, data };
  if (type === 'int64' && data instanceof BigInt64Array) return { dtype: type, dims, data };
  if (type === 'bool' && data instanceof Uint8Array) return { dtype: type, dims, data };
  throw new Error(`internal: an output of type ${type} has no host tensor`);
}

const SENTENCES = {
  'out-of-memory': NO_MEMORY,
  'device-lost': 'The graphics device was lost, as when its driver restarts.',
} as const;

/** Messages of a runtime are free text, so their words decide the code. */
export function runtimeError(what: string, cause: unknown, who = 'ONNX Runtime'): Error {
  if (cause instanceof StudioError) return cause;
  const text = cause instanceof Error ? cause.message : String(cause);
  if (text.startsWith('internal:') && cause instanceof Error) return cause;
  const code = errorCode(text);
  const sentence = code === 'session-failed' ? `${who} ${what}: ${text}` : SENTENCES[code];
  return new StudioError(code, sentence, { cause });
}

function errorCode(text: string): Extract<ErrorCode, 'session-failed' | 'out-of-memory' | 'device-lost'> {
  if (/device (was|is) (lost|destroyed)|device.?lost|lost device|DXGI_ERROR_DEVICE/i.test(text)) return 'device-lost';
  return isOutOfMemory(text) ? 'out-of-memory' : 'session-failed';
}
