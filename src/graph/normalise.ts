import { corruptModel, unsupportedModel } from '../lib/errors';
import { expandAttention } from './attention';
import type { GraphBuilder } from './builder';
import { type Decoder, nameDims } from './decoder';
import { toFloat32 } from './dequantise';
import { detect } from './detect';
import { dtypeCode, encode, isFloat, maybeDType, sizeOf, toNumbers } from './dtype';
import { expandQuantised, staysHalf } from './expand-quantised';
import { floatActivations, hoistDequantise } from './float-activations';
import { inferDTypes } from './infer/infer';
import {
  type Attr,
  type DType,
  type Graph,
  type Initializer,
  int,
  intAttr,
  intsAttr,
  LINEAR,
  type Node,
  unsupported,
  type ValueInfo,
} from './ir';
import { recogniseLinear, tieEmbeddings } from './linear';
import { recogniseNorms, recogniseSilu, splitSkipNorms } from './recognise';
import { branchResults, ordered, reads, rewrite } from './rewrite';
import { foldConstants, prune, shareCommon } from './simplify';

export interface NormaliseOptions {
  /** Empties the initializers while reading them, to free quantised weights; the caller must drop the files too. */
  readonly consume?: boolean;
}

const INTEGERS =
  'computes with 8-bit activations from end to end, which is not supported. Choose the fp32, fp16, q4 or dynamically quantised file of the model';

/** Cannot be run or differentiated. */
const refused: Readonly<Record<string, string>> = {
  'com.microsoft:Attention': 'is fused attention of a kind that is not supported',
  'com.microsoft:QMoE': 'is a mixture of experts, which is not supported',
  'com.microsoft:MoE': 'is a mixture of experts, which is not supported',
  Loop: 'is a loop, which is not supported',
  Scan: 'is a loop, which is not supported',
};

/**
 * Brings a decoder-only language model of any exporter into one form, with known names for inputs and outputs.
 * @throws StudioError `model-unsupported` naming operator and node
 */
export const normalise = (given: Graph, options: NormaliseOptions = {}): Decoder =>
  nameDims(detect(normaliseGraph(given, options)));

/**
 * Of any model: float32 weights, `studio:Linear` for products with them, attention and norms in plain operators.
 * @throws StudioError `model-unsupported` naming operator and node
 */
export function normaliseGraph(given: Graph, options: NormaliseOptions = {}): Graph {
  const graph = inlineIf(keepingAllLogits(given));
  refuseOperators(graph);
  // Fold aliases of weights (a Reshape of an initializer) before looking for quantised tensors.
  const folded = hoistDequantise(floatActivations(prune(foldConstants(upgradeOpset(graph)))));
  if (options.consume)
    for (const { initializers } of [given, graph]) if (initializers instanceof Map) initializers.clear();
  const float = widen(expandQuantised(folded));
  const plain = recogniseNorms(foldConstants(splitSkipNorms(float)));
  const linear = prune(tieEmbeddings(prune(recogniseLinear(plain))));
  const attention = prune(expandAttention(linear), { inputs: true });
  const shared = prune(recogniseSilu(shareCommon(attention)));
  refuseNaN(shared);
  return shared;
}

function refuseOperators({ nodes }: Graph): void {
  for (const node of nodes) {
    const integer = /(^|:)(QLinear|QGemm|QAttention|QEmbed)/.test(node.op) ? INTEGERS : undefined;
    const why = Object.hasOwn(refused, node.op) ? refused[node.op] : integer;
    if (why) throw unsupported(node, why);
    for (const attr of Object.values(node.attrs)) if (attr.type === 'graph') refuseOperators(attr.value);
  }
}

/** How many of the last positions get logits, in exports of transformers; 0 = all, and the program chooses its own. */
const KEPT_LOGITS = /^(?:num_)?logits_to_keep$/;

/** Zero in place of that input. */
function keepingAllLogits(graph: Graph): Graph {
  const kept = graph.inputs.find(({ name }) => KEPT_LOGITS.test(name));
  if (kept?.dtype !== 'int64' && kept?.dtype !== 'int32') return graph;
  const dims = (kept.shape ?? []).map((dim) => (typeof dim === 'number' ? dim : 1));
  const bytes = encode(kept.dtype, new Array<number>(sizeOf(dims)).fill(0));
  const zero = { name: kept.name, dtype: kept.dtype, dims, bytes };
  return {
    ...graph,
    inputs: graph.inputs.filter((v) => v !== kept),
    initializers: new Map([...graph.initializers, [kept.name, zero]]),
  };
}

/**
 * The branch that an `If` takes. Its condition is a constant, or the switch `use_cache_branch` of older exports, which hold the
 * model without and with a past: the latter was traced on a single token and may not be causal over several. Of two branches
 * that hold only tables (rotary ones for short and for long texts) the shorter counts up to the length that it reaches.
 */
