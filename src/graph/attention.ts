import { present } from '../lib/assert';
import { withOwnBias, withSink } from './attention-extras';
import type { GraphBuilder } from './builder';
import { DIMS } from './decoder';
import { scaledTensor } from './dequantise';
import {
  float,
  floatAttr,
  type Graph,
  int,
  intAttr,
  ints,
  LINEAR,
  layoutOf,
  type Node,
  unsupported,
  type ValueInfo,
} from './ir';
import { rewrite } from './rewrite';

const GQA = 'com.microsoft:GroupQueryAttention';

/** Inputs of GroupQueryAttention with the norm weights of queries and of keys. */
const [Q_NORM, K_NORM] = [14, 15];
/** Added to the score of a key outside the window; exp(-1e9) is exactly 0. */
const HIDDEN = -1e9;

/** Inputs that the expansion adds. */
export const BIAS_INPUT = 'attention_bias';
const POSITIONS_INPUT = 'position_ids';

/**
 * GroupQueryAttention in plain operators. With h query heads, kv key heads, g = h / kv, head size d, T new tokens and S
 * tokens including the past:
 *
 *     q, k = Rotary(q), Rotary(k)                      positions from the input `position_ids` [batch, T]
 *     K, V = Concat(past, new)                         [batch, kv, S, d], the present outputs
 *     P    = Softmax(scale q K^T + bias)               q as [batch, kv, g T, d], so no key is repeated; scaled by the rotation
 *     y    = P V                                       back to [batch, T, h d]
 *
 * `bias` is the input `attention_bias` [batch, 1, T, S] (0 or -1e9), stacked g times along T once for all layers. It
 * carries causality and padding, so the exporter's mask arithmetic is dead code afterwards.
 * @throws StudioError `model-unsupported` for quantised caches, and for a bias with an unknown number of heads
 */
export function expandAttention(graph: Graph): Graph {
  if (!graph.nodes.some((node) => node.op === GQA)) return graph;
  const widths = lastDims(graph);
  let shared: Shared | null = null;
  const headSizes = new Map<string, number>();
  const next = rewrite(graph, 'attention/', (node, { builder }) => {
    if (node.op !== GQA) return false;
    shared ??= declareInputs(builder, node);
    const headSize = expand(node, builder, shared, { widths, graph });
    for (const name of [...node.inputs.slice(3, 5), ...node.outputs.slice(1, 3)]) headSizes.set(name, headSize);
    return true;
  });
  // Some exporters leave the head size of the cache symbolic.
  const sized = (value: ValueInfo): ValueInfo => {
    const headSize = headSizes.get(value.name);
    return headSize && value.shape ? { ...value, shape: [...value.shape.slice(0, 3), headSize] } : value;
  };
  return { ...next, inputs: next.inputs.map(sized), outputs: next.outputs.map(sized) };
}

interface Shared {
  readonly bias: string;
  readonly positions: string;
  /** The bias stacked g times along the query axis, by window and g. */
  readonly stacked: Map<string, string>;
}

function declareInputs(builder: GraphBuilder, node: Node): Shared {
  if (builder.has(BIAS_INPUT))
    throw unsupported(node, `cannot be expanded because the model already has a value ${BIAS_INPUT}`);
  const positions = builder.has(POSITIONS_INPUT)
    ? POSITIONS_INPUT
    : builder.input(POSITIONS_INPUT, 'int64', [DIMS.batch, DIMS.tokens]);
  const bias = builder.input(BIAS_INPUT, 'float32', [DIMS.batch, 1, DIMS.tokens, DIMS.total]);
  return { bias, positions, stacked: new Map() };
}

