import type { Decoder } from '../graph/decoder';
import type { Initializer } from '../graph/ir';
import { present } from '../lib/assert';

/** Root mean square of the token embedding, as it stands where soft vectors are spliced. */
export function embeddingRms({ graph, embeddingTable }: Decoder): number {
  const table = present(graph.initializers.get(embeddingTable.weight), 'embedding table');
  const values = floats(table);
  let sum = 0;
  for (const value of values) sum += value * value;
  return Math.sqrt(sum / values.length) * Math.abs(embeddingTable.scale);
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
