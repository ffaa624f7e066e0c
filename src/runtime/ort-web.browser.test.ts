import { afterAll, describe, expect, test, vi } from 'vitest';
import { differentiate } from '../autodiff/differentiate';
import { llamaBlock, WIDTH } from '../autodiff/llama-block.test-support';
import { GraphBuilder } from '../graph/builder';
import { type Graph, int } from '../graph/ir';
import { lower } from '../graph/lower';
import { serialise } from '../graph/serialise';
import { present } from '../lib/assert';
import { createRng } from '../lib/rng';
import { createWebRunner } from './ort-web';
import type { Backend, HostTensor, Runner } from './types';

const BATCH = 2;
const TOKENS = 5;

const model = () => {
  const graph = differentiate(llamaBlock(), { loss: 'loss', gradients: { x: 'dx' } });
  const outputs = [...graph.outputs, { name: 'dx', dtype: 'float32' as const, shape: ['batch', 'tokens', WIDTH] }];
  return serialise(lower({ ...graph, outputs }));
};

const feeds = (): Record<string, HostTensor> => {
  const rng = createRng(5);
  const causal = Array.from({ length: BATCH * 2 * TOKENS * TOKENS }, (_, i) => {
    const query = Math.floor(i / TOKENS) % TOKENS;
    return i % TOKENS > query ? -1e9 : 0;
  });
  const x = Float32Array.from({ length: BATCH * TOKENS * WIDTH }, () => rng.normal());
  const positions = BigInt64Array.from({ length: BATCH * TOKENS }, (_, i) => BigInt(i % TOKENS));
  return {
    x: { dtype: 'float32', dims: [BATCH, TOKENS, WIDTH], data: x },
    bias: { dtype: 'float32', dims: [BATCH, 1, 2 * TOKENS, TOKENS], data: Float32Array.from(causal) },
    positions: { dtype: 'int64', dims: [BATCH, TOKENS], data: positions },
  };
};

const open: Runner[] = [];
const create = async (backend: Backend, session?: Record<string, unknown>) => {
  const runner = await createWebRunner(model(), { backend, threads: 2, ...(session ? { session } : {}) });
  open.push(runner);
  return runner;
};
afterAll(async () => {
  for (const runner of open) await runner.dispose();
});

/** ORT binds its log to `console.error` once, when it starts: the listener must be there before the first session. */
const log: string[] = [];
vi.spyOn(console, 'error').mockImplementation((...parts: unknown[]) => void log.push(parts.join(' ')));

/** Operators by the provider that ORT placed them on, from the lines `Op (name)` of its verbose log. */
function placements(lines: readonly string[]): Map<string, string[]> {
  const placed = new Map<string, string[]>();
  let current: string[] = [];
  for (const line of lines) {
    const provider = /placed on \[(\w+)\]/.exec(line)?.[1];
    if (provider) {
      current = [];
      placed.set(provider, current);
    }
    const node = /VerifyEachNodeIsAssignedToAnEp\]\s+(\w+) \(.*\)/.exec(line)?.[1];
    if (node) current.push(node);
  }
  return placed;
}

const values = (tensor: HostTensor | undefined) => Array.from(tensor?.data ?? [], Number);
const largest = (numbers: readonly number[]) => Math.max(...numbers.map(Math.abs));

