import { asBytes, toFloat32 } from '../../graph/dequantise';
import { sizeOf } from '../../graph/dtype';
import type { Graph, Initializer } from '../../graph/ir';
import { present } from '../../lib/assert';
import { Alone, rejectWhen, runtimeError, unlessLost } from '../session';
import type { Adapter, HostTensor, KeptRow, Runner } from '../types';
import { ALIGNMENT, type FeedShape, type Plan, placed, planKernels } from './plan';
import { KEPT_ROWS } from './rules';
import type { KernelPlan, Store } from './text';

/** WebGPU's flags, https://gpuweb.github.io/gpuweb/#namespacedef-gpubufferusage; TypeScript has no names for them. */
const [MAP_READ, COPY_SRC, COPY_DST, UNIFORM, STORAGE] = [0x1, 0x4, 0x8, 0x40, 0x80];
/** https://gpuweb.github.io/gpuweb/#namespacedef-gpushaderstage */
const COMPUTE = 0x4;

/** Numbers between two kernels' sizes in their buffer. */
const PER_KERNEL = ALIGNMENT / 4;

/** In messages. */
const WHO = 'The graphics device';

/** One for each combination of sizes that a run meets. */
const MOST_PLANS = 64;

/** Keys and values on the device, as float32; a run needs 64 MB. */
const MOST_KEPT_BYTES = 512 * 1024 * 1024;

/** Browsers lose a device that does not answer for long. */
const LAUNCHES = 128;

interface Prepared {
  readonly plan: Plan;
  readonly offsets: ReadonlyMap<Store, number>;
  readonly bytes: number;
  readonly pipelines: readonly GPUComputePipeline[];
  /** Of one kernel after another. */
  readonly sizes: GPUBuffer;
  /** For `memory`. */
  groups: readonly GPUBindGroup[];
  memory: readonly (GPUBuffer | undefined)[];
}

/** Weights are on the device once; each run sends feeds and fetches results, nothing else. */
export class FusedRunner implements Runner {
  readonly backend = 'webgpu';
  readonly threads = 1;
  readonly heapBytes = null;
  readonly adapter: Adapter;
  readonly #device: GPUDevice;
  readonly #graph: Graph;
  readonly #weights = new Map<string, GPUBuffer>();
  readonly #layouts = new Map<number, GPUBindGroupLayout>();
  readonly #pipelines = new Map<string, Promise<GPUComputePipeline>>();
  readonly #prepared = new Map<string, Promise<Prepared>>();
  readonly #lost: Promise<never>;
  readonly #kept: KeptRows;
  #arena: GPUBuffer | null = null;
  readonly #alone = new Alone(WHO);

