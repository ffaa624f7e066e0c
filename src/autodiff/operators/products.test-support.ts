import { CROSS_ENTROPY, float, HEAD, int, type Layout, LINEAR, withLayout } from '../../graph/ir';
import { bools, type GradientCase, int32s, int64s, normal } from '../test-support';
import { A, type Attrs, binary, constant, perm } from './writing-cases.test-support';

const gemms: GradientCase[] = [0, 1].flatMap((transA) =>
  [0, 1].map((transB) => ({
    name: `Gemm transA ${transA} transB ${transB}`,
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

const linear = (layout: Layout): GradientCase => ({
  name: `Linear ${layout}`,
  inputs: { x: normal(A, 1) },
  build: (g) =>
    g.add(LINEAR, ['x', constant(g, weight(layout, 2)), constant(g, normal([5], 3))], { attrs: withLayout(layout) }),
});

const head = (layout: Layout, full: boolean, shift: boolean): GradientCase => ({
  name: `Head ${layout} ${full ? 'full' : 'candidates'}${shift ? ', shifted' : ''}`,
  inputs: { x: normal([3, 4], 1) },
  feeds: { ids: int32s([3], [4, 0, 2]), full: bools([], [full]) },
  build: (g) => {
    const inputs = ['x', constant(g, weight(layout, 2)), 'ids', 'full'];
    const more = shift ? ['', constant(g, normal([3, 4], 3))] : [];
    return g.add(HEAD, [...inputs, ...more], { attrs: withLayout(layout) });
  },
});

const crossEntropy: GradientCase = {
  name: 'CrossEntropy',
  inputs: { x: normal([3, 4], 1) },
  build: (g) => {
    const target = [0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1];
    const weight = g.constant('float32', [3], [0.5, 2, 1]);
    return g.add(CROSS_ENTROPY, ['x', g.constant('float32', [3, 4], target), weight]);
  },
};

const rotary = (attrs: Attrs, dims: readonly number[], rotated: number): GradientCase => ({
  name: `RotaryEmbedding ${Object.keys(attrs)} [${dims}]`,
  inputs: { x: normal(dims, 1) },
  feeds: { positions: int64s([2, 3], [0, 1, 2, 4, 5, 6]) },
  fixedSizes: true,
  build: (g) => {
    const angles = Array.from(
      { length: 8 * (rotated / 2) },
      (_, i) => Math.floor(i / (rotated / 2)) * 0.7 ** (1 + (i % (rotated / 2))),
    );
    const table = (f: (angle: number) => number) => constant(g, { dims: [8, rotated / 2], data: angles.map(f) });
    return g.add('com.microsoft:RotaryEmbedding', ['x', 'positions', table(Math.cos), table(Math.sin)], { attrs });
  },
});

export const productCases = {
  MatMul: [
    binary('MatMul', normal([2, 3, 4], 1), normal([2, 4, 5], 2), {}, 'MatMul batched'),
    binary('MatMul', normal([2, 1, 3, 4], 1), normal([3, 4, 2], 2), {}, 'MatMul broadcast'),
    binary('MatMul', normal([2, 3, 4], 1), normal([4, 5], 2), {}, 'MatMul by a matrix'),
    {
      name: 'MatMul by a transpose',
      inputs: { a: normal([2, 3, 4], 1), b: normal([2, 5, 4], 2) },
      build: (g) => g.add('MatMul', ['a', g.add('Transpose', ['b'], { attrs: perm(0, 2, 1) })]),
    },
    {
      name: 'MatMul by a frozen matrix',
      inputs: { a: normal([2, 3, 4], 1) },
      build: (g) => g.add('MatMul', ['a', constant(g, normal([4, 5], 2))]),
    },
  ],
  Gemm: gemms,
  'studio:Linear': layouts.map(linear),
  'studio:Head': layouts.flatMap((layout) => [
    head(layout, true, false),
    head(layout, false, false),
    head(layout, false, true),
  ]),
  'studio:CrossEntropy': [crossEntropy],
  'com.microsoft:RotaryEmbedding': [
    rotary({}, [2, 2, 3, 4], 4),
    rotary({ interleaved: int(1) }, [2, 2, 3, 4], 4),
    rotary({ num_heads: int(2) }, [2, 3, 8], 4),
    rotary({ num_heads: int(2), rotary_embedding_dim: int(4) }, [2, 3, 16], 4),
  ],
} satisfies Readonly<Record<string, readonly GradientCase[]>>;
