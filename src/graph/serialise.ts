import { assert } from '../lib/assert';
import { domainOf } from './builder';
import { asBytes, toFloat32 } from './dequantise';
import { byteLengthOf, dtypeCode, viewKey } from './dtype';
import type { Attr, Dim, Graph, Initializer, Node, ValueInfo } from './ir';
import { ATTRIBUTE, type Parts, write } from './onnx-pb';
import { externalTensor, inlineTensor } from './tensor-proto';

const encoder = new TextEncoder();

/** Bytes from which an initializer is an external file. */
const EXTERNAL_FROM = 1024;

/** What opsets up to 22 need. */
const irVersion = 10n;

/** For one initializer, or for `uses` initializers with the same bytes. */
export interface WeightFile {
  readonly path: string;
  readonly data: Uint8Array;
  readonly uses: number;
  /** Makes the file's bytes of `data`; undefined: they are `data`. */
  readonly unpack?: NonNullable<Initializer['unpack']>;
  readonly beside?: Initializer['beside'];
  readonly byteLength: number;
}

export const bytesOf = ({ data, unpack }: WeightFile): Uint8Array => (unpack ? unpack(data) : data);

export interface SerialisedGraph {
  readonly model: Uint8Array;
  readonly external: readonly WeightFile[];
}

/** One file per distinct view of bytes. */
class ExternalData {
  readonly files: WeightFile[] = [];
  readonly from: number;
  readonly #known = new Map<string, WeightFile & { uses: number }>();
  readonly #buffers = new Map<ArrayBufferLike, number>();

  constructor(from: number) {
    this.from = from;
  }

  path({ dtype, dims, bytes, unpack, beside = [] }: Initializer): string {
    const key = `${viewKey(bytes, this.#buffers)}:${bytes.byteLength}`;
    const known = this.#known.get(key);
    if (known && !unpack) {
      known.uses++;
      return known.path;
    }
    const file = { path: `w${this.files.length}`, data: bytes, uses: 1, byteLength: byteLengthOf(dtype, dims) };
    if (unpack) this.files.push({ ...file, unpack, beside });
    else {
      this.#known.set(key, file);
      this.files.push(file);
    }
    return file.path;
  }
}

/** Large weights of a lowered graph are external files, by reference. */
export function serialise(graph: Graph, externalFrom = EXTERNAL_FROM): SerialisedGraph {
  const external = new ExternalData(externalFrom);
  const model = write('Model', {
    irVersion,
    producerName: 'softprompt-studio',
    opsetImport: Object.entries(graph.opsets).map(([domain, version]) => ({ domain, version: BigInt(version) })),
    graph: writeGraph(graph, external, true),
  });
  return { model, external: external.files };
}

/** Makes packed matrices float32 when they are read. */
function unpacking({ packing, ...tensor }: Initializer): Initializer {
  if (!packing) return tensor;
  const unpack = (bytes: Uint8Array) => asBytes(toFloat32({ ...tensor, bytes, packing }));
  return { ...tensor, unpack, beside: packing === 'float16' ? [] : [packing.scales, packing.zeroPoints] };
}

function writeGraph(graph: Graph, external: ExternalData, top: boolean): Parts<'Graph'> {
  return {
    name: graph.name || 'graph',
    input: graph.inputs.map(writeValue),
    // The runtime infers the types of a branch's outputs.
    output: graph.outputs.map((value) => (top || value.shape ? writeValue(value) : { name: value.name })),
    initializer: [...graph.initializers.values()]
      .map(unpacking)
      .map((tensor) =>
        byteLengthOf(tensor.dtype, tensor.dims) >= external.from
          ? externalTensor(tensor, external.path(tensor))
          : inlineTensor(tensor),
      ),
    node: graph.nodes.map((node) => writeNode(node, external)),
  };
}

const writeValue = ({ name, dtype, shape }: ValueInfo): Parts<'Value'> => ({
  name,
  type: { tensor: { elemType: dtypeCode(dtype), ...(shape ? { shape: { dim: shape.map(writeDim) } } : {}) } },
});

function writeDim(dim: Dim): Parts<'Dim'> {
  if (dim === null) return {};
  return typeof dim === 'number' ? { value: BigInt(dim) } : { param: dim };
}

function writeNode(node: Node, external: ExternalData): Parts<'Node'> {
  const domain = domainOf(node.op);
  assert(domain !== 'studio', `${node.op} node ${node.name} was not lowered`);
  return {
    name: node.name,
    domain,
    opType: domain === '' ? node.op : node.op.slice(domain.length + 1),
    input: node.inputs,
    output: node.outputs,
    attribute: Object.entries(node.attrs).map(([name, attr]) => writeAttr(name, attr, external)),
  };
}

const maxInt64 = 2n ** 63n - 1n;

/** The largest int64 is 2^63 as a double. */
function int64(value: number): bigint {
  const exact = BigInt(Math.trunc(value));
  return exact > maxInt64 ? maxInt64 : exact;
}

function writeAttr(name: string, attr: Attr, external: ExternalData): Parts<'Attribute'> {
  const kind = { name, type: ATTRIBUTE[attr.type] };
  switch (attr.type) {
    case 'int':
      return { ...kind, i: int64(attr.value) };
    case 'float':
      return { ...kind, f: attr.value };
    case 'string':
      return { ...kind, s: encoder.encode(attr.value) };
    case 'ints':
      return { ...kind, ints: attr.value.map(int64) };
    case 'floats':
      return { ...kind, floats: attr.value };
    case 'strings':
      return { ...kind, strings: attr.value.map((s) => encoder.encode(s)) };
    case 'tensor':
      return { ...kind, t: inlineTensor(attr.value) };
    case 'graph':
      return { ...kind, g: writeGraph(attr.value, external, false) };
  }
}
