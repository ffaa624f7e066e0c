/** Loads a model, holds its gradients against PyTorch and trains a few steps; in Node and in a page. */

import { type Oracle, relativeError, rowsOf, softOf } from '../../../src/engine/conform';
import { Engine } from '../../../src/engine/engine';
import { loadProgram } from '../../../src/engine/load';
import type { ModelFiles, ModelInfo, Weights } from '../../../src/engine/types';
import type { FilesOnDisk } from '../../../src/model/card';
import type { Backend, CreateRunner } from '../../../src/runtime/types';
import { batchGradient } from '../../../src/training/objective';
import { STANDARD } from '../../../src/training/settings';

export interface LargeRequest {
  /** The model's folder, and its files below it. */
  readonly base: string;
  readonly paths: readonly string[];
  readonly threads: number;
  readonly weights: Weights;
  /** Of training. */
  readonly steps: number;
  /** Rows of a step. */
  readonly batch: number;
  readonly tokens: number;
  /** Weights are read from the browser's cache as the runtime asks for them; only in a page. */
  readonly disk: boolean;
}

interface Measured extends Omit<LargeRequest, 'base' | 'paths' | 'disk'> {
  readonly files: ModelFiles;
  readonly onDisk?: FilesOnDisk | undefined;
  readonly oracle: Oracle;
  readonly backend: Backend;
  readonly createRunner: CreateRunner;
  readonly heapBytes: () => number | null;
}

/** Seconds, and megabytes of the WebAssembly heap, at the end of each stage. */
export interface LargeResult {
  readonly weights: ModelInfo['weights'];
  readonly parameters: number;
  readonly loadSeconds: number;
  readonly heapMB: Readonly<Record<string, number>>;
  /** Norm of the difference from PyTorch's gradient over its norm, by placement and loss. */
  readonly gradient: Readonly<Record<string, number>>;
  readonly losses: readonly number[];
  readonly stepSeconds: readonly number[];
}

const LABELS = [2, 3, 4].map((id) => ({ label: String(id), word: String(id), tokenIds: [id] }));

export async function measure({ files, oracle, createRunner, heapBytes, steps, batch, tokens, ...load }: Measured) {
  const heapMB: Record<string, number> = {};
  const mark = (stage: string) => {
    heapMB[stage] = Math.round((heapBytes() ?? 0) / 1e6);
  };
  const request = { id: 'large', files, sha256: 'bench', consume: true, ...load };
  const loaded = await loadProgram(request, createRunner, () => {});
  mark('loaded');
  const gradient: Record<string, number> = {};
  for (const placement of ['suffix', 'prefix'] as const)
    for (const loss of ['label', 'full'] as const) {
      const labels = oracle.labelTokenIds.map((id) => ({ label: String(id), word: String(id), tokenIds: [id] }));
      const soft = softOf(oracle, placement);
      const wholeVocabulary = loss === 'full';
      const found = await batchGradient(loaded.program, {
        rows: rowsOf(oracle),
        labels,
        soft,
        cached: null,
        wholeVocabulary,
      });
      const expected = oracle.placements[placement][`${loss}Grad`].flat();
      gradient[`${placement} ${loss}`] = relativeError(found.gradient, expected);
      if (loss === 'label') mark(`gradient ${placement}`);
    }
  mark('gradient over the vocabulary');
  const { losses, stepSeconds } = await train(new Engine(loaded), { steps, batch, tokens });
  mark('trained');
  const { weights, parameters, loadSeconds } = loaded.info;
  return { weights, parameters, loadSeconds, heapMB, gradient, losses, stepSeconds } satisfies LargeResult;
}

async function train(engine: Engine, { steps, batch, tokens }: Pick<LargeRequest, 'steps' | 'batch' | 'tokens'>) {
  const rows = Array.from({ length: 2 * batch }, (_, r) => ({
    rowId: String(r),
    ids: Int32Array.from({ length: tokens }, (_, t) => (7 * r + 13 * t + 5) % 500),
    label: r % 3,
  }));
  const settings = { ...STANDARD, steps, batchSize: batch, patience: null };
  const run = { runId: 'large', labels: LABELS, cacheKey: 'large', initTokenIds: Int32Array.of(7, 8, 9), resume: null };
  const [losses, stepSeconds]: [number[], number[]] = [[], []];
  let before = performance.now();
  for await (const event of engine.train({ ...run, train: rows, validation: [], settings })) {
    if (event.kind !== 'step') continue;
    losses.push(event.point.loss);
    stepSeconds.push((performance.now() - before) / 1000);
    before = performance.now();
  }
  return { losses, stepSeconds };
}
