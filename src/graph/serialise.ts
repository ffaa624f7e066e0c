import { create, toBinary } from '@bufbuild/protobuf';
import { assert } from '../lib/assert';
import { domainOf } from './builder';
import { byteLengthOf, dtypeCode } from './dtype';
import {
  type AttributeProto,
  AttributeProtoSchema,
  type GraphProto,
  GraphProtoSchema,
  AttributeProto_AttributeType as Kind,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  TensorShapeProto_DimensionSchema,
  TensorShapeProtoSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from './generated/onnx_pb';
import type { Attr, Dim, Graph, Initializer, Node, ValueInfo } from './ir';
import { externalTensor, inlineTensor } from './tensor-proto';

const encoder = new TextEncoder();

/** Initializers of at least this many bytes become external files. */
const externalFrom = 1024;

/** The ONNX IR version that opsets up to 22 need. */
const irVersion = 10n;

/** A "file" for one initializer, or for `uses` initializers with the same bytes. */
export interface WeightFile {
  readonly path: string;
  /** The initializer's own view. */
  readonly data: Uint8Array;
  readonly uses: number;
  /** Makes the file's bytes of `data`; left out = they are `data`. */
  readonly unpack?: NonNullable<Initializer['unpack']>;
  /** Of the file. */
  readonly byteLength: number;
}

export interface SerialisedGraph {
  readonly model: Uint8Array;
  readonly external: readonly WeightFile[];
}

/** Collects external files, one per distinct view of bytes. */
class ExternalData {
  readonly files: WeightFile[] = [];
  readonly #known = new Map<string, WeightFile & { uses: number }>();
  readonly #buffers = new Map<ArrayBufferLike, number>();

  path({ dtype, dims, bytes, unpack }: Initializer): string {
    const id = this.#buffers.get(bytes.buffer) ?? this.#buffers.size;
    this.#buffers.set(bytes.buffer, id);
    const key = `${id}:${bytes.byteOffset}:${bytes.byteLength}`;
    const known = this.#known.get(key);
    if (known && !unpack) {
      known.uses++;
      return known.path;
    }
    const file = { path: `w${this.files.length}`, data: bytes, uses: 1, byteLength: byteLengthOf(dtype, dims) };
    if (unpack) this.files.push({ ...file, unpack });
    else {
      this.#known.set(key, file);
      this.files.push(file);
    }
    return file.path;
  }
}

/**
 * Writes a graph as an ONNX model with its large weights as external files, by reference. Pseudo-operators must be lowered
 * first.
 */
export function serialise(graph: Graph): SerialisedGraph {
  const external = new ExternalData();
  const proto = create(ModelProtoSchema, {
    irVersion,
    producerName: 'softprompt-studio',
    opsetImport: Object.entries(graph.opsets).map(([domain, version]) =>
      create(OperatorSetIdProtoSchema, { domain, version: BigInt(version) }),
    ),
    graph: writeGraph(graph, external, true),
  });
  return { model: toBinary(ModelProtoSchema, proto), external: external.files };
}

function writeGraph(graph: Graph, external: ExternalData, top: boolean): GraphProto {
  return create(GraphProtoSchema, {
    name: graph.name || 'graph',
    input: graph.inputs.map(writeValue),
    // The runtime infers the types of a branch's outputs.
    output: graph.outputs.map((value) =>
      top || value.shape ? writeValue(value) : create(ValueInfoProtoSchema, { name: value.name }),
    ),
    initializer: [...graph.initializers.values()].map((tensor) =>
      byteLengthOf(tensor.dtype, tensor.dims) >= externalFrom
        ? externalTensor(tensor, external.path(tensor))
        : inlineTensor(tensor),
    ),
    node: graph.nodes.map((node) => writeNode(node, external)),
  });
}

function writeValue({ name, dtype, shape }: ValueInfo): ValueInfoProto {
  const tensor = create(TypeProto_TensorSchema, {
    elemType: dtypeCode(dtype),
    ...(shape ? { shape: create(TensorShapeProtoSchema, { dim: shape.map(writeDim) }) } : {}),
  });
  return create(ValueInfoProtoSchema, {
    name,
    type: create(TypeProtoSchema, { value: { case: 'tensorType', value: tensor } }),
  });
}

function writeDim(dim: Dim) {
  if (dim === null) return create(TensorShapeProto_DimensionSchema);
  return create(TensorShapeProto_DimensionSchema, {
    value: typeof dim === 'number' ? { case: 'dimValue', value: BigInt(dim) } : { case: 'dimParam', value: dim },
  });
}

function writeNode(node: Node, external: ExternalData): NodeProto {
  const domain = domainOf(node.op);
  assert(domain !== 'studio', `${node.op} node ${node.name} was not lowered`);
  return create(NodeProtoSchema, {
    name: node.name,
    domain,
    opType: domain === '' ? node.op : node.op.slice(domain.length + 1),
    input: [...node.inputs],
    output: [...node.outputs],
    attribute: Object.entries(node.attrs).map(([name, attr]) => writeAttr(name, attr, external)),
  });
}

const maxInt64 = 2n ** 63n - 1n;

/** As a double, the largest int64 is 2^63; this turns it back. */
function int64(value: number): bigint {
  const exact = BigInt(Math.trunc(value));
  return exact > maxInt64 ? maxInt64 : exact;
}

function writeAttr(name: string, attr: Attr, external: ExternalData): AttributeProto {
  const proto = create(AttributeProtoSchema, { name });
  switch (attr.type) {
    case 'int':
      proto.type = Kind.INT;
      proto.i = int64(attr.value);
      return proto;
    case 'float':
      proto.type = Kind.FLOAT;
      proto.f = attr.value;
      return proto;
    case 'string':
      proto.type = Kind.STRING;
      proto.s = encoder.encode(attr.value);
      return proto;
    case 'ints':
      proto.type = Kind.INTS;
      proto.ints = attr.value.map(int64);
      return proto;
    case 'floats':
      proto.type = Kind.FLOATS;
      proto.floats = [...attr.value];
      return proto;
    case 'strings':
      proto.type = Kind.STRINGS;
      proto.strings = attr.value.map((s) => encoder.encode(s));
      return proto;
    case 'tensor':
      proto.type = Kind.TENSOR;
      proto.t = inlineTensor(attr.value);
      return proto;
    case 'graph':
      proto.type = Kind.GRAPH;
      proto.g = writeGraph(attr.value, external, false);
      return proto;
  }
}
