import { int } from '../../../graph/ir';
import { A, apart, indices } from '../../operators/writing-cases.test-support';
import { type GradientCase, normal } from '../../test-support';

/** For tests only. */
const reductions = (op: string, make = normal): GradientCase[] =>
  [
    { axes: [-1], keep: 1 },
    { axes: [1], keep: 0 },
    { axes: [0, 2], keep: 0 },
    { axes: null, keep: 0 },
    { axes: null, keep: 1 },
  ].map(({ axes, keep }) => ({
    name: `${op} axes ${axes} keepdims ${keep}`,
    op,
    inputs: { x: make(A, 1) },
    build: (g) => g.add(op, axes ? ['x', indices(g, ...axes)] : ['x'], { attrs: { keepdims: int(keep) } }),
  }));

export const reduceCases: readonly GradientCase[] = [
  ...['ReduceSum', 'ReduceMean', 'ReduceSumSquare', 'ReduceLogSumExp', 'ReduceL2'].flatMap((op) => reductions(op)),
  ...['ReduceMax', 'ReduceMin'].flatMap((op) => reductions(op, apart)),
];
