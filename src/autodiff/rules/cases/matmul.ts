import { CROSS_ENTROPY, HEAD, type Layout, LINEAR, withLayout } from '../../../graph/core-ops';
import { float, int } from '../../../graph/ir';
import { A, binary, constant, perm } from '../../operators/writing-cases.test-support';
import { bools, type GradientCase, int32s, normal } from '../../test-support';

/** For tests only. */
const gemms: GradientCase[] = [0, 1].flatMap((transA) =>
  [0, 1].map((transB) => ({
    name: `Gemm transA ${transA} transB ${transB}`,
    op: 'Gemm',
    inputs: {
      a: normal(transA ? [4, 3] : [3, 4], 1),
      b: normal(transB ? [5, 4] : [4, 5], 2),
      c: normal(transB ? [5] : [3, 1], 3),
    },
    build: (g) =>
      g.add('Gemm', ['a', 'b', 'c'], {
        attrs: { transA: int(transA), transB: int(transB), alpha: float(0.5), beta: float(1.5) },
      }),
  })),
);

const layouts: readonly Layout[] = ['rows', 'columns'];
const weight = (layout: Layout, seed: number) => normal(layout === 'rows' ? [5, 4] : [4, 5], seed);

const pseudo: GradientCase[] = layouts.flatMap((layout) => [
  {
    name: `Linear ${layout}`,
    op: LINEAR,
    inputs: { x: normal(A, 1) },
    build: (g) =>
      g.add(LINEAR, ['x', constant(g, weight(layout, 2)), constant(g, normal([5], 3))], { attrs: withLayout(layout) }),
  },
  ...[true, false].map(
    (full): GradientCase => ({
      name: `Head ${layout} ${full ? 'full' : 'candidates'}`,
      op: HEAD,
      inputs: { x: normal([3, 4], 1) },
      feeds: { ids: int32s([3], [4, 0, 2]), full: bools([], [full]) },
      build: (g) => g.add(HEAD, ['x', constant(g, weight(layout, 2)), 'ids', 'full'], { attrs: withLayout(layout) }),
    }),
  ),
]);

const crossEntropy: GradientCase = {
  name: 'CrossEntropy',
  op: CROSS_ENTROPY,
  inputs: { x: normal([3, 4], 1) },
  build: (g) => {
    const target = [0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1];
    const weight = g.constant('float32', [3], [0.5, 2, 1]);
    return g.add(CROSS_ENTROPY, ['x', g.constant('float32', [3, 4], target), weight]);
  },
};

export const matmulCases: readonly GradientCase[] = [
  binary('MatMul', normal([2, 3, 4], 1), normal([2, 4, 5], 2), {}, 'MatMul batched'),
  binary('MatMul', normal([2, 1, 3, 4], 1), normal([3, 4, 2], 2), {}, 'MatMul broadcast'),
  binary('MatMul', normal([2, 3, 4], 1), normal([4, 5], 2), {}, 'MatMul by a matrix'),
  {
    name: 'MatMul by a transpose',
    op: 'MatMul',
    inputs: { a: normal([2, 3, 4], 1), b: normal([2, 5, 4], 2) },
    build: (g) => g.add('MatMul', ['a', g.add('Transpose', ['b'], { attrs: perm(0, 2, 1) })]),
  },
  {
    name: 'MatMul by a frozen matrix',
    op: 'MatMul',
    inputs: { a: normal([2, 3, 4], 1) },
    build: (g) => g.add('MatMul', ['a', constant(g, normal([4, 5], 2))]),
  },
  ...gemms,
  ...pseudo,
  crossEntropy,
];