/** Returns the head size. */
function expand(
  node: Node,
  b: GraphBuilder,
  shared: Shared,
  { widths, graph }: { readonly widths: ReadonlyMap<string, number>; readonly graph: Graph },
): number {
  const [query = '', key = '', value = '', pastKey = '', pastValue = '', , , cos = '', sin = ''] = node.inputs;
  refuseExtras(node);
  const h = intAttr(node, 'num_heads', 0);
  const kv = intAttr(node, 'kv_num_heads', h);
  const packed = key === '';
  const width = widths.get(query);
  if (width === undefined) throw unsupported(node, `has a query of unknown width (${query})`);
  const d = width / (packed ? h + 2 * kv : h);
  const g = h / kv;
  if (!Number.isInteger(d) || !Number.isInteger(g))
    throw unsupported(node, `has ${h} heads, ${kv} key heads and width ${width}, which do not divide`);

  // Leading axes are spelled out, not copied by zeros, so that `lower` sees that they never change.
  const leading = (x: string) => b.add('Shape', [x], { attrs: { start: int(0), end: int(-1) } });
  const shaped = (x: string, like: string, tail: readonly number[], name?: string) => {
    const shape = b.add('Concat', [leading(like), b.constant('int64', [tail.length], tail)], {
      attrs: { axis: int(0) },
    });
    return b.add('Reshape', [x, shape], { name });
  };
  const heads = (x: string, n: number) =>
    b.add('Transpose', [shaped(x, x, [n, d])], { attrs: { perm: ints([0, 2, 1, 3]) } });
  const normed = (x: string, input: number) => headNorm(node, b, x, input);
  const sizes = b.constant('int64', [3], [h, kv, kv]);
  const [queries = '', newKeys = '', newValues = ''] = packed
    ? b.add('Split', [heads(query, h + 2 * kv), sizes], { outputs: 3, attrs: { axis: int(1) } })
    : [heads(query, h), heads(key, kv), heads(value, kv)];
  // Scaling the tables of the query rotation scales the scores.
  const scale = floatAttr(node, 'scale', 0) || 1 / Math.sqrt(d);
  const q = rotary(node, b, shared, { d, cos, sin, scale })(normed(queries, Q_NORM), h);
  const k = rotary(node, b, shared, { d, cos, sin, scale: 1 })(normed(newKeys, K_NORM), kv);

  const [output = '', presentKey = '', presentValue = ''] = node.outputs;
  const withPast = (past: string, x: string, name: string) =>
    past === ''
      ? b.add('Identity', [x], { name: name || undefined })
      : b.add('Concat', [past, x], { name: name || undefined, attrs: { axis: int(2) } });
  const keys = withPast(pastKey, k, presentKey);
  const values = withPast(pastValue, newValues, presentValue);

  const folded = b.add('Reshape', [q, b.constant('int64', [4], [0, kv, -1, d])]);
  const transposed = b.add('Transpose', [keys], { attrs: { perm: ints([0, 1, 3, 2]) } });
  const product = softcap(node, b, b.add('MatMul', [folded, transposed]));
  const own = withOwnBias(node, b, product, { h, kv, g }, graph);
  const scores = b.add('Add', [own, stackedBias(node, b, shared, g)]);
  const p = b.add('Softmax', [scores], { attrs: { axis: int(-1) } });
  const byHead = b.add('Reshape', [b.add('MatMul', [p, values]), b.constant('int64', [4], [0, h, -1, d])]);
  const mixed = withSink(node, b, { mixed: byHead, scores, p }, { h, kv, g });
  const byToken = b.add('Transpose', [mixed], { attrs: { perm: ints([0, 2, 1, 3]) } });
  shaped(byToken, query, [h * d], output);
  return d;
}

interface Rotation {
  readonly d: number;
  readonly cos: string;
  readonly sin: string;
  readonly scale: number;
}

/** Rotary position embedding of `[batch, heads, T, d]`, times a scale; the scale alone for nodes that do not rotate. */
function rotary(node: Node, b: GraphBuilder, shared: Shared, { d, cos, sin, scale }: Rotation) {
  const times = (x: string) => (scale === 1 ? x : b.add('Mul', [x, b.constant('float32', [], [scale])]));
  if (intAttr(node, 'do_rotary', 0) === 0) return times;
  const table = b.tensor(cos);
  if (!table || !b.tensor(sin)) throw unsupported(node, 'computes its cos and sin tables at run time');
  const rotated = 2 * (table.dims.at(-1) ?? 0);
  const positions = node.inputs[9] || shared.positions;
  const whole = rotated === d;
  const tables = whole ? [scaledTable(b, cos, scale), scaledTable(b, sin, scale)] : [cos, sin];
  const rotate = (x: string, heads: number) =>
    b.add('com.microsoft:RotaryEmbedding', [x, positions, ...tables], {
      attrs: {
        interleaved: int(intAttr(node, 'rotary_interleaved', 0)),
        ...(whole ? {} : { rotary_embedding_dim: int(rotated), num_heads: int(heads) }),
      },
    });
  return whole ? rotate : (x: string, heads: number) => times(rotate(x, heads));
}

