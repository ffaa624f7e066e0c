import { bytesOf, type WeightFile } from '../graph/serialise';
import { missingFile } from '../lib/errors';
import type { HandedModel, SerialisedModel } from './types';

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

/** Bytes of a weight, and whether they are nobody else's. */
interface Read {
  readonly bytes: Uint8Array;
  readonly mayFree: boolean;
}

/** The model with weights that are made as they are read. Their buffers are freed: at once where they are on disk, else after their last use. */
export function handing(model: SerialisedModel): HandedModel {
  const blobs = blobsOf(model);
  const fromMemory = readerOf(model);
  /** Of the last read, which the runtime still has to copy; of earlier ones it has done so. */
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

/** Reads a weight in memory as often as it is used; with its last use, or the last of those that share its buffer, that can go. */
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

/**
 * Where weights can be read on disk, one at a time. A file stays in memory if what unpacks a weight reads more of it there, as
 * scales.
 */
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
 * Frees at once, by sending it where nobody listens. `transfer(0)` detaches too, but Chromium keeps memory that its own code
 * made (a response, a message, a file) until a collection, which a session that is being created does not wait for: of 1,000 MB
 * read in pieces of 50, 1,091 MB were held in the end, and this way 116.
 */
function detach(buffer: ArrayBufferLike): void {
  const { port1, port2 } = new MessageChannel();
  port1.postMessage(null, [buffer as ArrayBuffer]);
  port1.close();
  port2.close();
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
