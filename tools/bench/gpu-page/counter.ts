/** Counts what ONNX Runtime asks of the graphics device, by wrapping WebGPU's own methods: load it before ONNX Runtime. */
export interface GpuCounts {
  /** Compute passes over one grid each: what a kernel launch is elsewhere. */
  dispatches: number;
  submits: number;
  /** From the host to the device. */
  writes: number;
  writtenBytes: number;
  /** From the device to the host. */
  reads: number;
  readBytes: number;
  /** From buffer to buffer on the device. */
  copies: number;
  copiedBytes: number;
  /** Memory asked for on the device. */
  allocatedBytes: number;
  /** The most that was there at once, of all buffers, since the page began. */
  largestBytes: number;
}

const zero = (): GpuCounts => ({
  dispatches: 0,
  submits: 0,
  writes: 0,
  writtenBytes: 0,
  reads: 0,
  readBytes: 0,
  copies: 0,
  copiedBytes: 0,
  allocatedBytes: 0,
  largestBytes: 0,
});

let counts = zero();
let [heldBytes, largestBytes] = [0, 0];
const destroyed = new WeakSet<GPUBuffer>();

/** The counts since the last call. */
export function takeCounts(): GpuCounts {
  const taken = { ...counts, largestBytes };
  counts = zero();
  return taken;
}

/** Calls `before` with the arguments of each call of a method. */
function watch<T extends object, K extends keyof T & string>(
  prototype: T,
  method: K,
  before: (self: T, args: readonly unknown[]) => void,
): void {
  const original = prototype[method] as (...args: unknown[]) => unknown;
  const watched = function (this: T, ...args: unknown[]) {
    before(this, args);
    return original.apply(this, args);
  };
  Object.defineProperty(prototype, method, { value: watched, configurable: true, writable: true });
}

const bytesOf = (data: unknown, size: unknown): number =>
  typeof size === 'number' ? size : ((data as ArrayBufferView | ArrayBuffer).byteLength ?? 0);

/** From now on kernels are launched with no workgroups: all is sent and checked, nothing computed. */
export function recordOnly(): void {
  const { prototype } = GPUComputePassEncoder;
  const { dispatchWorkgroups } = prototype;
  prototype.dispatchWorkgroups = function () {
    dispatchWorkgroups.call(this, 0);
  };
}

/** GPUMapMode.READ */
const READ = 1;

export function watchDevice(): void {
  for (const method of ['dispatchWorkgroups', 'dispatchWorkgroupsIndirect'] as const)
    watch(GPUComputePassEncoder.prototype, method, () => counts.dispatches++);
  watch(GPUDevice.prototype, 'createBuffer', (_, [descriptor]) => {
    const { size } = descriptor as GPUBufferDescriptor;
    counts.allocatedBytes += size;
    heldBytes += size;
    largestBytes = Math.max(largestBytes, heldBytes);
  });
  watch(GPUBuffer.prototype, 'destroy', (buffer) => {
    if (!destroyed.has(buffer)) heldBytes -= buffer.size;
    destroyed.add(buffer);
  });
  watch(GPUQueue.prototype, 'submit', () => counts.submits++);
  watch(GPUQueue.prototype, 'writeBuffer', (_, [, , data, , size]) => {
    counts.writes++;
    counts.writtenBytes += bytesOf(data, size);
  });
  watch(GPUBuffer.prototype, 'mapAsync', (buffer, [mode, offset, size]) => {
    if (mode !== READ) return;
    counts.reads++;
    counts.readBytes += typeof size === 'number' ? size : buffer.size - Number(offset ?? 0);
  });
  watch(GPUCommandEncoder.prototype, 'copyBufferToBuffer', (_, args) => {
    counts.copies++;
    // The short form leaves the offsets out.
    counts.copiedBytes += Number((typeof args[1] === 'number' ? args[4] : args[2]) ?? 0);
  });
}
