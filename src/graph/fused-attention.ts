import {
  attend,
  type HeadSizes,
  HIDDEN,
  joinHeads,
  type Surroundings,
  softcap,
  splitHeads,
  times,
  withPast,
} from './attend';
import { toNumbers } from './dtype';
import { inferDTypes } from './infer/infer';
import { floatAttr, type Graph, int, intAttr, ints, type Node, tensorAttr, unsupported } from './ir';
import { producers, reads } from './rewrite';

/**
 * `com.microsoft:MultiHeadAttention`, https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md: query
 * `[batch, T, h d]` with key and value of their own, or packed as `[batch, T, h, 3, d]` or with keys and values as
 * `[batch, S, h, 2, d]`; keys and values may also be split into heads, `[batch, h, S, d]`.
 * @throws StudioError `model-unsupported` naming what is not covered
 */
export function multiHeadAttention(node: Node, around: Surroundings): HeadSizes {
  const { b } = around;
  const [, , , bias = '', padding = '', added = '', pastKey = '', pastValue = '', pastLength, beams] = node.inputs;
  if (pastLength || beams)
    throw unsupported(node, 'shares a buffer between its past and present, which is not supported');
  const h = intAttr(node, 'num_heads', 0);
  const { parts, d, dv } = headsOf(node, around, h);
  const [q = '', k = '', v = ''] = bias === '' ? parts : biased(around, parts, bias, [h, d, dv]);
  const [output, presentKey, presentValue] = outputsOf(node);
  const keys = withPast(b, pastKey, k, presentKey);
  const values = withPast(b, pastValue, v, presentValue);
  const isMask = added !== '' && isPlainMask(around.graph, added);
  const biases = [
    ...(added === '' || isMask ? [] : [added]),
    ...(padding === '' ? [] : [paddingBias(node, around, padding)]),
    ...(isMask || intAttr(node, 'unidirectional', 0) === 1 ? [around.bias(node)] : []),
  ];
  const scaled = times(b, q, floatAttr(node, 'scale', 0) || 1 / Math.sqrt(d));
  const sum = total(around, biases);
  const score = (product: string) => (sum === null ? product : b.add('Add', [product, sum]));
  const { mixed } = attend(b, [scaled, keys, values], { h, kv: h, g: 1, d, dv }, score);
  // A packed query has two more axes; its heads do not change the leading ones.
  if (isPacked(node)) {
    const byToken = b.add('Transpose', [mixed], { attrs: { perm: ints([0, 2, 1, 3]) } });
    b.add('Reshape', [byToken, b.constant('int64', [3], [0, 0, h * dv])], { name: output });
  } else joinHeads(b, mixed, node.inputs[0] ?? '', h * dv, output);
  return sizes([pastKey, presentKey], d, [pastValue, presentValue], dv);
}

const isPacked = ({ inputs }: Node) => !inputs[1] && !inputs[2];

/** Without a bias. */
function headsOf(node: Node, around: Surroundings, h: number) {
  const { b, shapeOf, widths } = around;
  const [query = '', key = '', value = ''] = node.inputs;
  const width = (name: string, heads: number) => {
    const size = (widths.get(name) ?? Number.NaN) / heads;
    if (!Number.isInteger(size)) throw unsupported(node, `has ${name} of a width that its ${h} heads do not divide`);
    return size;
  };
  /** `[batch, T, h, n, d]` as n values `[batch, h, T, d]`. */
  const unpacked = (packed: string, n: number) => {
    const byPart = b.add('Transpose', [packed], { attrs: { perm: ints([3, 0, 2, 1, 4]) } });
    const parts = b.add('Split', [byPart, b.constant('int64', [n], new Array<number>(n).fill(1))], {
      outputs: n,
      attrs: { axis: int(0) },
    });
    return parts.map((part) => b.add('Squeeze', [part, b.constant('int64', [1], [0])]));
  };
  if (isPacked(node)) return { parts: unpacked(query, 3), d: width(query, 1), dv: width(query, 1) };
  const d = width(query, h);
  const q = splitHeads(b, query, h, d);
  if (value === '') return { parts: [q, ...unpacked(key, 2)], d, dv: d };
  const isSplit = shapeOf(key)?.length === 4;
  if (isSplit) return { parts: [q, key, value], d, dv: width(value, 1) };
  const dv = width(value, h);
  return { parts: [q, splitHeads(b, key, h, d), splitHeads(b, value, h, dv)], d, dv };
}

/** The parts plus their stretches of one bias `[h d + h d + h dv]`. */
function biased(
  { b }: Surroundings,
  parts: readonly string[],
  bias: string,
  [h, d, dv]: readonly [number, number, number],
) {
  const split = b.constant('int64', [3], [h * d, h * d, h * dv]);
  const stretches = b.add('Split', [bias, split], { outputs: 3, attrs: { axis: int(0) } });
  return parts.map((part, i) => {
    const byHead = b.constant('int64', [3], [h, 1, i === 2 ? dv : d]);
    return b.add('Add', [part, b.add('Reshape', [stretches[i] ?? '', byHead])]);
  });
}

