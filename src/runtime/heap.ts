/**
 * How large ORT's wasm heap is. ORT keeps its `WebAssembly.Memory` to itself, so the constructor is wrapped while ORT's
 * module starts, and the memory that it creates is remembered.
 */
const MIB = 1024 * 1024;

/** Runs `start` and returns its result with a function that reads the size in bytes of the largest heap made meanwhile. */
export async function watchHeap<T>(start: () => Promise<T>): Promise<{ value: T; heapBytes: () => number | null }> {
  const original = WebAssembly.Memory;
  const memories: WebAssembly.Memory[] = [];
  WebAssembly.Memory = new Proxy(original, {
    construct(target, parameters, newTarget) {
      const memory: WebAssembly.Memory = Reflect.construct(target, parameters, newTarget);
      memories.push(memory);
      return memory;
    },
  });
  try {
    const value = await start();
    return { value, heapBytes: () => largest(memories) };
  } finally {
    WebAssembly.Memory = original;
  }
}

/** Feature probes make memories of a page or none; ORT's heap starts at 16 MiB. */
function largest(memories: readonly WebAssembly.Memory[]): number | null {
  const size = Math.max(0, ...memories.map((memory) => memory.buffer.byteLength));
  return size >= MIB ? size : null;
}
