/** One training step of a model on WebGPU, counted; for `gpu.ts`. */

import type { GpuCounts } from './counter';
import { recordOnly, takeCounts, watchDevice } from './counter';

watchDevice();

export interface GpuStepRequest {
  /** The model's folder, and its files below it. */
  readonly base: string;
  readonly paths: readonly string[];
  readonly rows: number;
  readonly tokens: number;
  readonly virtualTokens: number;
  /** Nothing is computed. */
  readonly isRecorded: boolean;
  /** ONNX Runtime's kernels, also where ours cover the model. */
  readonly isOrt: boolean;
}

export interface GpuBench {
  /** Counts of loading, of reading the texts, and of the second step in each placement. */
  step(request: GpuStepRequest): Promise<Record<string, GpuCounts & { seconds: number }>>;
}

const bench: GpuBench = {
  step: async ({ base, paths, rows: count, tokens, virtualTokens, isOrt, isRecorded }) => {
    if (isRecorded) recordOnly();
    // Behind the wrapping: ONNX Runtime must not see the device before.
    const [{ loadProgram }, { createWebRunner }, { batchGradient }, { TextCache }, { uninterrupted }] =
      await Promise.all([
        import('../../../src/engine/load'),
        import('../../../src/runtime/ort-web'),
        import('../../../src/training/objective'),
        import('../../../src/inference/text-cache'),
        import('../../../src/lib/control'),
      ]);
    const read = async (path: string) =>
      [path, new Uint8Array(await (await fetch(`${base}/${path}`)).arrayBuffer())] as const;
    const out: Record<string, GpuCounts & { seconds: number }> = {};
    const counted = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
      takeCounts();
      const begin = performance.now();
      const result = await work();
      out[name] = { ...takeCounts(), seconds: (performance.now() - begin) / 1000 };
      return result;
    };
    const files = Object.fromEntries(await Promise.all(paths.map(read)));
    const { program, info } = await counted('load', () =>
      loadProgram(
        { id: base, files, backend: 'webgpu', threads: 1, sha256: 'bench' },
        (model, options) => createWebRunner(model, { ...options, ...(isOrt && { session: {} }) }),
        () => {},
      ),
    );
    const rows = Array.from({ length: count }, (_, r) => ({
      rowId: String(r),
      ids: Int32Array.from({ length: tokens }, (_, t) => (7 * r + 13 * t + 1) % info.vocabulary),
      label: r % 3,
    }));
    const labels = [2, 3, 4].map((id) => ({ label: String(id), word: String(id), tokenIds: [id] }));
    const vectors = Float32Array.from({ length: virtualTokens * info.hidden }, (_, i) => 0.1 * Math.sin(i));
    const cache = new TextCache(program.spec);
    const plan = cache.plan('rows', [rows]);
    await counted('texts', () => cache.fetch(program, plan, rows, uninterrupted));
    for (const placement of ['suffix', 'prefix'] as const) {
      const soft = { placement, vectors, virtualTokens, hidden: info.hidden };
      const cached = placement === 'suffix' ? { cache, plan, control: uninterrupted } : null;
      const step = () => batchGradient(program, { rows, labels, soft, cached });
      await step();
      await counted(placement, step);
    }
    await program.runner.dispose();
    return out;
  },
};
Object.assign(globalThis, { gpuBench: bench });
