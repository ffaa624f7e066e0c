import type { GraphBuilder } from './builder';
import { CROSS_ENTROPY } from './core-ops';
import { type Graph, int, type Node } from './ir';
import { rewrite } from './rewrite';

/** The loss in plain operators. Its softmax is that of the gradient too. */
export const writeCrossEntropy = (graph: Graph): Graph =>
  rewrite(graph, 'loss/', (node, { builder }) => {
    if (node.op !== CROSS_ENTROPY) return false;
    write(node, builder);
    return true;
  });

/**
 * Max and softmax instead of ReduceLogSumExp or ReduceSum(Exp), which add up in one float32 accumulator and are off by
 * 1e-4 over a whole vocabulary: log sum_c exp x[c] = max_c x[c] - log max_c softmax(x)[c].
 */
function write(node: Node, b: GraphBuilder): void {
  const [logits = '', target = '', weight = ''] = node.inputs;
  const last = b.constant('int64', [1], [-1]);
  const dropLast = { attrs: { keepdims: int(0) } };
  const largest = b.add('ReduceMax', [logits, last], { attrs: { keepdims: int(1) } });
  const share = b.add('ReduceMax', [b.add('Softmax', [logits], { attrs: { axis: int(-1) } }), last], dropLast);
  const hit = b.add('ReduceSum', [b.add('Mul', [target, b.add('Sub', [logits, largest])]), last], dropLast);
  // the max of each row subtracted in both terms
  const losses = b.add('Mul', [weight, b.add('Neg', [b.add('Add', [b.add('Log', [share]), hit])])]);
  b.add('ReduceSum', [losses, b.constant('int64', [1], [0])], { ...dropLast, name: node.outputs[0] });
}
