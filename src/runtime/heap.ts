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
