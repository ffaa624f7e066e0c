import { reduce } from '../../graph/infer/rules';
import { int, intAttr, intsAttr } from '../../graph/ir';
import type { Gradient, GradientContext, Operators } from './operator';

/** The reduced axes; null = all. */
function axesOf(c: GradientContext): readonly number[] | null {
  const given = intsAttr(c.node, 'axes');
  if (given) return given;
  if (c.input(1) === '') return intAttr(c.node, 'noop_with_empty_axes', 0) === 1 ? [] : null;
  return c.g.constantInts(c.input(1)) ?? c.refuse('its axes are computed');
}

/** A value of the output's shape, with the reduced axes put back with size 1. */
function kept(c: GradientContext, value: string): string {
  if (intAttr(c.node, 'keepdims', 1) === 1) return value;
  const rank = c.shape(c.x).length;
  const axes = axesOf(c) ?? c.shape(c.x).map((_, i) => i);
  const positive = axes.map((axis) => (axis < 0 ? axis + rank : axis)).sort((a, b) => a - b);
  return positive.length === 0 ? value : c.g.op('Unsqueeze', [value, c.g.int64s(positive)]);
}

/** dY expanded to the input's shape. */
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

/** Operators that sum, average or pick along axes. */
export const reductions = {
  ReduceL2: { gradient: l2, shape: reduce, broadcasts: false, note: '' },
  ReduceLogSumExp: { gradient: logSumExp, shape: reduce, broadcasts: false, note: '' },
  ReduceMax: { gradient: largest, shape: reduce, broadcasts: false, note: 'shared between ties' },
  ReduceMean: { gradient: mean, shape: reduce, broadcasts: false, note: '' },
  ReduceMin: { gradient: largest, shape: reduce, broadcasts: false, note: 'shared between ties' },
  ReduceProd: { gradient: null, shape: reduce },
  ReduceSum: { gradient: (c) => [stretched(c)], shape: reduce, broadcasts: false, note: '' },
  ReduceSumSquare: { gradient: sumSquare, shape: reduce, broadcasts: false, note: '' },
} satisfies Operators;
