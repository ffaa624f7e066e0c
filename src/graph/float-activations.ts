import { GraphBuilder } from './builder';
import { type Attr, type Graph, int, type Node, unsupported } from './ir';
import { producers, type Rewriting, rewrite } from './rewrite';
import { prune } from './simplify';

const quantises = new Set([
  'DynamicQuantizeLinear',
  'QuantizeLinear',
  'MatMulInteger',
  'com.microsoft:MatMulIntegerToFloat',
  'com.microsoft:DynamicQuantizeMatMul',
]);

/**
 * Turns quantised activations into floats; quantised weights stay, behind a DequantizeLinear:
 *
 *     DynamicQuantizeLinear(x) -> q, s, z                       q = x, s = 1, z = 0
 *     Cast(MatMulInteger(q, W, z, zW)) * (s * sW)               MatMul(x, DequantizeLinear(W, sW, zW))
 *     DequantizeLinear(QuantizeLinear(x))                       x
 *
 * The result is the model before its activations were rounded to 8 bits.
 * @throws StudioError `model-unsupported`
 */
export function floatActivations(graph: Graph): Graph {
  if (!graph.nodes.some((node) => quantises.has(node.op))) return graph;
  const source = producers(graph);
  const touched = new Set(graph.nodes.filter((node) => quantises.has(node.op)).flatMap((node) => node.outputs));
  const values = new Map([...graph.values].filter(([name]) => !touched.has(name)));
  const floats = new Set<string>();
  return prune(rewrite({ ...graph, values }, 'float/', (node, to) => rewriteNode(node, to, { source, floats })));
}

const VIEW = /^(Gather|Transpose|Reshape|Squeeze|Unsqueeze|Slice|Identity)$/;

interface State {
  readonly source: ReadonlyMap<string, Node>;
  /** Values that the graph quantised, now floats. */
  readonly floats: Set<string>;
}

function rewriteNode(node: Node, to: Rewriting, { source, floats }: State): boolean {
  const [a = '', b = ''] = node.inputs;
  const [y = ''] = node.outputs;
  switch (node.op) {
    case 'DynamicQuantizeLinear': {
      to.replace(y, a);
      to.replace(node.outputs[1] ?? '', to.builder.constant('float32', [], [1]));
      to.replace(node.outputs[2] ?? '', to.builder.constant('float32', [], [0]));
      return true;
    }
    case 'QuantizeLinear':
      to.replace(y, a);
      floats.add(a);
      return true;
    case 'DequantizeLinear':
      if (!floats.has(a) || to.isOutput(y)) return false;
      to.replace(y, a);
      return true;
    case 'MatMulInteger':
      if (floats.has(a)) throw unsupported(node, 'multiplies activations with a fixed scale, which is not supported');
      product(to, node, { x: a, weight: b, scale: '', zero: node.inputs[3] ?? '', bias: '' });
      return true;
    case 'com.microsoft:MatMulIntegerToFloat': {
      const [, , , scale = '', , zero = '', bias = ''] = node.inputs;
      product(to, node, { x: a, weight: b, scale, zero, bias });
      return true;
    }
    case 'com.microsoft:DynamicQuantizeMatMul': {
      const [, , scale = '', zero = '', bias = ''] = node.inputs;
      product(to, node, { x: a, weight: b, scale, zero, bias });
      return true;
    }
    case 'Mul':
      return scaledProduct(node, to, source);
    default:
      if (VIEW.test(node.op) && floats.has(a)) floats.add(y);
      return false;
  }
}

interface Product {
  readonly x: string;
  readonly weight: string;
  /** '' = 1. */
  readonly scale: string;
  readonly zero: string;
  readonly bias: string;
}

function product({ builder }: Rewriting, node: Node, { x, weight, scale, zero, bias }: Product): void {
  const tensor = builder.tensor(weight);
  const [y = ''] = node.outputs;
  const attrs: Record<string, Attr> = tensor ? { axis: int(Math.max(tensor.dims.length - 1, 0)) } : {};
  const factor = scale === '' ? builder.constant('float32', [], [1]) : scale;
  const inputs = [weight, factor, ...(zero === '' ? [] : [zero])];
  const right = tensor ? builder.add('DequantizeLinear', inputs, { attrs }) : weight;
  if (bias === '') builder.push({ op: 'MatMul', name: node.name, inputs: [x, right], outputs: [y], attrs: {} });
  else builder.add('Add', [builder.add('MatMul', [x, right]), bias], { name: y });
}

/** `Cast(MatMulInteger(q, W, z, zW)) * (s * sW)`: moves the weight's scale into the weight. */
function scaledProduct(node: Node, to: Rewriting, source: ReadonlyMap<string, Node>): boolean {
  for (const [value = '', scales = ''] of [node.inputs, [...node.inputs].reverse()]) {
    const cast = source.get(value);
    const integer = cast?.op === 'Cast' ? source.get(cast.inputs[0] ?? '') : undefined;
    const factors = source.get(scales);
    if (integer?.op !== 'MatMulInteger' || factors?.op !== 'Mul') continue;
    const [q = '', weight = '', , zero = ''] = integer.inputs;
    const quantise = source.get(q);
    const scale = factors.inputs.find((name) => name !== quantise?.outputs[1]) ?? '';
    const isPlain = quantise?.op === 'DynamicQuantizeLinear' && factors.inputs.includes(quantise.outputs[1] ?? '');
    if (!isPlain || !to.builder.tensor(weight) || !to.builder.tensor(scale)) continue;
    product(to, node, { x: quantise.inputs[0] ?? '', weight, scale, zero, bias: '' });
    return true;
  }
  return false;
}

/**
 * Dequantises a constant before its rows or other views are taken, so that embedding and head share one table:
 * `DequantizeLinear(Gather(W, ids))` becomes `Gather(DequantizeLinear(W), ids)`. Only for a single scale.
 */
export function hoistDequantise(graph: Graph): Graph {
  const source = producers(graph);
  const builder = GraphBuilder.rewrite(graph, 'hoist/');
  for (const node of graph.nodes) {
    const [q = '', scale = '', zero = ''] = node.inputs;
    const view = node.op === 'DequantizeLinear' ? source.get(q) : undefined;
    const isView = view !== undefined && /^(Gather|Transpose|Reshape)$/.test(view.op);
    const oneScale = builder.tensor(scale)?.bytes.byteLength === 4 && (zero === '' || builder.tensor(zero));
    if (!isView || !oneScale || !builder.tensor(view.inputs[0] ?? '')) {
      builder.push(node);
      continue;
    }
    const float = builder.add('DequantizeLinear', [view.inputs[0] ?? '', ...node.inputs.slice(1)], {
      attrs: node.attrs,
    });
    builder.push({ ...view, name: node.name, inputs: [float, ...view.inputs.slice(1)], outputs: node.outputs });
  }
  return prune(builder.build());
}
