import {
  attend,
  forGroups,
  type HeadSizes,
  HIDDEN,
  joinHeads,
  type Surroundings,
  softcap,
  splitHeads,
  times,
  withOwnBias,
  withPast,
  withSink,
} from './attend';
import type { GraphBuilder } from './builder';
import { DIMS } from './decoder';
import { multiHeadAttention, standardAttention, standardRotary } from './fused-attention';
import {
  float,
  floatAttr,
  type Graph,
  int,
  intAttr,
  LINEAR,
  layoutOf,
  type Node,
  unsupported,
  type ValueInfo,
} from './ir';
import { rewrite } from './rewrite';

const expansions: Readonly<Record<string, (node: Node, around: Surroundings) => HeadSizes>> = {
  'com.microsoft:GroupQueryAttention': groupQueryAttention,
  'com.microsoft:MultiHeadAttention': multiHeadAttention,
  Attention: standardAttention,
  RotaryEmbedding: standardRotary,
};

/** Inputs of GroupQueryAttention with the norm weights of queries and of keys. */
const [Q_NORM, K_NORM] = [14, 15];

export const BIAS_INPUT = 'attention_bias';
const POSITIONS_INPUT = 'position_ids';

/**
 * Fused attention in plain operators. With h query heads, kv key heads, g = h / kv, head size d, T new tokens and S tokens
 * including the past:
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
  if (!graph.nodes.some(({ op }) => Object.hasOwn(expansions, op))) return graph;
  let around: Surroundings | null = null;
  const headSizes = new Map<string, number>();
  const next = rewrite(graph, 'attention/', (node, { builder }) => {
    const expand = Object.hasOwn(expansions, node.op) ? expansions[node.op] : undefined;
    if (!expand) return false;
    around ??= surroundings(builder, graph);
    for (const [names, size] of expand(node, around)) for (const name of names) headSizes.set(name ?? '', size);
    return true;
  });
  const sized = (value: ValueInfo): ValueInfo => {
    const headSize = headSizes.get(value.name);
    return headSize && value.shape ? { ...value, shape: [...value.shape.slice(0, 3), headSize] } : value;
  };
  return { ...next, inputs: next.inputs.map(sized), outputs: next.outputs.map(sized) };
}

function surroundings(b: GraphBuilder, graph: Graph): Surroundings {
  const declared = new Map([...graph.values.values(), ...graph.inputs].map(({ name, shape }) => [name, shape]));
  let bias: string | null = null;
  return {
    b,
    graph,
    widths: lastDims(graph),
    stacked: new Map(),
    shapeOf: (name) => declared.get(name) ?? graph.initializers.get(name)?.dims ?? null,
    bias: (node) => {
      if (bias === null && b.has(BIAS_INPUT))
        throw unsupported(node, `cannot be expanded because the model already has a value ${BIAS_INPUT}`);
      bias ??= b.input(BIAS_INPUT, 'float32', [DIMS.batch, 1, DIMS.tokens, DIMS.total]);
      return bias;
    },
    positions: () =>
      b.has(POSITIONS_INPUT) ? POSITIONS_INPUT : b.input(POSITIONS_INPUT, 'int64', [DIMS.batch, DIMS.tokens]),
  };
}

function groupQueryAttention(node: Node, around: Surroundings): HeadSizes {
  const { b, widths } = around;
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

  const normed = (x: string, input: number) => headNorm(node, b, x, input);
  const sizes = b.constant('int64', [3], [h, kv, kv]);
  const [queries = '', newKeys = '', newValues = ''] = packed
    ? b.add('Split', [splitHeads(b, query, h + 2 * kv, d), sizes], { outputs: 3, attrs: { axis: int(1) } })
    : [splitHeads(b, query, h, d), splitHeads(b, key, kv, d), splitHeads(b, value, kv, d)];
  // Scaling the tables of the query rotation scales the scores.
  const scale = floatAttr(node, 'scale', 0) || 1 / Math.sqrt(d);
  const q = rotary(node, around, { d, cos, sin, scale })(normed(queries, Q_NORM), h);
  const k = rotary(node, around, { d, cos, sin, scale: 1 })(normed(newKeys, K_NORM), kv);

  const [output = '', presentKey = '', presentValue = ''] = node.outputs;
  const keys = withPast(b, pastKey, k, presentKey);
  const values = withPast(b, pastValue, newValues, presentValue);
  const heads = { h, kv, g, d, dv: d };
  const found = attend(b, [q, keys, values], heads, (product) => {
    const own = withOwnBias(node, around, softcap(node, b, product), heads);
    return b.add('Add', [own, stackedBias(node, around, g)]);
  });
  joinHeads(b, withSink(node, b, found, heads), query, h * d, output);
  return [[[pastKey, pastValue, presentKey, presentValue], d]];
}

interface Rotation {
  readonly d: number;
  readonly cos: string;
  readonly sin: string;
  readonly scale: number;
}

/** Rotary embedding of `[batch, heads, T, d]`, times a scale; the scale alone for nodes that do not rotate. */
function rotary(node: Node, { b, positions: declared }: Surroundings, { d, cos, sin, scale }: Rotation) {
  if (intAttr(node, 'do_rotary', 0) === 0) return (x: string) => times(b, x, scale);
  const table = b.tensor(cos);
  if (!table || !b.tensor(sin)) throw unsupported(node, 'computes its cos and sin tables at run time');
  const rotated = 2 * (table.dims.at(-1) ?? 0);
  const positions = node.inputs[9] || declared();
  const whole = rotated === d;
  const tables = whole ? [b.scaled(cos, scale), b.scaled(sin, scale)] : [cos, sin];
  const rotate = (x: string, heads: number) =>
    b.add('com.microsoft:RotaryEmbedding', [x, positions, ...tables], {
      attrs: {
        interleaved: int(intAttr(node, 'rotary_interleaved', 0)),
        ...(whole ? {} : { rotary_embedding_dim: int(rotated), num_heads: int(heads) }),
      },
    });
  return whole ? rotate : (x: string, heads: number) => times(b, rotate(x, heads), scale);
}

/** RMSNorm of each head, if the node has a weight for it. */
function headNorm(node: Node, b: GraphBuilder, x: string, input: number): string {
  const weight = node.inputs[input] ?? '';
  if (weight === '') return x;
  const epsilon = float(floatAttr(node, 'qk_norm_epsilon', 1e-6));
  return b.add('SimplifiedLayerNormalization', [x, weight], { attrs: { axis: int(-1), epsilon } });
}

function stackedBias(node: Node, { b, bias: declared, stacked }: Surroundings, g: number): string {
  const window = intAttr(node, 'local_window_size', -1);
  const bias = declared(node);
  const key = `${window} ${g}`;
  const name = stacked.get(key) ?? forGroups(b, window > 0 ? windowed(b, bias, window) : bias, g);
  stacked.set(key, name);
  return name;
}

/** Sliding window: query i sees keys j > i - window, in cache slots, which are tokens as pasts are padded left. */
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

/** As far as the exporter or a weight tells. */
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
