import type { GraphBuilder } from './builder';
import { type Graph, int, intAttr, type Node, unsupported } from './ir';

/** Additions of some exports to GroupQueryAttention: a bias of the model's own, and attention sinks. */
interface Heads {
  /** Query heads, key heads, and query heads per key head. */
  readonly h: number;
  readonly kv: number;
  readonly g: number;
}

const [BIAS, SINK] = [10, 11];

/**
 * Scores `[batch, kv, g T, S]` with the model's own bias `[batch or 1, h or 1, T, S]`, e.g. ALiBi.
 * @throws StudioError `model-unsupported` when the graph does not say whether the bias is per head
 */
export function withOwnBias(node: Node, b: GraphBuilder, scores: string, { h, kv, g }: Heads, graph: Graph): string {
  const name = node.inputs[BIAS] ?? '';
  if (name === '') return scores;
  const declared = graph.values.get(name) ?? graph.inputs.find((input) => input.name === name);
  const heads = (declared?.shape ?? graph.initializers.get(name)?.dims)?.[1];
  if (heads !== 1 && heads !== h)
    throw unsupported(node, `has an attention_bias ${name} with an unknown number of heads`);
  const stacked = () =>
    g === 1 ? name : b.add('Concat', new Array<string>(g).fill(name), { attrs: { axis: int(2) } });
  const folded = () => b.add('Reshape', [name, b.constant('int64', [4], [0, kv, -1, 0])]);
  return b.add('Add', [scores, heads === 1 ? stacked() : folded()]);
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
