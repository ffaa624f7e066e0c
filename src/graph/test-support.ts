import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as ort from 'onnxruntime-web';
import type { Graph } from './ir';
import { bytesOf, serialise } from './serialise';

/** For tests only: the exported models with their oracles, and ONNX Runtime on one thread. */
ort.env.wasm.numThreads = 1;
ort.env.logLevel = 'error';

const root = fileURLToPath(new URL('../../test/fixtures/models/', import.meta.url));

export const fixtures = readdirSync(root, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name);

export interface Oracle {
  readonly embeddingTensor: string;
  readonly rows: readonly (readonly number[])[];
  readonly labelTokenIds: readonly number[];
  readonly noPrompt: { readonly labelLogits: readonly (readonly number[])[] };
}

export function readFixture(name: string): {
  model: Uint8Array;
  external: Map<string, Uint8Array>;
  oracle: Oracle;
} {
  const folder = join(root, name, 'onnx');
  const files = readdirSync(folder);
  const onnx = files.find((f) => f.endsWith('.onnx')) ?? '';
  return {
    model: new Uint8Array(readFileSync(join(folder, onnx))),
    external: new Map(files.filter((f) => f !== onnx).map((f) => [f, new Uint8Array(readFileSync(join(folder, f)))])),
    oracle: JSON.parse(readFileSync(join(root, name, 'oracle.json'), 'utf8')),
  };
}

export type Feeds = Record<string, ort.Tensor>;

/** Runs a graph once; returns the named outputs. */
export async function runGraph(graph: Graph, feeds: Feeds, fetches?: string[]): Promise<Record<string, ort.Tensor>> {
  const { model, external } = serialise(graph);
  const session = await ort.InferenceSession.create(model, {
    externalData: external.map((file) => ({ path: file.path, data: bytesOf(file) })),
    executionProviders: ['wasm'],
    logSeverityLevel: 3,
  });
  try {
    return { ...(await session.run(feeds, fetches ?? session.outputNames)) };
  } finally {
    await session.release();
  }
}

export const f32 = (dims: readonly number[], data: Iterable<number>) =>
  new ort.Tensor('float32', Float32Array.from(data), dims);
export const i64 = (dims: readonly number[], data: readonly number[]) =>
  new ort.Tensor('int64', BigInt64Array.from(data.map(BigInt)), dims);
export const i32 = (dims: readonly number[], data: readonly number[]) =>
  new ort.Tensor('int32', Int32Array.from(data), dims);
export const bools = (dims: readonly number[], data: readonly boolean[]) => new ort.Tensor('bool', [...data], dims);
export const bool = (value: boolean) => bools([], [value]);

/** Feeds for one row without past, whatever inputs the graph declares: by their usual names. */
export function plainFeeds(graph: Graph, ids: readonly number[]): Feeds {
  const tokens = ids.length;
  const feeds: Feeds = {};
  for (const { name, dtype, shape } of graph.inputs) {
    const integers = (dims: readonly number[], values: readonly number[]) =>
      dtype === 'int32' ? i32(dims, values) : i64(dims, values);
    if (name === 'input_ids') feeds[name] = integers([1, tokens], ids);
    else if (name === 'attention_mask')
      feeds[name] = integers(
        [1, tokens],
        ids.map(() => 1),
      );
    else if (name === 'position_ids')
      feeds[name] = integers(
        [1, tokens],
        ids.map((_, i) => i),
      );
    else if (name === 'attention_bias')
      feeds[name] = f32(
        [1, 1, tokens, tokens],
        Array.from({ length: tokens * tokens }, (_, i) => (i % tokens > Math.floor(i / tokens) ? -1e9 : 0)),
      );
    else {
      const dims = (shape ?? []).map((d, i) => (typeof d === 'number' ? d : i === 0 ? 1 : i === 2 ? 0 : 16));
      feeds[name] = dtype === 'float16' ? new ort.Tensor('float16', new Uint16Array(0), dims) : f32(dims, []);
    }
  }
  return feeds;
}

/** Logits `[1, tokens, vocabulary]` of the last position at the given ids. */
export function lastLogits(logits: ort.Tensor | undefined, ids: readonly number[]): number[] {
  if (!logits) throw new Error('no logits');
  const vocabulary = logits.dims.at(-1) ?? 0;
  const data = logits.data as Float32Array;
  return ids.map((id) => data[data.length - vocabulary + id] ?? Number.NaN);
}
