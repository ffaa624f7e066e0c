import { describe, expect, it } from 'vitest';
import type { SoftPrompt } from '../prompt/types';
import { createWebRunner } from '../runtime/ort-web';
import type { Backend } from '../runtime/types';
import { batchGradient } from '../training/objective';
import { loadProgram } from './load';
import { type Oracle, relativeError } from './oracle';

/** One of each family of exporters: attention of ours, and attention as the exporter wrote it. */
const MODELS = [
  ['llama-genai-int4', ['onnx/model_q4.onnx', 'onnx/model_q4.onnx_data']],
  ['llama-optimum-fp32', ['onnx/model.onnx']],
] as const;

const folder = (name: string) => `/test/fixtures/models/${name}`;
const bytes = async (path: string) => new Uint8Array(await (await fetch(path)).arrayBuffer());

describe.each(MODELS)('%s', (name, paths) => {
  it.each(['wasm', 'webgpu'] as const satisfies readonly Backend[])(
    'has PyTorch’s loss and gradient on %s',
    async (backend) => {
      const oracle: Oracle = await (await fetch(`${folder(name)}/oracle.json`)).json();
      const files = Object.fromEntries(
        await Promise.all(paths.map(async (path) => [path, await bytes(`${folder(name)}/${path}`)] as const)),
      );
      const { program, info } = await loadProgram({ id: name, files, backend, threads: 2 }, createWebRunner, () => {});
      expect(info.backend).toBe(backend);
      const rows = oracle.rows.map((ids, i) => ({
        rowId: String(i),
        ids: Int32Array.from(ids),
        label: oracle.targets[i] ?? 0,
      }));
      const labels = oracle.labelTokenIds.map((id) => ({ label: String(id), word: String(id), tokenIds: [id] }));
      try {
        for (const placement of ['prefix', 'suffix'] as const)
          for (const loss of ['label', 'full'] as const) {
            const vectors = Float32Array.from(oracle.softPrompt.flat());
            const soft: SoftPrompt = {
              placement,
              vectors,
              virtualTokens: oracle.softPrompt.length,
              hidden: info.hidden,
            };
            const found = await batchGradient(program, {
              rows,
              labels,
              soft,
              cached: null,
              wholeVocabulary: loss === 'full',
            });
            const expected = oracle.placements[placement];
            expect(Math.abs(found.loss - expected[`${loss}Loss`])).toBeLessThan(1e-3);
            expect(relativeError(found.gradient, expected[`${loss}Grad`].flat())).toBeLessThan(1e-3);
          }
      } finally {
        await program.runner.dispose();
      }
    },
  );
});
