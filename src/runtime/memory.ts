import type { ExternalFile, SerialisedModel } from './types';

/**
 * Bytes that free themselves. While creating a session, ONNX Runtime's wasm builds call `subarray` once per weight and copy
 * the result into the wasm heap. After the last call the buffer is released as soon as another file is read, so that weights
 * are not in memory twice until the session exists (539 MB for the embedded model). A test checks how a build reads.
 */
class HandedOver extends Uint8Array {
  #data: Uint8Array | null;
  #uses: number;
  readonly #onRead: (read: Uint8Array) => void;
  readonly #length: number;

  constructor({ data, uses }: ExternalFile, onRead: (read: Uint8Array) => void) {
    super(0);
    this.#data = data;
    this.#uses = uses;
    this.#length = data.byteLength;
    this.#onRead = onRead;
  }

  override get byteLength(): number {
    return this.#length;
  }

  override subarray(begin?: number, end?: number): Uint8Array<ArrayBuffer> {
    const data = this.#data;
    if (!data) throw new RangeError('These bytes have already been read and released.');
    if (--this.#uses === 0) {
      this.#data = null;
      this.#onRead(data);
    }
    return (data as Uint8Array<ArrayBuffer>).subarray(begin, end);
  }
}

/** The model with external files that free themselves as they are read, if they own their buffer. */
export function handing({ external, ...model }: SerialisedModel): SerialisedModel {
  let before: Uint8Array | null = null;
  const onRead = (read: Uint8Array) => {
    if (before) detach(before);
    before = read;
  };
  const owns = ({ byteLength, buffer }: Uint8Array) => byteLength === buffer.byteLength;
  const handed = external.map((file) => ({
    ...file,
    data: owns(file.data) ? new HandedOver(file, onRead) : file.data,
  }));
  return { ...model, external: handed };
}

/** Frees at once if the browser supports it; otherwise the garbage collector does. */
function detach({ buffer }: Uint8Array): void {
  (buffer as ArrayBuffer & { transfer?: (bytes: number) => ArrayBuffer }).transfer?.(0);
}

/**
 * The size of ORT's wasm heap. ORT does not expose its `WebAssembly.Memory`, which it creates once per process (or worker)
 * with the first session; so we wrap the constructor until then and remember the memories it makes.
 */
export interface HeapWatch {
  /** Bytes of the heap; null before it exists. It never shrinks. */
  bytes(): number | null;
  /** Restores the constructor; `bytes` keeps working. */
  stop(): void;
}

/** ORT's heap starts at 16 MiB; feature probes create memories of at most one page. */
const SMALLEST_HEAP = 1024 * 1024;

export function watchHeap(): HeapWatch {
  const original = WebAssembly.Memory;
  const memories: WebAssembly.Memory[] = [];
  WebAssembly.Memory = new Proxy(original, {
    construct(target, parameters, newTarget) {
      const memory: WebAssembly.Memory = Reflect.construct(target, parameters, newTarget);
      memories.push(memory);
      return memory;
    },
  });
  return {
    bytes() {
      const size = Math.max(0, ...memories.map((memory) => memory.buffer.byteLength));
      return size >= SMALLEST_HEAP ? size : null;
    },
    stop() {
      WebAssembly.Memory = original;
    },
  };
}