/**
 * Whether a bias says no more than which keys are padding or later than the query: computed from `attention_mask` and shapes,
 * from no other numbers than 0, 1 and large negative ones, and without a distance such as a window's. Our own input then
 * replaces it, because the model builder's arithmetic takes one token after a past, and we run several.
 */
function isPlainMask(graph: Graph, bias: string): boolean {
  const source = producers(graph);
  const inputs = new Set<string>();
  const seen = new Set<string>();
  const pending = [bias];
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (name === '' || seen.has(name)) continue;
    seen.add(name);
    const node = source.get(name);
    const tensor = graph.initializers.get(name) ?? (node && tensorAttr(node, 'value'));
    const numbers = tensor ? (tensor.dims.length < 2 ? toNumbers(tensor) : [Number.NaN]) : [];
    if (!numbers.every((n) => (n >= -1 && n <= 3 && Number.isInteger(n)) || n <= -1e4 || n >= 2 ** 31 - 1))
      return false;
    if (graph.inputs.some((v) => v.name === name)) inputs.add(name);
    // Shapes say nothing of contents, and a Tile repeats a mask for each head.
    if (node?.op === 'Tile') pending.push(node.inputs[0] ?? '');
    else if (node && node.op !== 'Shape') pending.push(...reads(node));
  }
  return inputs.size === 1 && inputs.has('attention_mask');
}

/** Of ones and zeros, `[batch, S]` or `[batch, T, S]`. */
function paddingBias(node: Node, { b, shapeOf }: Surroundings, mask: string): string {
  const rank = shapeOf(mask)?.length;
  if (rank !== 2 && rank !== 3)
    throw unsupported(node, `has a key_padding_mask ${mask} that is not [batch, keys] or [batch, tokens, keys]`);
  const isReal = b.add('Cast', [mask], { attrs: { to: int(BOOL) } });
  return hiding({ b }, b.add('Unsqueeze', [isReal, b.constant('int64', [4 - rank], rank === 2 ? [1, 2] : [1])]));
}

const BOOL = 9;

/** 0 where a mask is true, -1e9 elsewhere. */
const hiding = ({ b }: Pick<Surroundings, 'b'>, mask: string) =>
  b.add('Where', [mask, b.constant('float32', [], [0]), b.constant('float32', [], [HIDDEN])]);

const total = ({ b }: Surroundings, biases: readonly string[]): string | null =>
  biases.length === 0 ? null : biases.reduce((sum, bias) => b.add('Add', [sum, bias]));

/**
 * `Attention` of ONNX from opset 23 on, https://onnx.ai/onnx/operators/onnx__Attention.html: inputs `[batch, heads, T, d]`,
 * or `[batch, T, heads d]` with the numbers of heads as attributes; a mask, boolean or added, that broadcasts to
 * `[batch, h, T, S]`; causality, a past, and a softcap before the mask.
 * @throws StudioError `model-unsupported` naming what is not covered
 */
export function standardAttention(node: Node, around: Surroundings): HeadSizes {
  const { b } = around;
  const [query = '', key = '', value = '', mask = '', pastKey = '', pastValue = '', lengths] = node.inputs;
  if (lengths) throw unsupported(node, 'reads a cache of a fixed length (nonpad_kv_seqlen), which is not supported');
  if (['left_window_size', 'right_window_size'].some((name) => intAttr(node, name, -1) >= 0))
    throw unsupported(node, 'has a sliding window, which is not supported');
  const [output, presentKey, presentValue] = outputsOf(node);
  const { byHead, h, kv, d, dv } = sizesOf(node, around);
  const heads = (x: string, n: number, size: number) => (byHead ? x : splitHeads(b, x, n, size));
  const scaled = times(b, heads(query, h, d), floatAttr(node, 'scale', 0) || 1 / Math.sqrt(d));
  const keys = withPast(b, pastKey, heads(key, kv, d), presentKey);
  const values = withPast(b, pastValue, heads(value, kv, dv), presentValue);
  const sum = total(around, [
    ...(mask === '' ? [] : [maskBias(around, mask)]),
    ...(intAttr(node, 'is_causal', 0) === 1 ? [around.bias(node)] : []),
  ]);
  const g = h / kv;
  const regrouped = (x: string, n: number) =>
    g === 1 ? x : b.add('Reshape', [x, b.constant('int64', [4], [0, n, -1, 0])]);
  const { mixed } = attend(b, [scaled, keys, values], { h, kv, g, d, dv }, (product) => {
    const scores = softcap(node, b, product);
    return sum === null ? scores : regrouped(b.add('Add', [regrouped(scores, h), sum]), kv);
  });
  if (byHead) b.add('Identity', [mixed], { name: output });
  else joinHeads(b, mixed, query, h * dv, output);
  return sizes([pastKey, presentKey], d, [pastValue, presentValue], dv);
}

