import { bytesOf, type WeightFile } from '../graph/serialise';
import { StudioError } from '../lib/errors';
import type { SerialisedModel } from './types';

/**
 * A weight's bytes, made as they are read. While creating a session, ONNX Runtime's wasm builds call `subarray` once per
 * weight and copy the result into the wasm heap. So packed weights are unpacked one at a time, and no weight is in memory
 * twice until the session exists (539 MB for the embedded model). A test checks how a build reads.
 */
class HandedOver extends Uint8Array {
  readonly #file: WeightFile;
  readonly #read: () => Uint8Array;

  constructor(file: WeightFile, read: () => Uint8Array) {
    super(0);
    this.#file = file;
    this.#read = read;
  }

  override get byteLength(): number {
    return this.#file.byteLength;
  }

  override subarray(begin?: number, end?: number): Uint8Array<ArrayBuffer> {
    return (this.#read() as Uint8Array<ArrayBuffer>).subarray(begin, end);
  }
}

/** The model with weights that are made as they are read, and whose buffers are freed: at once where they are on disk, else after their last use. */
export function handing(given: SerialisedModel): SerialisedModel {
  const { external, ...model } = fromDisk(given);
  const usesLeft = new Map<ArrayBufferLike, number>();
  for (const { data, uses } of external) usesLeft.set(data.buffer, (usesLeft.get(data.buffer) ?? 0) + uses);
  const mayFree = ({ byteLength, buffer }: Uint8Array) => model.consume || byteLength === buffer.byteLength;
  /** Of the last read, which the runtime still has to copy; of earlier ones it has done so. */
  let before: ArrayBufferLike | null = null;
  const read = (file: WeightFile): Uint8Array => {
    const { data, unpack } = file;
    const left = usesLeft.get(data.buffer) ?? 0;
    if (left === 0) throw new RangeError('These bytes have already been read and released.');
    if (before) detach(before);
    usesLeft.set(data.buffer, left - 1);
    const isLast = left === 1 && mayFree(data);
    const bytes = bytesOf(file);
    if (unpack && isLast) detach(data.buffer);
    before = unpack || isLast ? bytes.buffer : null;
    return bytes;
  };
  const handed = external.map((file) => ({
    ...file,
    data:
      file.data instanceof HandedOver || !(file.unpack || mayFree(file.data))
        ? file.data
        : new HandedOver(file, () => read(file)),
  }));
  return { ...model, external: handed };
}

/**
 * The model with weights that are read from disk, one at a time, and without the files in memory. Where a weight has yet to be
 * unpacked its file stays: what unpacks it reads there too.
 */
function fromDisk(model: SerialisedModel): SerialisedModel {
  const { external, onDisk } = model;
  if (!onDisk || !model.consume) return model;
  const unpacked = new Set(external.flatMap(({ data, unpack }) => (unpack ? [data.buffer] : [])));
  const freed = new Set<ArrayBufferLike>();
  const handed = external.map((file) => {
    const { buffer, byteOffset, byteLength } = file.data;
    const blob = unpacked.has(buffer) ? undefined : onDisk.get(buffer)?.slice(byteOffset, byteOffset + byteLength);
    if (!blob) return file;
    freed.add(buffer);
    return { ...file, data: new HandedOver(file, () => readNow(blob)) };
  });
  for (const buffer of freed) detach(buffer);
  return { ...model, external: handed };
}

/** Only workers can read at once, and the runtime does not wait. @throws StudioError `model-missing-file` */
function readNow(blob: Blob): Uint8Array {
  try {
    return new Uint8Array(new FileReaderSync().readAsArrayBuffer(blob));
  } catch (cause) {
    throw new StudioError(
      'model-missing-file',
      'A file of the model was changed or removed while it was loading. Load the model again.',
      { cause },
    );
  }
}

/** Frees at once if the browser supports it; otherwise the garbage collector does. */
function detach(buffer: ArrayBufferLike): void {
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
