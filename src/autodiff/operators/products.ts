import * as infer from '../../graph/infer/rules';
import { reduce } from '../../graph/infer/rules';
import { floatAttr, HEAD_GRAD, int, intAttr, intsAttr, layoutOf, withLayout } from '../../graph/ir';
import type { Gradient, GradientContext, Operators } from './operator';

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
    note: 'the same operator with the negated sine table',
  },
  'studio:Linear': {
    gradient: linear,
    shape: infer.linear,
    note: 'to the input; weight and bias are frozen. One blob serves forward and backward',
  },
  'studio:CrossEntropy': {
    gradient: crossEntropy,
    shape: infer.scalar,
    note: 'to the logits; the rows of the target are one-hot',
  },
  'studio:Head': { gradient: head, shape: infer.head, note: 'to the hidden rows, not to the shift' },
  'studio:HeadGrad': { gradient: null, shape: infer.headGrad },
} satisfies Operators;

/** Null = all. */
function axesOf(c: GradientContext): readonly number[] | null {
  const given = intsAttr(c.node, 'axes');
  if (given) return given;
  if (c.input(1) === '') return intAttr(c.node, 'noop_with_empty_axes', 0) === 1 ? [] : null;
  return c.g.constantInts(c.input(1)) ?? c.refuse('its axes are computed');
}

/** In the output's shape, with the reduced axes put back with size 1. */
function kept(c: GradientContext, value: string): string {
  if (intAttr(c.node, 'keepdims', 1) === 1) return value;
  const rank = c.shape(c.x).length;
  const axes = axesOf(c) ?? c.shape(c.x).map((_, i) => i);
  const positive = axes.map((axis) => (axis < 0 ? axis + rank : axis)).sort((a, b) => a - b);
  return positive.length === 0 ? value : c.g.op('Unsqueeze', [value, c.g.int64s(positive)]);
}

const stretched = (c: GradientContext) => c.g.expand(kept(c, c.dy), c.g.shape(c.x));

/** dX = dY / n for means of n elements. Symbolic sizes are read from the shape, since `Size` would fetch x from the GPU. */
const mean: Gradient = (c) => {
  const { g, x } = c;
  const shape = c.shape(x);
  const axes = axesOf(c);
  const sizes = axes?.map((axis) => shape.at(axis)) ?? shape;
  const known = sizes.every((size): size is number => typeof size === 'number');
  if (known) return [g.times(stretched(c), 1 / sizes.reduce((n, size) => n * size, 1))];
  const counted = axes ? g.op('Gather', [g.shape(x), g.int64s(axes)]) : g.shape(x);
  const count = g.op('ReduceProd', [counted], { keepdims: int(0) });
  return [g.div(stretched(c), g.cast(count, 'float32'))];
};

/** dX = dY / ties where x is the extreme value */
const largest: Gradient = (c) => {
  const { g, x } = c;
  const hit = g.where(g.equal(x, kept(c, c.y)), g.scalar(1), g.scalar(0));
  const ties = g.op('ReduceSum', [hit, ...axisInput(c)]);
  return [g.mul(g.div(kept(c, c.dy), ties), hit)];
};
const axisInput = (c: GradientContext) => {
  const axes = axesOf(c);
  return axes ? [c.g.int64s(axes)] : [];
};

/** 2 x dY */
const sumSquare: Gradient = (c) => [c.g.mul(kept(c, c.dy), c.g.times(c.x, 2))];
/** dY times the softmax of x over the reduced axes */
const logSumExp: Gradient = (c) => [c.g.mul(kept(c, c.dy), c.g.exp(c.g.sub(c.x, kept(c, c.y))))];
/** dY x / y */
const l2: Gradient = (c) => [c.g.mul(c.g.div(kept(c, c.dy), kept(c, c.y)), c.x)];

export const reductions = {
  ReduceL2: { gradient: l2, shape: reduce },
  ReduceLogSumExp: { gradient: logSumExp, shape: reduce },
  ReduceMax: { gradient: largest, shape: reduce, note: 'shared between ties' },
  ReduceMean: { gradient: mean, shape: reduce },
  ReduceMin: { gradient: largest, shape: reduce, note: 'shared between ties' },
  ReduceProd: { gradient: null, shape: reduce },
  ReduceSum: { gradient: (c) => [stretched(c)], shape: reduce },
  ReduceSumSquare: { gradient: sumSquare, shape: reduce },
} satisfies Operators;