  private constructor(device: GPUDevice, graph: Graph, adapter: Adapter) {
    this.#device = device;
    this.adapter = adapter;
    this.#kept = new KeptRows(device);
    this.#lost = rejectWhen(device.lost.then(({ reason, message }) => message || reason));
    const initializers = new Map(
      [...graph.initializers].map(([name, tensor]) => [name, this.#upload(tensor)] as const),
    );
    this.#graph = { ...graph, initializers };
  }

  /** @throws StudioError `session-failed`, `out-of-memory`, `device-lost` */
  static async create(graph: Graph, gpu: GPUAdapter, adapter: Adapter): Promise<FusedRunner> {
    const { maxBufferSize, maxStorageBufferBindingSize } = gpu.limits;
    try {
      const device = await gpu.requestDevice({ requiredLimits: { maxBufferSize, maxStorageBufferBindingSize } });
      return await checked(device, () => new FusedRunner(device, graph, adapter));
    } catch (cause) {
      throw runtimeError('could not prepare the model', cause, WHO);
    }
  }

  /** Only the sizes of a weight stay. */
  #upload(tensor: Initializer): Initializer {
    if (tensor.dtype !== 'float32' || sizeOf(tensor.dims) <= 1) return tensor;
    const { packing, unpack } = tensor;
    const bytes = packing ? asBytes(toFloat32(tensor)) : (unpack?.(tensor.bytes) ?? tensor.bytes);
    const usage = STORAGE | COPY_DST;
    const buffer = this.#device.createBuffer({ size: bytes.byteLength, usage, mappedAtCreation: true });
    new Uint8Array(buffer.getMappedRange()).set(bytes);
    buffer.unmap();
    this.#weights.set(tensor.name, buffer);
    return { name: tensor.name, dtype: tensor.dtype, dims: tensor.dims, bytes: new Uint8Array(0) };
  }

  run(feeds: Readonly<Record<string, HostTensor>>, fetches: readonly string[]) {
    return this.#alone.run(() => unlessLost(this.#run(feeds, fetches), this.#lost));
  }

  dispose() {
    return this.#alone.dispose(() => this.#device.destroy());
  }

  async #run(feeds: Readonly<Record<string, HostTensor>>, fetches: readonly string[]) {
    const prepared = await this.#prepare(feeds, fetches);
    const { plan, offsets } = prepared;
    const arena = await this.#room(prepared.bytes);
    return checked(this.#device, () => {
      for (const [name, store] of plan.feeds) {
        const numbers = name === KEPT_ROWS ? this.#kept.place(keptIn(feeds)) : numbersOf(present(feeds[name], name));
        if (sizeOf(store.dims) > 0) this.#device.queue.writeBuffer(arena, present(offsets.get(store), name), numbers);
      }
      this.#launch(prepared, arena);
      return this.#read(prepared, arena);
    });
  }

  /** Made once for these sizes and conditions. */
  #prepare(feeds: Readonly<Record<string, HostTensor>>, fetches: readonly string[]): Promise<Prepared> {
    const areKept = this.#kept.fits(keptIn(feeds));
    const shapes = new Map(
      Object.entries(feeds).map(([name, feed]): [string, FeedShape] => {
        const { dtype, dims } = feed;
        if (dtype === 'bool') return [name, { dtype, dims, known: [...feed.data].map(Number) }];
        if (dtype !== 'float32') return [name, { dtype, dims }];
        return [name, { dtype, dims, kept: areKept ? feed.kept?.tensor : undefined, seen: feed.seen?.otherwise }];
      }),
    );
    const key = JSON.stringify([...shapes, fetches]);
    const plan = this.#prepared.get(key) ?? this.#plan(shapes, fetches);
    // The latest is last; the first one goes.
    this.#prepared.delete(key);
    this.#prepared.set(key, plan);
    const [oldest = key] = this.#prepared.keys();
    if (this.#prepared.size > MOST_PLANS) this.#prepared.delete(oldest);
    return plan;
  }

  async #plan(shapes: ReadonlyMap<string, FeedShape>, fetches: readonly string[]): Promise<Prepared> {
    const plan = planKernels(this.#graph, shapes, fetches);
    const pipelines = await Promise.all(plan.kernels.map((kernel) => this.#pipeline(kernel)));
    const numbers = new Int32Array(Math.max(1, plan.kernels.length) * PER_KERNEL);
    for (const [i, { sizes }] of plan.kernels.entries()) numbers.set(sizes, i * PER_KERNEL);
    const sizes = this.#device.createBuffer({ size: numbers.byteLength, usage: UNIFORM | COPY_DST });
    this.#device.queue.writeBuffer(sizes, 0, numbers);
    return { plan, ...placed(plan), pipelines, sizes, groups: [], memory: [] };
  }

  #pipeline({ code, stores }: KernelPlan): Promise<GPUComputePipeline> {
    const known = this.#pipelines.get(code);
    if (known) return known;
    const compute = { module: this.#device.createShaderModule({ code }) };
    const layout = this.#device.createPipelineLayout({ bindGroupLayouts: [this.#layout(stores.length)] });
    const made = this.#device.createComputePipelineAsync({ layout, compute });
    this.#pipelines.set(code, made);
    return made;
  }

  /** Sizes, then that many buffers. An `auto` layout lacks what the code declares and does not read, so nothing binds to it. */
  #layout(buffers: number): GPUBindGroupLayout {
    const known = this.#layouts.get(buffers);
    if (known) return known;
    const entries = Array.from({ length: buffers + 1 }, (_, binding): GPUBindGroupLayoutEntry => {
      const type = binding === 0 ? 'uniform' : 'storage';
      return { binding, visibility: COMPUTE, buffer: { type } };
    });
    const layout = this.#device.createBindGroupLayout({ entries });
    this.#layouts.set(buffers, layout);
    return layout;
  }

  /** For what runs are fed and compute. */
  async #room(bytes: number): Promise<GPUBuffer> {
    if (this.#arena && this.#arena.size >= bytes) return this.#arena;
    this.#arena?.destroy();
    const usage = STORAGE | COPY_DST | COPY_SRC;
    this.#arena = await checked(this.#device, () => this.#device.createBuffer({ size: bytes, usage }));
    return this.#arena;
  }

  #bind({ plan, offsets, sizes }: Prepared, arena: GPUBuffer): readonly GPUBindGroup[] {
    const resource = (store: Store): GPUBufferBinding =>
      store.weight === null
        ? { buffer: arena, offset: present(offsets.get(store), 'offset'), size: Math.max(4, 4 * sizeOf(store.dims)) }
        : {
            buffer: present(
              store.weight === KEPT_ROWS ? this.#kept.buffer : this.#weights.get(store.weight),
              store.weight,
            ),
          };
    return plan.kernels.map(({ stores }, i) => {
      const bound = [{ buffer: sizes, offset: i * ALIGNMENT, size: ALIGNMENT }, ...stores.map(resource)];
      return this.#device.createBindGroup({
        layout: this.#layout(stores.length),
        entries: bound.map((each, binding) => ({ binding, resource: each })),
      });
    });
  }

  #launch(prepared: Prepared, arena: GPUBuffer): void {
    const { plan, pipelines } = prepared;
    const memory = [arena, this.#kept.buffer];
    if (memory.some((buffer, i) => buffer !== prepared.memory[i])) prepared.groups = this.#bind(prepared, arena);
    prepared.memory = memory;
    for (let begin = 0; begin < plan.kernels.length; begin += LAUNCHES) {
      const encoder = this.#device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      for (let i = begin; i < Math.min(begin + LAUNCHES, plan.kernels.length); i++) {
        pass.setPipeline(present(pipelines[i], 'pipeline'));
        pass.setBindGroup(0, present(prepared.groups[i], 'bindings'));
        pass.dispatchWorkgroups(...present(plan.kernels[i], 'kernel').grid);
      }
      pass.end();
      this.#device.queue.submit([encoder.finish()]);
    }
  }

  async #read({ plan, offsets }: Prepared, arena: GPUBuffer): Promise<Record<string, HostTensor>> {
    const fetched = [...plan.fetches].map(([name, store]) => ({ name, store, bytes: 4 * sizeOf(store.dims) }));
    const size = fetched.reduce((sum, { bytes }) => sum + bytes, 0);
    const usage = MAP_READ | COPY_DST;
    const staging = this.#device.createBuffer({ size: Math.max(4, size), usage });
    const encoder = this.#device.createCommandEncoder();
    let end = 0;
    for (const { store, bytes } of fetched) {
      if (bytes > 0) encoder.copyBufferToBuffer(arena, present(offsets.get(store), 'offset'), staging, end, bytes);
      end += bytes;
    }
    this.#device.queue.submit([encoder.finish()]);
    await staging.mapAsync(MAP_READ);
    const numbers = staging.getMappedRange().slice(0);
    staging.destroy();
    let begin = 0;
    const outputs = fetched.map(({ name, store: { dims, type }, bytes }): [string, HostTensor] => {
      const [from, count] = [begin, bytes / 4];
      begin += bytes;
      return [
        name,
        type === 'f32'
          ? { dtype: 'float32', dims, data: new Float32Array(numbers, from, count) }
          : { dtype: 'int32', dims, data: new Int32Array(numbers, from, count) },
      ];
    });
    return Object.fromEntries(outputs);
  }
}

