import { corruptModel, unsupportedModel } from '../lib/errors';
import { encode, maybeDType } from './dtype';
import {
  type Attr,
  type Dim,
  float,
  type Graph,
  type Initializer,
  int,
  ints,
  type Node,
  string,
  subgraph,
  type ValueInfo,
} from './ir';
import { ATTRIBUTE, type Message, read } from './onnx-pb';
import { ordered } from './rewrite';
import { type ExternalFiles, readTensor } from './tensor-proto';

const decoder = new TextDecoder();

/**
 * Constant nodes become initializers; weights are views of `bytes` or of the external files. Every value is defined once,
 * before it is read.
 * @throws StudioError `model-corrupt`, `model-missing-file`, `model-unsupported`
 */
export function parse(bytes: Uint8Array, external: ExternalFiles = new Map()): Graph {
  const model = read('Model', bytes);
  if (!model.graph || model.opsetImport.length === 0)
    throw corruptModel('The file contains no ONNX graph. It may be cut off, or not an ONNX file.');
  if (model.functions.length > 0)
    throw unsupportedModel(
      `The model defines custom functions (${model.functions.map((f) => f.name).join(', ')}), which are not supported. Export it with functions inlined.`,
    );
  const opsets = Object.fromEntries(
    model.opsetImport.map(({ domain, version }) => [domain === 'ai.onnx' ? '' : domain, Number(version)]),
  );
  return readGraph(model.graph, { opsets, files: external, scope: new Set() });
}

interface Surroundings {
  readonly opsets: Graph['opsets'];
  readonly files: ExternalFiles;
  /** Defined around a subgraph. */
  readonly scope: ReadonlySet<string>;
}

function readGraph(proto: Message<'Graph'>, around: Surroundings): Graph {
  const { opsets, files, scope: outer } = around;
  if (proto.sparseInitializer.length > 0)
    throw unsupportedModel('The model has sparse initializers, which are not supported.');
  const initializers = new Map<string, Initializer>();
  for (const tensor of proto.initializer) {
    if (initializers.has(tensor.name)) throw corruptModel(`Tensor ${tensor.name} is defined twice.`);
    initializers.set(tensor.name, readTensor(tensor, tensor.name, files));
  }
  const plain: Message<'Node'>[] = [];
  for (const node of proto.node) {
    const constant = isConstant(node) ? readConstant(node, files) : null;
    if (!constant) plain.push(node);
    else if (initializers.has(constant.name)) throw corruptModel(`Tensor ${constant.name} is defined twice.`);
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
    nodes: plain.map((node, i) => readNode(node, i, { ...around, scope })),
    values: new Map(proto.valueInfo.map((info) => [info.name, readValue(info)])),
  };
  return { ...graph, nodes: ordered(graph, outer) };
}

function readValue(proto: Message<'Value'>): ValueInfo {
  const { name } = proto;
  const type = Object.entries(proto.type ?? {}).find(([, value]) => value !== undefined)?.[0];
  // Intermediate values of subgraphs may come without any type.
  if (type === undefined) return { name, dtype: 'float32', shape: null };
  const tensor = proto.type?.tensor;
  if (!tensor) throw unsupportedModel(`Value ${name} is a ${type}; only tensors are supported.`);
  const dtype = maybeDType(tensor.elemType);
  if (!dtype)
    throw unsupportedModel(`Value ${name} has element type number ${tensor.elemType}, which is not supported.`);
  const shape = tensor.shape?.dim.map(({ value, param }): Dim => (value === undefined ? param || null : Number(value)));
  return { name, dtype, shape: shape ?? null };
}

function readNode(proto: Message<'Node'>, index: number, around: Surroundings): Node {
  const { opType, output, input } = proto;
  const domain = proto.domain === 'ai.onnx' ? '' : proto.domain;
  const op = domain === '' ? opType : `${domain}:${opType}`;
  const name = proto.name || `${opType}#${index}`;
  const attrs: Record<string, Attr> = {};
  for (const attr of proto.attribute) attrs[attr.name] = readAttr(attr, `${op} node ${name}`, around);
  return { op, name, inputs: input, outputs: output, attrs };
}

function readAttr(proto: Message<'Attribute'>, where: string, around: Surroundings): Attr {
  const { t, g } = proto;
  const readers: Readonly<Record<number, () => Attr | undefined>> = {
    [ATTRIBUTE.float]: () => float(proto.f),
    [ATTRIBUTE.int]: () => int(Number(proto.i)),
    [ATTRIBUTE.string]: () => string(decoder.decode(proto.s)),
    [ATTRIBUTE.floats]: () => ({ type: 'floats', value: proto.floats }),
    [ATTRIBUTE.ints]: () => ints(proto.ints.map(Number)),
    [ATTRIBUTE.strings]: () => ({ type: 'strings', value: proto.strings.map((s) => decoder.decode(s)) }),
    [ATTRIBUTE.tensor]: () => t && { type: 'tensor', value: readTensor(t, t.name || proto.name, around.files) },
    [ATTRIBUTE.graph]: () => g && subgraph(readGraph(g, around)),
  };
  const attr = readers[proto.type]?.();
  if (attr) return attr;
  throw unsupportedModel(`Attribute ${proto.name} of ${where} is of kind ${proto.type}, which is not supported.`);
}

const isConstant = (node: Message<'Node'>) =>
  node.opType === 'Constant' && (node.domain === '' || node.domain === 'ai.onnx');

function readConstant(node: Message<'Node'>, files: ExternalFiles): Initializer | null {
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
      throw unsupportedModel(
        `Constant node ${node.name || name} holds ${attr?.name ?? 'nothing'}, which is not supported.`,
      );
  }
}