/** A table times a number, made once and shared by all layers. */
function scaledTable(b: GraphBuilder, name: string, factor: number): string {
  const twin = `${name}_times_${factor}`;
  if (factor === 1 || b.has(twin)) return factor === 1 ? name : twin;
  return b.initializer(scaledTensor(present(b.tensor(name), name), factor, twin));
}

function softcap(node: Node, b: GraphBuilder, scores: string): string {
  const cap = floatAttr(node, 'softcap', 0);
  if (cap === 0) return scores;
  const limit = b.constant('float32', [], [cap]);
  return b.add('Mul', [b.add('Tanh', [b.add('Div', [scores, limit])]), limit]);
}

/** RMSNorm of each head, if the node has a weight for it. */
function headNorm(node: Node, b: GraphBuilder, x: string, input: number): string {
  const weight = node.inputs[input] ?? '';
  if (weight === '') return x;
  const epsilon = float(floatAttr(node, 'qk_norm_epsilon', 1e-6));
  return b.add('SimplifiedLayerNormalization', [x, weight], { attrs: { axis: int(-1), epsilon } });
}

function stackedBias(node: Node, b: GraphBuilder, { bias, stacked }: Shared, g: number): string {
  const window = intAttr(node, 'local_window_size', -1);
  const stack = (name: string) =>
    g === 1 ? name : b.add('Concat', new Array<string>(g).fill(name), { attrs: { axis: int(2) } });
  const key = `${window} ${g}`;
  const name = stacked.get(key) ?? stack(window > 0 ? windowed(b, bias, window) : bias);
  stacked.set(key, name);
  return name;
}

/**
 * Sliding-window attention: query i sees the keys j > i - window, counted in cache slots. Pasts are padded on the left,
 * so distances in slots equal distances in tokens.
 */
function windowed(b: GraphBuilder, bias: string, window: number): string {
  const scalar = (value: number) => b.constant('int64', [], [value]);
  const shape = b.add('Shape', [bias]);
  const size = (axis: number) => b.add('Gather', [shape, scalar(axis)], { attrs: { axis: int(0) } });
  const [tokens, total] = [size(2), size(3)];
  const queries = b.add('Range', [b.add('Sub', [total, tokens]), total, scalar(1)]);
  const keys = b.add('Range', [scalar(0), total, scalar(1)]);
  const first = b.add('Sub', [b.add('Unsqueeze', [queries, b.constant('int64', [1], [1])]), scalar(window)]);
  const isHidden = b.add('LessOrEqual', [keys, first]);
  const hidden = b.add('Where', [isHidden, b.constant('float32', [], [HIDDEN]), b.constant('float32', [], [0])]);
  return b.add('Add', [bias, hidden]);
}

function refuseExtras(node: Node): void {
  const extra = ['k_scale', 'v_scale'].find((_, i) => (node.inputs[12 + i] ?? '') !== '');
  if (extra) throw unsupported(node, `has the input ${extra}, which is not supported`);
  if ((node.outputs[3] ?? '') !== '') throw unsupported(node, 'outputs its attention scores, which is not supported');
}

/** The last dimension of each value, as far as the exporter or a weight tells. */
function lastDims(graph: Graph): Map<string, number> {
  const out = new Map<string, number>();
  for (const { name, shape } of graph.inputs) {
    const width = shape?.at(-1);
    if (typeof width === 'number') out.set(name, width);
  }
  for (const node of graph.nodes)
    for (const name of node.outputs) {
      const declared = graph.values.get(name)?.shape?.at(-1);
      const width = typeof declared === 'number' ? declared : widthOf(node, graph, out);
      if (width !== undefined) out.set(name, width);
    }
  return out;
}

function widthOf(node: Node, graph: Graph, known: ReadonlyMap<string, number>): number | undefined {
  if (node.op === LINEAR) {
    const dims = graph.initializers.get(node.inputs[1] ?? '')?.dims ?? [];
    return layoutOf(node) === 'rows' ? dims[0] : dims[1];
  }
  if (node.op === 'Split' || node.op === 'Slice' || node.op === 'Reshape' || node.op === 'Transpose') return undefined;
  return known.get(node.inputs[0] ?? '');
}