/** Each row is sent once, while there is room. */
class KeptRows {
  buffer: GPUBuffer | undefined;
  readonly #device: GPUDevice;
  readonly #mostBytes: number;
  /** In numbers. */
  #begins = new WeakMap<object, number>();
  #end = 0;

  constructor(device: GPUDevice) {
    const { maxBufferSize, maxStorageBufferBindingSize } = device.limits;
    this.#device = device;
    this.#mostBytes = Math.min(MOST_KEPT_BYTES, maxBufferSize, maxStorageBufferBindingSize);
  }

  fits = (rows: Rows): boolean => 4 * numbersIn(rows) <= this.#mostBytes;

  /** Sends the rows that are not there yet. Returns where all are. */
  place(rows: Rows): Int32Array<ArrayBuffer> {
    const room = this.#end + numbersIn(rows.filter((row) => row && !this.#begins.has(row.id)));
    if (!this.buffer || 4 * room > this.buffer.size) this.#clear(4 * Math.ceil(1.5 * room));
    const table = rows.flatMap((row) => {
      if (!row) return [0, 0, 0];
      const begin = this.#begins.get(row.id) ?? this.#end;
      if (begin === this.#end) {
        this.#device.queue.writeBuffer(present(this.buffer, 'buffer'), 4 * begin, row.numbers() as BufferSource);
        this.#begins.set(row.id, begin);
        this.#end += row.size;
      }
      return [begin, row.tokens, row.length];
    });
    return Int32Array.from(table);
  }

  /** With more room while the device has it. */
  #clear(bytes: number): void {
    const size = Math.min(bytes, this.#mostBytes);
    this.#begins = new WeakMap();
    this.#end = 0;
    if (this.buffer && this.buffer.size >= size) return;
    this.buffer?.destroy();
    this.buffer = this.#device.createBuffer({ size, usage: STORAGE | COPY_DST });
  }
}

type Rows = readonly (KeptRow | null)[];
/** All tensors that are made of rows are made of the same ones. */
const keptIn = (feeds: Readonly<Record<string, HostTensor>>): Rows =>
  Object.values(feeds).flatMap((feed) => ('kept' in feed && feed.kept?.tensor === 0 ? feed.kept.rows : []));
const numbersIn = (rows: Rows): number => rows.reduce((sum, row) => sum + (row?.size ?? 0), 0);

/** Without a scope, work that the device refuses is left out, and its results read as zeros. */
async function checked<T>(device: GPUDevice, make: () => T | Promise<T>): Promise<T> {
  device.pushErrorScope('out-of-memory');
  device.pushErrorScope('validation');
  // at once: the scopes hear of all that is asked before it waits
  const made = (async () => make())();
  made.catch(() => {}); // the scopes know why
  const [validation, memory] = await Promise.all([device.popErrorScope(), device.popErrorScope()]);
  if (memory) throw new Error('out of memory');
  if (validation) throw new Error(validation.message);
  return made;
}

/** As the device takes them; positions, lengths and ids fit an int32. */
const numbersOf = (tensor: HostTensor) => {
  if (tensor.dtype === 'float32' && tensor.seen) return Int32Array.from(tensor.seen.rows.flat());
  return (tensor.dtype === 'int64' ? Int32Array.from(tensor.data, Number) : tensor.data) as BufferSource;
};
