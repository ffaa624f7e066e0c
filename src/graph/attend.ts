import type { GraphBuilder } from './builder';
import { type Dim, floatAttr, type Graph, int, intAttr, ints, type Node, unsupported } from './ir';

export interface Surroundings {
  readonly b: GraphBuilder;
  readonly graph: Graph;
  /** As the exporter declares it, or a weight has it. */
  shapeOf(name: string): readonly Dim[] | null;
  /** Last dimensions, also where only a weight tells them. */
  readonly widths: ReadonlyMap<string, number>;
  /** The input `attention_bias` [batch, 1, T, S]: 0, or -1e9 for keys that are padding or later than the query. */
  bias(node: Node): string;
  /** The input `position_ids` [batch, T]. */
  positions(): string;
  /** The bias, g times along the query axis, by window and g. */
  readonly stacked: Map<string, string>;
}

/** The inputs and outputs of a cache, with the size of their heads: some exporters leave it symbolic. */
export type HeadSizes = readonly (readonly [names: readonly (string | undefined)[], size: number])[];

export interface Heads {
  /** Query heads, key heads, query heads per key head. */
  readonly h: number;
  readonly kv: number;
  readonly g: number;
  /** Sizes of a head of queries and keys, and of one of values. */
  readonly d: number;
  readonly dv: number;
}

/** Added to the score of a hidden key; exp(-1e9) is exactly 0. */
export const HIDDEN = -1e9;

/** Shape spelled out and not copied by zeros, so that `lower` sees that the leading axes, those of `like`, never change. */
function shaped(b: GraphBuilder, x: string, like: string, tail: readonly number[], name?: string): string {
  const leading = b.add('Shape', [like], { attrs: { start: int(0), end: int(-1) } });
  const shape = b.add('Concat', [leading, b.constant('int64', [tail.length], tail)], { attrs: { axis: int(0) } });
  return b.add('Reshape', [x, shape], { name });
}

/** `[batch, T, n d]` as `[batch, n, T, d]`. */
export const splitHeads = (b: GraphBuilder, x: string, n: number, d: number): string =>
  b.add('Transpose', [shaped(b, x, x, [n, d])], { attrs: { perm: ints([0, 2, 1, 3]) } });

/** `[batch, n, T, d]` as `[batch, T, n d]`, with the leading axes of `like`. */
export function joinHeads(b: GraphBuilder, x: string, like: string, width: number, name: string | undefined): void {
  shaped(b, b.add('Transpose', [x], { attrs: { perm: ints([0, 2, 1, 3]) } }), like, [width], name);
}

export function withPast(b: GraphBuilder, past: string, x: string, name = ''): string {
  const named = { name: name || undefined };
  return past === ''
    ? b.add('Identity', [x], named)
    : b.add('Concat', [past, x], { ...named, attrs: { axis: int(2) } });
}

export const times = (b: GraphBuilder, x: string, factor: number): string =>
  factor === 1 ? x : b.add('Mul', [x, b.constant('float32', [], [factor])]);

/**
 * Attention of queries `[batch, h, T, d]` over keys and values `[batch, kv, S, ...]`. The queries are folded to
 * `[batch, kv, g T, d]`, so no key is repeated. `score` gives the scores from `q K^T` `[batch, kv, g T, S]`.
 */
export function attend(
  b: GraphBuilder,
  [q, keys, values]: readonly [q: string, keys: string, values: string],
  { h, kv, d, dv }: Heads,
  score: (product: string) => string,
): { readonly mixed: string; readonly scores: string; readonly p: string } {
  const folded = b.add('Reshape', [q, b.constant('int64', [4], [0, kv, -1, d])]);
  const transposed = b.add('Transpose', [keys], { attrs: { perm: ints([0, 1, 3, 2]) } });
  const scores = score(b.add('MatMul', [folded, transposed]));
  const p = b.add('Softmax', [scores], { attrs: { axis: int(-1) } });
  const mixed = b.add('Reshape', [b.add('MatMul', [p, values]), b.constant('int64', [4], [0, h, -1, dv])]);
  return { mixed, scores, p };
}

export function softcap(node: Node, b: GraphBuilder, scores: string): string {
  const cap = floatAttr(node, 'softcap', 0);
  if (cap === 0) return scores;
  const limit = b.constant('float32', [], [cap]);
  return b.add('Mul', [b.add('Tanh', [b.add('Div', [scores, limit])]), limit]);
}

export const forGroups = (b: GraphBuilder, bias: string, g: number): string =>
  g === 1 ? bias : b.add('Concat', new Array<string>(g).fill(bias), { attrs: { axis: int(2) } });

const [BIAS, SINK] = [10, 11];

/**
 * Scores `[batch, kv, g T, S]` with the model's own bias `[batch or 1, h or 1, T, S]`, e.g. ALiBi.
 * @throws StudioError `model-unsupported` when the graph does not say whether the bias is per head
 */
export function withOwnBias(node: Node, { b, shapeOf }: Surroundings, scores: string, { h, kv, g }: Heads): string {
  const name = node.inputs[BIAS] ?? '';
  if (name === '') return scores;
  const heads = shapeOf(name)?.[1];
  if (heads !== 1 && heads !== h)
    throw unsupported(node, `has an attention_bias ${name} with an unknown number of heads`);
  const folded = () => b.add('Reshape', [name, b.constant('int64', [4], [0, kv, -1, 0])]);
  return b.add('Add', [scores, heads === 1 ? forGroups(b, name, g) : folded()]);
}

/**
 * Attention sinks: each head has one extra key without a value, with the score `sink` (0 with `smooth_softmax`). With p
 * the softmax over the other keys, s their scores and L = log sum exp s = max s - log max p:
 *
 *     softmax with the sink = p * sigmoid(L - sink)
 *
 * So it is enough to scale the mixed values, `[batch, h, T, d]`.
 */
export function withSink(
  node: Node,
  b: GraphBuilder,
  { mixed, scores, p }: { readonly mixed: string; readonly scores: string; readonly p: string },
  { h }: Heads,
): string {
  const sink = node.inputs[SINK] ?? '';
  if (sink === '' && intAttr(node, 'smooth_softmax', 0) === 0) return mixed;
  const last = b.constant('int64', [1], [-1]);
  const largest = (x: string) => b.add('ReduceMax', [x, last], { attrs: { keepdims: int(1) } });
  const L = b.add('Sub', [largest(scores), b.add('Log', [largest(p)])]);
  const byHead = b.add('Reshape', [L, b.constant('int64', [4], [0, h, -1, 1])]);
  const over = sink === '' ? byHead : b.add('Sub', [byHead, perHead(b, sink, h)]);
  return b.add('Mul', [mixed, b.add('Sigmoid', [over])]);
}

/** One number per head, as `[h, 1, 1]`. */
function perHead(b: GraphBuilder, name: string, h: number): string {
  const tensor = b.tensor(name);
  if (tensor) return b.initializer({ ...tensor, name: '', dims: [h, 1, 1] });
  return b.add('Reshape', [name, b.constant('int64', [3], [h, 1, 1])]);
}
