import { HEAD_GRAD, layoutOf, withLayout } from '../../graph/core-ops';
import * as infer from '../../graph/infer/rules';
import { floatAttr, intAttr } from '../../graph/ir';
import type { Gradient, Operators } from './operator';

/** Y = A B: dA = dY B^T, dB = A^T dY, over the last two axes. */
const matMul: Gradient = (c) => {
  const { g, dy } = c;
  const [a, b] = [c.input(0), c.input(1)];
  if (c.shape(a).length < 2 || c.shape(b).length < 2) c.refuse('it multiplies a vector');
  // ORT would fold a transposed constant into a second copy of the weight; a Linear avoids that.
  if (g.tensor(b)?.dims.length === 2 && !c.wants(1)) return [g.linearBack(dy, b, 'columns')];
  return [c.wants(0) ? g.matMul(dy, g.swapLast(b)) : null, c.wants(1) ? g.matMul(g.swapLast(a), dy) : null];
};

/** Y = alpha A' B' + beta C, where ' transposes on demand. */
const gemm: Gradient = (c) => {
  const { g, node } = c;
  const [transA, transB] = [intAttr(node, 'transA', 0), intAttr(node, 'transB', 0)];
  const [a, b] = [c.input(0), c.input(1)];
  const dy = g.times(c.dy, floatAttr(node, 'alpha', 1));
  // dA' = dY B'^T, and dA = (dA')^T = B' dY^T
  const da = () => (transA ? g.gemm(b, dy, { transA: transB, transB: 1 }) : g.gemm(dy, b, { transB: 1 - transB }));
  // dB' = A'^T dY, and dB = (dB')^T = dY^T A'
  const db = () => (transB ? g.gemm(dy, a, { transA: 1, transB: transA }) : g.gemm(a, dy, { transA: 1 - transA }));
  const dc = () => g.times(c.dy, floatAttr(node, 'beta', 1));
  return [c.wants(0) ? da() : null, c.wants(1) ? db() : null, c.wants(2) ? dc() : null];
};

/** dLogits = dY weight (softmax(logits) - target) */
const crossEntropy: Gradient = (c) => {
  const { g, dy, x, input } = c;
  if (c.wants(1) || c.wants(2)) c.refuse('its target depends on the soft prompt');
  const rows = g.op('Unsqueeze', [input(2), g.int64s([1])]);
  const gradient = g.mul(rows, g.sub(g.softmax(x, -1), input(1)));
  return [g.constantScalar(dy) === 1 ? gradient : g.mul(gradient, dy)];
};

/** The transpose of a layout is the other layout of the same blob. */
const linear: Gradient = ({ g, dy, node, input }) => [g.linearBack(dy, input(1), layoutOf(node))];

const head: Gradient = ({ g, dy, node, input }) => [
  g.op(HEAD_GRAD, [dy, input(1), input(2), input(3), '', input(5)], withLayout(layoutOf(node))),
];

/** A rotation by R: dX = R^T dY, the rotation by the negative angles, i.e. the same operator with -sin. */
const rotaryEmbedding: Gradient = ({ g, dy, node, input }) => [
  g.op('com.microsoft:RotaryEmbedding', [dy, input(1), input(2), g.scaled(input(3), -1)], node.attrs),
];

/**
 * Products with matrices, and the loss. Attention is not one operator here: the graph holds its parts (MatMul, Softmax, …).
 * Grouped queries cost nothing extra, since the forward graph folds the group into the query axis.
 */
export const products = {
  MatMul: {
    gradient: matMul,
    shape: infer.matMul,
    broadcasts: true,
    note: 'rank 2 and above, with broadcasting; a frozen matrix is not copied',
  },
  Gemm: { gradient: gemm, shape: infer.gemm, broadcasts: true, note: 'to all three inputs' },
  'com.microsoft:RotaryEmbedding': {
    gradient: rotaryEmbedding,
    shape: infer.same,
    broadcasts: false,
    note: 'the same operator with the negated sine table',
  },
  'studio:Linear': {
    gradient: linear,
    shape: infer.linear,
    broadcasts: false,
    note: 'to the input; weight and bias are frozen. One blob serves forward and backward',
  },
  'studio:CrossEntropy': {
    gradient: crossEntropy,
    shape: infer.scalar,
    broadcasts: false,
    note: 'to the logits; the rows of the target are one-hot',
  },
  'studio:Head': { gradient: head, shape: infer.head, broadcasts: false, note: 'to the hidden rows, not to the shift' },
  'studio:HeadGrad': { gradient: null, shape: infer.headGrad },
} satisfies Operators;
