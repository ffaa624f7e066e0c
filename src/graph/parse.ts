import { fromBinary } from '@bufbuild/protobuf';
import { StudioError } from '../lib/errors';
import { encode, maybeDType } from './dtype';
import {
  type AttributeProto,
  type GraphProto,
  AttributeProto_AttributeType as Kind,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  type ValueInfoProto,
} from './generated/onnx_pb';
import type { Attr, Dim, Graph, Initializer, Node, ValueInfo } from './ir';
import { ordered } from './rewrite';
import { type ExternalFiles, readTensor } from './tensor-proto';

const decoder = new TextDecoder();

/**
 * Reads an ONNX model. Constant nodes become initializers; weights are views of `bytes` or of the external files, not copies.
 * Checks that every value is defined once, before it is read.
 * @param external contents of the external data files by location, e.g. `model.onnx_data`
 * @throws StudioError `model-corrupt`, `model-missing-file`, `model-unsupported`
 */
export function parse(bytes: Uint8Array, external: ExternalFiles = new Map()): Graph {
  refuseTooMany(bytes);
  const model = decode(bytes);
  if (!model.graph || model.opsetImport.length === 0)
    throw new StudioError('model-corrupt', 'The file contains no ONNX graph. It may be cut off, or not an ONNX file.');
  if (model.functions.length > 0)
    throw new StudioError(
      'model-unsupported',
      `The model defines custom functions (${model.functions.map((f) => f.name).join(', ')}), which are not supported. Export it with functions inlined.`,
    );
  const opsets = Object.fromEntries(
    model.opsetImport.map(({ domain, version }) => [domain === 'ai.onnx' ? '' : domain, Number(version)]),
  );
  return readGraph(model.graph, opsets, external, new Set());
}

function decode(bytes: Uint8Array): ModelProto {
  try {
    return fromBinary(ModelProtoSchema, bytes);
  } catch (cause) {
    throw new StudioError(
      'model-corrupt',
      'The file is not a readable ONNX model. It may be cut off: download or export it again.',
      { cause },
    );
  }
}

function readGraph(
  proto: GraphProto,
  opsets: Graph['opsets'],
  files: ExternalFiles,
  outer: ReadonlySet<string>,
): Graph {
  if (proto.sparseInitializer.length > 0)
    throw new StudioError('model-unsupported', 'The model has sparse initializers, which are not supported.');
  const initializers = new Map<string, Initializer>();
  for (const tensor of proto.initializer) {
    if (initializers.has(tensor.name))
      throw new StudioError('model-corrupt', `Tensor ${tensor.name} is defined twice.`);
    initializers.set(tensor.name, readTensor(tensor, tensor.name, files));
  }
  const plain: NodeProto[] = [];
  for (const node of proto.node) {
    const constant = isConstant(node) ? readConstant(node, files) : null;
    if (!constant) plain.push(node);
    else if (initializers.has(constant.name))
      throw new StudioError('model-corrupt', `Tensor ${constant.name} is defined twice.`);
    else initializers.set(constant.name, constant);
  }
  // Before IR version 4 every initializer was also listed as an input.
  const inputs = proto.input.filter(({ name }) => !initializers.has(name)).map(readValue);
  const scope = new Set([
    ...outer,
    ...inputs.map((v) => v.name),
    ...initializers.keys(),
    ...plain.flatMap((node) => node.output),
  ]);
  const graph: Graph = {
    name: proto.name,
    opsets,
    inputs,
    outputs: proto.output.map(readValue),
    initializers,
    nodes: plain.map((node, i) => readNode(node, i, opsets, files, scope)),
    values: new Map(proto.valueInfo.map((info) => [info.name, readValue(info)])),
  };
  return { ...graph, nodes: ordered(graph, outer) };
}

function readValue(proto: ValueInfoProto): ValueInfo {
  const { name } = proto;
  const type = proto.type?.value;
  // Intermediate values of subgraphs may come without any type.
  if (!type || type.case === undefined) return { name, dtype: 'float32', shape: null };
  if (type.case !== 'tensorType')
    throw new StudioError('model-unsupported', `Value ${name} is a ${type.case}; only tensors are supported.`);
  const dtype = maybeDType(type.value.elemType);
  if (!dtype)
    throw new StudioError(
      'model-unsupported',
      `Value ${name} has element type number ${type.value.elemType}, which is not supported.`,
    );
  const shape = type.value.shape?.dim.map(({ value }): Dim => {
    if (value.case === 'dimValue') return Number(value.value);
    return value.case === 'dimParam' && value.value !== '' ? value.value : null;
  });
  return { name, dtype, shape: shape ?? null };
}

function readNode(
  proto: NodeProto,
  index: number,
  opsets: Graph['opsets'],
  files: ExternalFiles,
  scope: ReadonlySet<string>,
): Node {
  const { opType, output, input } = proto;
  const domain = proto.domain === 'ai.onnx' ? '' : proto.domain;
  const op = domain === '' ? opType : `${domain}:${opType}`;
  const name = proto.name || `${opType}#${index}`;
  const attrs: Record<string, Attr> = {};
  for (const attr of proto.attribute) attrs[attr.name] = readAttr(attr, `${op} node ${name}`, opsets, files, scope);
  return { op, name, inputs: input, outputs: output, attrs };
}

