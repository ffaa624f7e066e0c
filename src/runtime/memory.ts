import { bytesOf, type WeightFile } from '../graph/serialise';
import { missingFile } from '../lib/errors';
import type { HandedModel, SerialisedModel } from './types';

/**
 * Made as it is read: while creating a session, ONNX Runtime's wasm builds call `subarray` once per weight and copy the result.
 * So packed weights are unpacked one at a time, and none is in memory twice (539 MB for the embedded model).
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

/** `mayFree`: the bytes are nobody else's. */
interface Read {
  readonly bytes: Uint8Array;
  readonly mayFree: boolean;
}

/** Weights are made as they are read; buffers are freed at once where they are on disk, else after their last use. */
export function handing(model: SerialisedModel): HandedModel {
  const blobs = blobsOf(model);
  const fromMemory = readerOf(model);
  /** The runtime still has to copy the last read; of earlier ones it has done so. */
  let before: ArrayBufferLike | null = null;
  let failure: unknown = null;
  const handOver = (file: WeightFile, read: () => Read): WeightFile => {
    const next = () => {
      if (before) detach(before);
      before = null;
      try {
        const { bytes, mayFree } = read();
        before = mayFree ? bytes.buffer : null;
        return bytes;
      } catch (cause) {
        failure ??= cause;
        throw cause;
      }
    };
    return { ...file, data: new HandedOver(file, next) };
  };
  const external = model.external.map((file) => {
    const blob = blobs.get(file);
    if (blob) return handOver(file, () => ({ bytes: bytesOnDisk(file, blob), mayFree: true }));
    return file.unpack || mayFree(model, file.data) ? handOver(file, () => fromMemory(file)) : file;
  });
  for (const buffer of new Set([...blobs.keys()].map(({ data }) => data.buffer))) detach(buffer);
  return { ...model, external, readError: () => failure };
}

const mayFree = ({ consume }: SerialisedModel, { byteLength, buffer }: Uint8Array): boolean =>
  consume === true || byteLength === buffer.byteLength;

/** A buffer can go with its last use. */
function readerOf(model: SerialisedModel): (file: WeightFile) => Read {
  const usesLeft = new Map<ArrayBufferLike, number>();
  for (const { data, uses } of model.external) usesLeft.set(data.buffer, (usesLeft.get(data.buffer) ?? 0) + uses);
  return (file) => {
    const { data, unpack } = file;
    const left = usesLeft.get(data.buffer) ?? 0;
    if (left === 0) throw new RangeError('These bytes have already been read and released.');
    usesLeft.set(data.buffer, left - 1);
    const isLast = left === 1 && mayFree(model, data);
    const bytes = bytesOf(file);
    if (unpack && isLast) detach(data.buffer);
    return { bytes, mayFree: unpack !== undefined || isLast };
  };
}

/** Read on disk one at a time, unless what unpacks a weight (scales) is in the same file: then it stays in memory. */
function blobsOf({ external, onDisk, consume }: SerialisedModel): ReadonlyMap<WeightFile, Blob> {
  if (!consume) return new Map();
  const stays = new Set(
    external.flatMap(({ beside = [] }) => beside.map((part) => (typeof part === 'number' ? null : part.buffer))),
  );
  return new Map(
    external.flatMap((file) => {
      const { buffer, byteOffset, byteLength } = file.data;
      const blob = stays.has(buffer) ? undefined : onDisk?.get(buffer);
      return blob ? [[file, blob.slice(byteOffset, byteOffset + byteLength)] as const] : [];
    }),
  );
}

function bytesOnDisk({ unpack }: WeightFile, blob: Blob): Uint8Array {
  const read = readNow(blob);
  if (!unpack) return read;
  const bytes = unpack(read);
  detach(read.buffer);
  return bytes;
}

/** Only workers can read at once, and the runtime does not wait. @throws StudioError `model-missing-file` */
function readNow(blob: Blob): Uint8Array {
  try {
    return new Uint8Array(new FileReaderSync().readAsArrayBuffer(blob));
  } catch (cause) {
    throw missingFile('A file of the model was changed or removed while it was loading. Load the model again.', {
      cause,
    });
  }
}

/**
 * Sends the buffer where nobody listens. After `transfer(0)` Chromium keeps memory that its own code made until a collection,
 * which session creation does not wait for: of 1,000 MB in pieces of 50, 1,091 MB were held in the end, and this way 116.
 */
function detach(buffer: ArrayBufferLike): void {
  const { port1, port2 } = new MessageChannel();
  port1.postMessage(null, [buffer as ArrayBuffer]);
  port1.close();
  port2.close();
}

/** ORT creates its `WebAssembly.Memory` with the first session and hides it, so the constructor is wrapped until then. */
export interface HeapWatch {
  /** Null before the heap exists. It never shrinks. */
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