export function inlineIf(graph: Graph): Graph {
  const switches = new Set(graph.inputs.filter((v) => v.dtype === 'bool').map((v) => v.name));
  let next = graph;
  for (const node of graph.nodes) {
    const taken = node.op === 'If' ? branchOf(node, graph, switches) : null;
    if (taken) next = inlined(next, node, taken);
  }
  if (next === graph) return graph;
  const used = new Set(next.nodes.flatMap(reads));
  // Inputs of the dropped branch would look like a cache that the graph reads.
  return prune({ ...next, inputs: next.inputs.filter((v) => used.has(v.name)) });
}

function branchOf(node: Node, graph: Graph, switches: ReadonlySet<string>): Graph | null {
  const [condition = ''] = node.inputs;
  const [then, otherwise] = [node.attrs.then_branch, node.attrs.else_branch];
  if (then?.type !== 'graph' || otherwise?.type !== 'graph') return null;
  const constant = graph.initializers.get(condition);
  if (constant?.dtype === 'bool') return toNumbers(constant)[0] ? then.value : otherwise.value;
  const [one, other] = [tableRows(then.value), tableRows(otherwise.value)];
  if (one !== null && other !== null) return one <= other ? then.value : otherwise.value;
  if (!switches.has(condition)) return null;
  const inputs = new Set(graph.inputs.map((v) => v.name));
  const readsOf = ({ nodes }: Graph) => new Set(nodes.flatMap(reads).filter((name) => inputs.has(name))).size;
  return readsOf(then.value) < readsOf(otherwise.value) ? then.value : otherwise.value;
}

/** Null where the branch computes something. */
function tableRows({ nodes, outputs, initializers }: Graph): number | null {
  if (nodes.some(({ op }) => op !== 'Identity')) return null;
  const from = new Map(nodes.map(({ inputs, outputs: to }) => [to[0] ?? '', inputs[0] ?? '']));
  const rows = outputs.map(({ name }) => initializers.get(from.get(name) ?? name)?.dims[0]);
  return rows.every((each) => each !== undefined) && rows.length > 0 ? Math.min(...rows) : null;
}

function inlined(graph: Graph, node: Node, branch: Graph): Graph {
  const next = {
    ...graph,
    initializers: new Map([...graph.initializers, ...branch.initializers]),
    nodes: [...graph.nodes.filter((other) => other !== node), ...branch.nodes, ...branchResults(node, branch)],
    values: new Map([...graph.values, ...branch.values]),
  };
  return { ...next, nodes: ordered(next) };
}

/** @throws StudioError `model-corrupt` for weights that are NaN, and in matrices infinite (elsewhere a mask may be) */
function refuseNaN(graph: Graph): void {
  const matrices = new Set(graph.nodes.flatMap(({ op, inputs }) => (op === LINEAR ? inputs.slice(1) : [])));
  for (const tensor of graph.initializers.values()) {
    if (tensor.dtype !== 'float32') continue;
    const { packing } = tensor;
    // Packed integers are finite, and their scales are quicker to look through.
    if (packing === 'float16' && finiteHalves(tensor.bytes)) continue;
    if (packing && packing !== 'float16') {
      const { scales, zeroPoints } = packing;
      if (allFinite(scales) && (typeof zeroPoints === 'number' || allFinite(zeroPoints))) continue;
    }
    const values = toFloat32(tensor);
    if (allFinite(values)) continue;
    const isWrong = matrices.has(tensor.name) ? notFinite : Number.isNaN;
    const at = values.findIndex(isWrong);
    if (at >= 0)
      throw corruptModel(
        `The weight ${tensor.name} [${tensor.dims}] is ${values[at]} at element ${at}, so the model cannot be run. Download or export it again.`,
        { data: { tensor: tensor.name } },
      );
  }
}

/** 0 x is 0 only for finite x. 25 times faster than testing each element, which matters for 135 million of them. */
function allFinite(values: Float32Array): boolean {
  let [a, b, c, d] = [0, 0, 0, 0];
  const whole = values.length & ~3;
  for (let i = 0; i < whole; i += 4) {
    a += (values[i] as number) * 0;
    b += (values[i + 1] as number) * 0;
    c += (values[i + 2] as number) * 0;
    d += (values[i + 3] as number) * 0;
  }
  for (let i = whole; i < values.length; i++) a += (values[i] as number) * 0;
  return a + b + c + d === 0;
}

/** No exponent is that of infinity and NaN. */
function finiteHalves({ buffer, byteOffset, byteLength }: Uint8Array): boolean {
  const view = new DataView(buffer, byteOffset, byteLength);
  for (let at = 0; at < byteLength; at += 2) if ((view.getUint16(at, true) & 0x7c00) === 0x7c00) return false;
  return true;
}