function readAttr(
  proto: AttributeProto,
  where: string,
  opsets: Graph['opsets'],
  files: ExternalFiles,
  scope: ReadonlySet<string>,
): Attr {
  switch (proto.type) {
    case Kind.FLOAT:
      return { type: 'float', value: proto.f };
    case Kind.INT:
      return { type: 'int', value: Number(proto.i) };
    case Kind.STRING:
      return { type: 'string', value: decoder.decode(proto.s) };
    case Kind.FLOATS:
      return { type: 'floats', value: proto.floats };
    case Kind.INTS:
      return { type: 'ints', value: proto.ints.map(Number) };
    case Kind.STRINGS:
      return { type: 'strings', value: proto.strings.map((s) => decoder.decode(s)) };
    case Kind.TENSOR:
      if (proto.t) return { type: 'tensor', value: readTensor(proto.t, proto.t.name || proto.name, files) };
      break;
    case Kind.GRAPH:
      if (proto.g) return { type: 'graph', value: readGraph(proto.g, opsets, files, scope) };
      break;
    default:
      break;
  }
  throw new StudioError(
    'model-unsupported',
    `Attribute ${proto.name} of ${where} is of kind ${Kind[proto.type] ?? proto.type}, which is not supported.`,
  );
}

const isConstant = (node: NodeProto) => node.opType === 'Constant' && (node.domain === '' || node.domain === 'ai.onnx');

function readConstant(node: NodeProto, files: ExternalFiles): Initializer | null {
  const name = node.output[0] ?? '';
  const attr = node.attribute[0];
  switch (attr?.name) {
    case 'value':
      return attr.t ? readTensor(attr.t, name, files) : null;
    case 'value_float':
      return { name, dtype: 'float32', dims: [], bytes: encode('float32', [attr.f]) };
    case 'value_floats':
      return { name, dtype: 'float32', dims: [attr.floats.length], bytes: encode('float32', attr.floats) };
    case 'value_int':
      return { name, dtype: 'int64', dims: [], bytes: encode('int64', [attr.i]) };
    case 'value_ints':
      return { name, dtype: 'int64', dims: [attr.ints.length], bytes: encode('int64', attr.ints) };
    default:
      throw new StudioError(
        'model-unsupported',
        `Constant node ${node.name || name} holds ${attr?.name ?? 'nothing'}, which is not supported.`,
      );
  }
}

/** Most fields of graphs and nodes that a model may have; the largest language models have a tenth of that. */
const MAX_PARTS = 2_000_000;

/** Message fields that contain more of the graph, by kind of message; all other fields are skipped. */
const INSIDE = {
  model: { 7: 'graph' },
  graph: { 1: 'node' },
  node: { 5: 'attribute' },
  attribute: { 6: 'graph', 11: 'graph' },
} as const satisfies Record<string, Readonly<Record<number, string>>>;

type Message = keyof typeof INSIDE;

/**
 * Counts the parts of an ONNX file without decoding it, so that a file with millions of nodes is refused before it costs
 * memory and time. Leaves malformed files to the decoder.
 * @throws StudioError `model-corrupt`
 */
export function refuseTooMany(bytes: Uint8Array): void {
  const open: { kind: Message; at: number; end: number }[] = [{ kind: 'model', at: 0, end: bytes.length }];
  let parts = 0;
  for (let top = open.at(-1); top; top = open.at(-1)) {
    if (top.at >= top.end) {
      open.pop();
      continue;
    }
    if (++parts > MAX_PARTS)
      throw new StudioError(
        'model-corrupt',
        `The model has more than ${MAX_PARTS.toLocaleString('en')} parts (nodes, their inputs, outputs and attributes, weights). No language model has that many, so it is not loaded.`,
      );
    const tag = varint(bytes, top.at);
    const field = Math.floor(tag.value / 8);
    const wire = tag.value % 8;
    const length = wire === 2 ? varint(bytes, tag.next) : null;
    const start = length?.next ?? tag.next;
    const end = length ? start + length.value : skipped(bytes, start, wire);
    if (end === null || end > top.end) return;
    top.at = end;
    const kind = (INSIDE[top.kind] as Readonly<Record<number, Message | undefined>>)[field];
    if (kind && length) open.push({ kind, at: start, end });
  }
}

/** Where a varint or a field of fixed size ends; null for wire types that ONNX does not use. */
function skipped(bytes: Uint8Array, at: number, wire: number): number | null {
  if (wire === 0) return varint(bytes, at).next;
  if (wire === 1) return at + 8;
  return wire === 5 ? at + 4 : null;
}

function varint(bytes: Uint8Array, at: number): { value: number; next: number } {
  let value = 0;
  let factor = 1;
  for (let i = at; i < bytes.length; i++, factor *= 128) {
    const byte = bytes[i] as number;
    value += (byte & 127) * factor;
    if (byte < 128) return { value, next: i + 1 };
  }
  return { value, next: bytes.length };
}
