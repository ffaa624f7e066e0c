import { readdir, readFile } from 'node:fs/promises';
import type { LabelTokens, TokenRow } from '../tokens/types';
import type { TrainEvent } from '../training/events';
import type { Engine } from './engine';
import { createNodeEngine } from './node';
import type { ModelFiles, TrainRequest } from './types';

/** For tests only. */
export const FIXTURES = 'test/fixtures/models';
export const SMOLLM2 = 'public/models/HuggingFaceTB/SmolLM2-135M-Instruct';

export async function readModel(folder: string): Promise<ModelFiles> {
  const onnx = (await readdir(`${folder}/onnx`)).map((file) => `onnx/${file}`);
  const small = ['config.json', 'tokenizer.json', 'tokenizer_config.json'];
  const read = async (path: string) => [path, new Uint8Array(await readFile(`${folder}/${path}`))] as const;
  return Object.fromEntries(await Promise.all([...onnx, ...small].map(read)));
}

export const openEngine = async (folder: string, cacheBytes?: number): Promise<Engine> =>
  createNodeEngine({
    id: folder,
    files: await readModel(folder),
    backend: 'node-wasm',
    threads: 2,
    ...(cacheBytes === undefined ? {} : { cacheBytes }),
  });

export interface PlacementOracle {
  readonly labelLogits: readonly (readonly number[])[];
  readonly labelLoss: number;
  readonly labelGrad: readonly (readonly number[])[];
  readonly fullLoss: number;
  readonly fullGrad: readonly (readonly number[])[];
}

/** oracle.json of a fixture: see test/fixtures/models/README.md. */
export interface Oracle {
  readonly name: string;
  readonly softPrompt: readonly (readonly number[])[];
  readonly rows: readonly (readonly number[])[];
  readonly labelTokenIds: readonly number[];
  readonly targets: readonly number[];
  readonly placements: { readonly prefix: PlacementOracle; readonly suffix: PlacementOracle };
  readonly noPrompt: { readonly labelLogits: readonly (readonly number[])[] };
}

export const readOracle = async (name: string): Promise<Oracle> =>
  JSON.parse(await readFile(`${FIXTURES}/${name}/oracle.json`, 'utf8'));

export const tokenRows = (rows: readonly (readonly number[])[], labels: readonly (number | null)[]): TokenRow[] =>
  rows.map((ids, i) => ({ rowId: String(i + 1), ids: Int32Array.from(ids), label: labels[i] ?? null }));

export const singleTokens = (ids: readonly number[]): LabelTokens[] =>
  ids.map((id) => ({ label: `label ${id}`, word: ` word${id}`, tokenIds: [id] }));

/** Norm of the difference over the norm of what is expected. */
export function relativeError(actual: ArrayLike<number>, expected: readonly number[]): number {
  const difference = Math.hypot(...expected.map((x, i) => x - (actual[i] ?? Number.NaN)));
  return difference / Math.hypot(...expected);
}

export const largestDifference = (actual: ArrayLike<number>, expected: readonly number[]): number =>
  Math.max(...expected.map((x, i) => Math.abs(x - (actual[i] ?? Number.NaN))));

export async function trainToEnd(
  engine: Engine,
  request: TrainRequest,
  onEvent: (event: TrainEvent) => void = () => {},
  control?: { requested: 'stop' | 'pause' | 'cancel' | null },
) {
  let done: Extract<TrainEvent, { kind: 'done' }> | null = null;
  for await (const event of engine.train(request, control)) {
    onEvent(event);
    if (event.kind === 'done') done = event;
  }
  if (!done) throw new Error('the run did not end');
  return done;
}
