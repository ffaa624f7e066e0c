import { int } from '../../graph/ir';
import { type GradientCase, normal } from '../test-support';
import { A, apart, indices } from './writing-cases.test-support';

const reductions = (op: string, make = normal): GradientCase[] =>
  [
    { axes: [-1], keep: 1 },
    { axes: [1], keep: 0 },
    { axes: [0, 2], keep: 0 },
    { axes: null, keep: 0 },
    { axes: null, keep: 1 },
  ].map(({ axes, keep }) => ({
    name: `${op} axes ${axes} keepdims ${keep}`,
    inputs: { x: make(A, 1) },
    build: (g) => g.add(op, axes ? ['x', indices(g, ...axes)] : ['x'], { attrs: { keepdims: int(keep) } }),
  }));

export const reductionCases = {
  ReduceL2: reductions('ReduceL2'),
  ReduceLogSumExp: reductions('ReduceLogSumExp'),
  ReduceMax: reductions('ReduceMax', apart),
  ReduceMean: reductions('ReduceMean'),
  ReduceMin: reductions('ReduceMin', apart),
  ReduceSum: reductions('ReduceSum'),
  ReduceSumSquare: reductions('ReduceSumSquare'),
} satisfies Readonly<Record<string, readonly GradientCase[]>>;