describe('the same loss and gradient', () => {
  test('by wasm with threads and by WebGPU', async () => {
    const wasm = await create('wasm');
    const gpu = await create('webgpu');
    expect([wasm.backend, gpu.backend]).toEqual(['wasm', 'webgpu']);
    expect(wasm.threads).toBe(globalThis.crossOriginIsolated ? 2 : 1);
    expect(wasm.heapBytes).toBeGreaterThan(2 ** 20);
    expect(gpu.heapBytes).toBeGreaterThan(2 ** 20);
    const a = await wasm.run(feeds(), ['loss', 'dx']);
    const b = await gpu.run(feeds(), ['loss', 'dx']);
    const [exact, other] = [values(a.dx), values(b.dx)];
    expect(largest(exact)).toBeGreaterThan(0.01);
    expect(largest(exact.map((value, i) => value - (other[i] ?? Number.NaN)))).toBeLessThan(1e-5);
    expect(values(b.loss)[0]).toBeCloseTo(values(a.loss)[0] ?? 0, 5);
  });

  test('places only shape arithmetic on the CPU', async () => {
    log.length = 0;
    await create('webgpu', { logSeverityLevel: 0, logVerbosityLevel: 0 });
    const placed = placements(log);
    const gpu = placed.get('WebGpuExecutionProvider') ?? [];
    expect(gpu).toEqual(
      expect.arrayContaining(['Gemm', 'MatMul', 'Softmax', 'RotaryEmbedding', 'ReduceSum', 'Expand']),
    );
    // Shapes live on the host, so these cost no copy; nor must any value that was computed on the GPU be read back.
    expect(new Set(placed.get('CPUExecutionProvider'))).toEqual(new Set(['Concat', 'ReduceProd', 'Cast']));
    expect(gpu).not.toContain('MemcpyToHost');
  });

  test('reports a lost device, and gives the next session a new one', async () => {
    const { env } = await import('onnxruntime-web/webgpu');
    const runner = await create('webgpu');
    (await env.webgpu.device).destroy();
    await expect(runner.run(feeds(), ['loss'])).rejects.toMatchObject({ code: 'device-lost' });
  });

  test('runs a session after all others were released', async () => {
    for (const runner of open.splice(0)) await runner.dispose();
    for (const backend of ['webgpu', 'wasm'] as const) {
      const runner = await create(backend);
      expect(values((await runner.run(feeds(), ['loss'])).loss)[0]).toBeGreaterThan(0);
    }
  });
});

describe('kernels of our own', () => {
  /** x `[1, 4]` twice, plus ones: every size of its kernel is in the code, but for one that nothing reads. */
  const twice = (op = 'Identity') => {
    const b = new GraphBuilder();
    const x = b.input('x', 'float32', [1, 4]);
    const ones = b.constant('float32', [4], [1, 1, 1, 1]);
    b.constant('int64', [1], [8]);
    const both = b.add('Concat', [x, x], { attrs: { axis: int(0) } });
    b.output(b.add(op, [b.add('Add', [both, ones])], { name: 'y' }), 'float32', [2, 4]);
    return b.build();
  };
  const own = async (graph: Graph) => {
    const runner = await createWebRunner({ ...serialise(graph), graph }, { backend: 'webgpu' });
    open.push(runner);
    const { name } = present(graph.outputs[0], 'output');
    const x = { dtype: 'float32', dims: [1, 4], data: Float32Array.of(1, 2, 3, 4) } as const;
    return { runner, run: async () => values((await runner.run({ x }, [name]))[name]) };
  };

  test('run where a size is bound that no kernel reads', async () => {
    const { runner, run } = await own(twice());
    expect(runner.fallback).toBeUndefined();
    expect(await run()).toEqual([2, 3, 4, 5, 2, 3, 4, 5]);
  });

  test('leave a graph with another operator to ONNX Runtime, and say which', async () => {
    const { runner, run } = await own(twice('Floor'));
    expect(runner.fallback).toMatch(/^kernels of ONNX Runtime, as Floor node .*has no kernel$/);
    expect(await run()).toEqual([2, 3, 4, 5, 2, 3, 4, 5]);
  });

  test('end a run that the device refuses, rather than read zeros', async () => {
    const { run } = await own(twice());
    const bind = GPUDevice.prototype.createBindGroup;
    vi.spyOn(GPUDevice.prototype, 'createBindGroup').mockImplementationOnce(function (this: GPUDevice, { layout }) {
      return bind.call(this, { layout, entries: [] });
    });
    const message = expect.stringMatching(/^The graphics device could not run the model: /);
    await expect(run()).rejects.toMatchObject({ code: 'session-failed', message });
  });

  test('report a lost device', async () => {
    const asked = vi.spyOn(GPUAdapter.prototype, 'requestDevice');
    const { run } = await own(twice());
    const device: GPUDevice = await present(asked.mock.results.at(-1), 'call').value;
    const map = GPUBuffer.prototype.mapAsync;
    // as a device that is lost in the middle of a run: the mapping fails first
    vi.spyOn(GPUBuffer.prototype, 'mapAsync').mockImplementationOnce(function (this: GPUBuffer, mode) {
      const mapping = map.call(this, mode);
      this.unmap();
      setTimeout(() => device.destroy(), 20);
      return mapping;
    });
    await expect(run()).rejects.toMatchObject({ code: 'device-lost' });
    await expect(run()).rejects.toMatchObject({ code: 'device-lost' });
  });
});