/** From attributes or declared shapes. */
function sizesOf(node: Node, { shapeOf, widths }: Surroundings) {
  const [query = '', key = '', value = ''] = node.inputs;
  const [queries, keys] = [intAttr(node, 'q_num_heads', 0), intAttr(node, 'kv_num_heads', 0)];
  const byHead = (shapeOf(query)?.length ?? (queries > 0 ? 3 : 4)) === 4;
  const axis = (name: string, i: number) => Number(shapeOf(name)?.at(i) ?? Number.NaN);
  const h = byHead ? axis(query, 1) : queries;
  const kv = byHead ? axis(key, 1) : keys;
  const width = (name: string, n: number) => (widths.get(name) ?? axis(name, -1)) / (byHead ? 1 : n);
  const [d, dv] = [width(query, h), width(value, kv)];
  if (![h / kv, d, dv].every((n) => Number.isInteger(n) && n > 0))
    throw unsupported(node, 'does not say how many heads its inputs have, or of what size');
  return { byHead, h, kv, d, dv };
}

/** A bias of -infinity for every key of a row would give NaN; such rows are padding. */
function maskBias({ b, graph }: Surroundings, mask: string): string {
  if (inferDTypes(graph).get(mask) === 'bool') return hiding({ b }, mask);
  return b.add('Max', [mask, b.constant('float32', [], [HIDDEN])]);
}

function outputsOf(node: Node): readonly [string, string, string] {
  const [output = '', presentKey = '', presentValue = '', scores = ''] = node.outputs;
  if (scores !== '') throw unsupported(node, 'outputs its attention scores, which is not supported');
  return [output, presentKey, presentValue];
}

const sizes = (keys: readonly string[], d: number, values: readonly string[], dv: number): HeadSizes => [
  [keys, d],
  [values, dv],
];

/**
 * `RotaryEmbedding` of ONNX from opset 23 on, https://onnx.ai/onnx/operators/onnx__RotaryEmbedding.html. With position ids
 * it is ONNX Runtime's; without, the tables `[batch, T, r / 2]` are already those of the tokens. With the first r numbers of
 * a head as pairs (a, c), halves or neighbours:
 *
 *     a', c' = a cos - c sin, a sin + c cos
 */
export function standardRotary(node: Node, { b, shapeOf, widths }: Surroundings): HeadSizes {
  const [x = '', cos = '', sin = '', positions = ''] = node.inputs;
  const shape = shapeOf(x);
  const byHead = shape ? shape.length === 4 : !node.attrs.num_heads;
  const n = byHead ? Number(shape?.[1] ?? 0) : intAttr(node, 'num_heads', 0);
  if (positions !== '') {
    const attrs = { ...node.attrs, num_heads: int(n) };
    b.push({ ...node, op: 'com.microsoft:RotaryEmbedding', inputs: [x, positions, cos, sin], attrs });
    return [];
  }
  const width = widths.get(x) ?? Number.NaN;
  const d = byHead ? width : width / n;
  const r = intAttr(node, 'rotary_embedding_dim', 0) || d;
  if (!Number.isInteger(d)) throw unsupported(node, `has ${x} of a width that is not known`);
  const isInterleaved = intAttr(node, 'interleaved', 0) === 1;
  const axis = isInterleaved ? 4 : 3;
  const at = { attrs: { axis: int(axis) } };
  const heads = byHead ? x : splitHeads(b, x, n, d);
  const cut = b.constant('int64', [2], [r, d - r]);
  const [whole = '', ...rest] =
    r === d ? [heads] : b.add('Split', [heads, cut], { outputs: 2, attrs: { axis: int(-1) } });
  const pairs = b.constant('int64', [5], isInterleaved ? [0, 0, 0, r / 2, 2] : [0, 0, 0, 2, r / 2]);
  const one = b.constant('int64', [2], [1, 1]);
  const [a = '', c = ''] = b.add('Split', [b.add('Reshape', [whole, pairs]), one], { outputs: 2, ...at });
  const product = (part: string, table: string) =>
    b.add('Mul', [part, b.add('Unsqueeze', [table, b.constant('int64', [2], [1, axis])])]);
  const first = b.add('Sub', [product(a, cos), product(c, sin)]);
  const second = b.add('Add', [product(a, sin), product(c, cos)]);
  const rotated = b.add('Reshape', [b.add('Concat', [first, second], at), b.constant('int64', [4], [0, 0, 0, r])]);
  const joined = r === d ? rotated : b.add('Concat', [rotated, ...rest], { attrs: { axis: int(-1) } });
  if (byHead) b.add('Identity', [joined], { name: node.outputs[0] });
  else joinHeads(b, joined, x, width, node.outputs[0]);
  return [];
}