const notFinite = (value: number) => !Number.isFinite(value);

/** Of the default domain. */
export const minimumOpset = 18;

/** `axes` or `split` moved from an attribute to the second input in this opset. */
const moved: Readonly<Record<string, readonly [attr: string, since: number]>> = {
  Squeeze: ['axes', 13],
  Unsqueeze: ['axes', 13],
  ReduceSum: ['axes', 13],
  Split: ['split', 13],
  ...Object.fromEntries(
    'Mean Max Min Prod L1 L2 LogSum LogSumExp SumSquare'
      .split(' ')
      .map((what) => [`Reduce${what}`, ['axes', 18] as const]),
  ),
};

/** @throws StudioError `model-unsupported` below opset 11 */
export function upgradeOpset(graph: Graph): Graph {
  const opset = graph.opsets[''] ?? 1;
  if (opset >= minimumOpset) return graph;
  if (opset < 11)
    throw unsupportedModel(`The model was exported for ONNX opset ${opset}; 11 or newer is needed. Export it again.`);
  const next = rewrite(graph, 'opset/', (node, { builder }) => upgradeNode(node, opset, builder));
  return { ...next, opsets: { ...next.opsets, '': minimumOpset } };
}

function upgradeNode(node: Node, opset: number, builder: GraphBuilder): boolean {
  if (node.op === 'Softmax' && opset < 13) {
    // Softmax used to flatten all axes from `axis` on; for the last axis that makes no difference.
    const axis = intAttr(node, 'axis', 1);
    if (axis !== -1 && axis !== 3) throw unsupported(node, `flattens axes from ${axis} on, which changed in opset 13`);
    builder.push({ ...node, attrs: { ...node.attrs, axis: int(-1) } });
    return true;
  }
  const entry = moved[node.op];
  if (!entry || opset >= entry[1]) {
    if (node.op !== 'Split' || node.inputs[1]) return false;
    // Since opset 18, a Split into equal parts must state their number.
    builder.push({ ...node, attrs: { ...node.attrs, num_outputs: int(node.outputs.length) } });
    return true;
  }
  const { [entry[0]]: _, ...attrs } = node.attrs;
  const values = intsAttr(node, entry[0]);
  const inputs = [...node.inputs.slice(0, 1), ...(values ? [builder.constant('int64', [values.length], values)] : [])];
  const parts = node.op === 'Split' && !values ? { num_outputs: int(node.outputs.length) } : {};
  builder.push({ ...node, inputs, attrs: { ...attrs, ...parts } });
  return true;
}

const isOther = (dtype: DType) => isFloat(dtype) && dtype !== 'float32';

const widenValue = (value: ValueInfo): ValueInfo => (isOther(value.dtype) ? { ...value, dtype: 'float32' } : value);

function widenTensor(tensor: Initializer): Initializer {
  if (!isOther(tensor.dtype)) return tensor;
  if (staysHalf(tensor)) return { ...tensor, dtype: 'float32', packing: 'float16' };
  const values = toFloat32(tensor);
  return { ...tensor, dtype: 'float32', bytes: new Uint8Array(values.buffer) };
}

/** To float32; casts that change nothing go. Matrices stay halves until they are used or serialised. */
export function widen(graph: Graph): Graph {
  const types = inferDTypes(graph);
  const initializers = new Map([...graph.initializers].map(([name, tensor]) => [name, widenTensor(tensor)]));
  const values = new Map([...graph.values].map(([name, value]) => [name, widenValue(value)]));
  const source: Graph = {
    ...graph,
    initializers,
    values,
    inputs: graph.inputs.map(widenValue),
    outputs: graph.outputs.map(widenValue),
  };
  return rewrite(source, '', (original, to) => {
    const node = widenAttrs(original);
    const [input = '', output = ''] = [node.inputs[0], node.outputs[0]];
    const from = types.get(input);
    const target = types.get(output);
    const idle = node.op === 'Cast' && from && target && (from === target || (isFloat(from) && isFloat(target)));
    if (!idle) to.builder.push(node);
    else if (to.isOutput(output)) to.builder.add('Identity', [input], { name: output });
    else to.replace(output, input);
    return true;
  });
}

function widenAttrs(node: Node): Node {
  const attrs: Record<string, Attr> = { ...node.attrs };
  const to = maybeDType(intAttr(node, 'to', 0));
  if (node.op === 'Cast' && to && isOther(to)) attrs.to = int(dtypeCode('float32'));
  for (const [name, attr] of Object.entries(attrs))
    if (attr.type === 'tensor') attrs[name] = { type: 'tensor', value: widenTensor(attr.value) };
  return { ...node, attrs };
}
