import type { ExternalFile, SerialisedModel } from './types';

/**
 * Bytes that ONNX Runtime's wasm builds read once for each weight, when a session is created: a `subarray` call, whose result
 * is copied into the wasm heap. After the last one the buffer is let go of when another file is read, so that weights do
 * not lie in memory twice until the session is there (539 MB for the embedded model). How a build reads is held by a test.
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
    if (!data) throw new RangeError('These bytes were read before, and let go of.');
    if (--this.#uses === 0) {
      this.#data = null;
      this.#onRead(data);
    }
    return (data as Uint8Array<ArrayBuffer>).subarray(begin, end);
  }
}

/** The model with external files that free themselves as they are read, where a buffer holds nothing but one of them. */
export function handing({ model, external }: SerialisedModel): SerialisedModel {
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
  return { model, external: handed };
}

/** At once where the browser can; else when the garbage is collected next. */
function detach({ buffer }: Uint8Array): void {
  (buffer as ArrayBuffer & { transfer?: (bytes: number) => ArrayBuffer }).transfer?.(0);
}

/**
 * How large ORT's wasm heap is. ORT keeps its `WebAssembly.Memory` to itself and makes one for the life of the process
 * (or worker), at the first session; so the constructor is wrapped until then, and the memories made are remembered.
 */
export interface HeapWatch {
  /** Bytes of the heap now, or null before it exists. It never shrinks. */
  bytes(): number | null;
  /** Puts the constructor back; `bytes` goes on working. */
  stop(): void;
}

/** ORT's heap starts at 16 MiB; feature probes make memories of a page or none. */
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
