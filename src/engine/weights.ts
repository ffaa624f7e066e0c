import type { Decoder } from '../graph/decoder';
import type { Initializer } from '../graph/ir';
import { present } from '../lib/assert';

/** Root mean square of the token embedding, as it stands where soft vectors are spliced. */
export function embeddingRms({ graph, embeddingTable }: Decoder): number {
  const table = present(graph.initializers.get(embeddingTable.weight), 'embedding table');
  const values = floats(table);
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += (values[i] as number) ** 2;
  return Math.sqrt(sum / values.length) * Math.abs(embeddingTable.scale);
}

/** Rows of the table that the quantiles are taken from. */
const SAMPLED_ROWS = 4000;

/** 5%, 50% and 95% quantile of the lengths of the vocabulary's vectors, over evenly spaced ones. */
export function embeddingNorms({ graph, embeddingTable, hidden }: Decoder): readonly [number, number, number] {
  const values = floats(present(graph.initializers.get(embeddingTable.weight), 'embedding table'));
  const rows = values.length / hidden;
  const step = Math.max(1, Math.floor(rows / SAMPLED_ROWS));
  const norms = Float64Array.from({ length: Math.floor(rows / step) }, (_, i) => {
    let sum = 0;
    for (let k = i * step * hidden; k < (i * step + 1) * hidden; k++) sum += (values[k] as number) ** 2;
    return Math.sqrt(sum) * Math.abs(embeddingTable.scale);
  }).sort();
  const quantile = (share: number) => norms[Math.round(share * (norms.length - 1))] ?? 0;
  return [quantile(0.05), quantile(0.5), quantile(0.95)];
}

/** Numbers that were learned: matrices and vectors, a shared one once, without rotary tables and the arithmetic's constants. */
export function parameterCount({ graph, headDim }: Decoder): number {
  const seen = new Set<string>();
  let count = 0;
  for (const tensor of graph.initializers.values()) {
    const isRotary = tensor.dims.length === 2 && tensor.dims[1] === headDim / 2;
    const key = `${tensor.bytes.byteOffset}:${tensor.bytes.byteLength}:${bufferId(tensor.bytes.buffer)}`;
    if (tensor.dtype !== 'float32' || isRotary || tensor.bytes.byteLength < 64 || seen.has(key)) continue;
    seen.add(key);
    count += tensor.bytes.byteLength / 4;
  }
  return count;
}

const ids = new WeakMap<ArrayBufferLike, number>();
let nextId = 0;
function bufferId(buffer: ArrayBufferLike): number {
  const id = ids.get(buffer) ?? nextId++;
  ids.set(buffer, id);
  return id;
}

function floats({ bytes }: Initializer): Float32Array {
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  return new Float32Array(aligned.buffer, aligned.byteOffset, aligned.byteLength / 4);
}
