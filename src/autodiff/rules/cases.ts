import type { GraphBuilder } from '../../graph/builder';
import { HEAD, type Layout, LINEAR, withLayout } from '../../graph/core-ops';
import { type Attr, float, int, ints, string } from '../../graph/ir';
import { bools, type FloatInput, type GradientCase, int32s, int64s, normal } from '../test-support';

/** For tests only: small graphs that between them use every rule in every way that it knows. */
type Attrs = Readonly<Record<string, Attr>>;
const [A, B] = [
  [2, 3, 4],
  [2, 3, 4],
] as const;

const constant = (g: GraphBuilder, { dims, data }: FloatInput) => g.constant('float32', dims, data);
const indices = (g: GraphBuilder, ...values: number[]) => g.constant('int64', [values.length], values);

/** One operator on x. */
const unary = (op: string, x: FloatInput = normal(A, 1), attrs: Attrs = {}, name = op): GradientCase => ({
  name,
  op,
  inputs: { x },
  build: (g) => g.add(op, ['x'], { attrs }),
});

/** One operator on a and b, both differentiated. */
const binary = (op: string, a: FloatInput, b: FloatInput, attrs: Attrs = {}, name = op): GradientCase => ({
  name,
  op,
  inputs: { a, b },
  build: (g) => g.add(op, ['a', 'b'], { attrs }),
});

const positive = (dims: readonly number[], seed: number): FloatInput => {
  const { data } = normal(dims, seed);
  return { dims, data: data.map((v) => Math.fround(0.5 + Math.abs(v))) };
};
/** Values that stay away from 0 and from each other by more than the steps of the difference quotients. */
const apart = (dims: readonly number[], seed: number): FloatInput => {
  const { data } = normal(dims, seed);
  const order = data.map((_, i) => i).sort((i, j) => (data[i] ?? 0) - (data[j] ?? 0));
  const rank = data.map((_, i) => order.indexOf(i));
  return {
    dims,
    data: rank.map((r) => Math.fround(0.25 * (r - Math.floor(data.length / 2)) + (seed % 2 ? 0.06 : 0.19))),
  };
};

/** Broadcasting in every way: equal, missing axes, stretched axes on either side, scalars. */
const broadcasts = (op: string, make = normal): GradientCase[] =>
  (
    [
      [A, B],
      [A, [4]],
      [[3, 1], A],
      [
        [2, 1, 4],
        [3, 1],
      ],
      [A, []],
      [[1, 3, 1], A],
    ] as const
  ).map(([a, b]) => binary(op, make(a, 1), make(b, 2), {}, `${op} [${a}] [${b}]`));

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

const norm = (op: string, weights: readonly number[], attrs: Attrs = {}): GradientCase => ({
  name: `${op} ${Object.keys(attrs)}`,
  op,
  inputs: { x: normal(A, 1) },
  build: (g) =>
    g.add(op, ['x', ...weights.map((seed) => constant(g, normal([4], seed, 1, 0.5)))], {
      attrs: { epsilon: float(1e-3), ...attrs },
    }),
});

/** Both outputs of a skip norm: the normalised value and the residual stream. */
const skipNorm = (op: string, weights: readonly number[], residual: boolean): GradientCase => ({
  name: `${op} ${weights.length} weights${residual ? ' residual' : ''}`,
  op,
  inputs: { a: normal(A, 1), b: normal(B, 2) },
  build: (g) => {
    const y = g.fresh('y');
    const s = residual ? g.fresh('s') : '';
    const inputs = ['a', 'b', ...weights.map((seed) => constant(g, normal([4], seed, 1, 0.5)))];
    const outputs = residual ? [y, '', '', s] : [y];
    g.push({ op, name: y, inputs, outputs, attrs: { epsilon: float(1e-3) } });
    return residual ? g.add('Add', [y, g.add('Mul', [s, s])]) : y;
  },
});

const rotary = (attrs: Attrs, dims: readonly number[], rotated: number): GradientCase => ({
  name: `RotaryEmbedding ${Object.keys(attrs)} [${dims}]`,
  op: 'com.microsoft:RotaryEmbedding',
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

const slices: GradientCase[] = (
  [
    [[0], [2], [-1]],
    [[2], [2 ** 62], [-1]],
    [[-3], [-1], [2]],
    [
      [1, 0],
      [2, 3],
      [0, 2],
    ],
    [[-100], [100], [1]],
    [[1, 1], [3, 2], null],
    [[1], [2 ** 62], [2], [2]],
    [[0], [-1], [2], [3]],
    [
      [0, 1],
      [3, 4],
      [1, -1],
      [2, 2],
    ],
  ] as const
).map(([starts, ends, axes, steps]) => ({
  name: `Slice ${starts} ${ends} ${axes} ${steps ?? ''}`,
  op: 'Slice',
  inputs: { x: normal([3, 3, 4], 1) },
  build: (g) =>
    g.add('Slice', ['x', ...[starts, ends, axes, steps].flatMap((list) => (list ? [indices(g, ...list)] : []))]),
}));

const gathers: GradientCase[] = (
  [
    { axis: 0, ids: int32s([4], [2, 0, 2, 1]) },
    { axis: 0, ids: int64s([2, 2], [1, 1, 0, 1]) },
    { axis: 1, ids: int32s([2], [2, 0]) },
    { axis: -1, ids: int64s([2, 2], [3, 1, 1, 0]) },
    { axis: 1, ids: int64s([], [2]) },
  ] as const
).map(({ axis, ids }) => ({
  name: `Gather axis ${axis} [${ids.dims}]`,
  op: 'Gather',
  inputs: { x: normal([3, 3, 4], 1) },
  feeds: { ids },
  build: (g) => g.add('Gather', ['x', 'ids'], { attrs: { axis: int(axis) } }),
}));

const perm = (...axes: number[]): Attrs => ({ perm: ints(axes) });

export const cases: readonly GradientCase[] = [
  ...broadcasts('Add'),
  ...broadcasts('Sub'),
  ...broadcasts('Mul'),
  ...broadcasts('Div', positive),
  ...broadcasts('Max', apart),
  binary('Min', apart(A, 1), apart([4], 2)),
  unary('Max', normal(A, 1), {}, 'Max of one'),
  ...[2, 3, 0.5, -1, 2.5].map(
    (exponent): GradientCase => ({
      name: `Pow ${exponent}`,
      op: 'Pow',
      inputs: { x: positive(A, 1) },
      build: (g) => g.add('Pow', ['x', g.constant('float32', [], [exponent])]),
    }),
  ),
  {
    name: 'Pow exponent from an input',
    op: 'Pow',
    inputs: { x: positive(A, 1) },
    feeds: { e: { dtype: 'float32', dims: [4], data: Float32Array.of(2, 3, 0.5, 1.5) } },
    build: (g) => g.add('Pow', ['x', 'e']),
  },
  ...['Neg', 'Exp', 'Sin', 'Cos', 'Tanh', 'Sigmoid', 'Softplus', 'Erf', 'Identity', 'Dropout'].map((op) => unary(op)),
  ...['Sqrt', 'Log', 'Reciprocal'].map((op) => unary(op, positive(A, 1))),
  ...['Abs', 'Relu'].map((op) => unary(op, apart(A, 1))),
  ...['com.microsoft:Gelu', 'com.microsoft:FastGelu', 'com.microsoft:QuickGelu'].map((op) => unary(op)),
  unary('com.microsoft:QuickGelu', normal(A, 2), { alpha: float(1) }, 'SiLU'),
  binary('com.microsoft:FastGelu', normal(A, 1), normal([4], 2), {}, 'FastGelu with bias'),
  ...['none', 'tanh'].map((approximate) => ({
    ...unary('Gelu', normal(A, 1), { approximate: string(approximate) }, `Gelu ${approximate}`),
    opset: 20,
  })),
  unary('Softmax'),
  unary('Softmax', normal(A, 1), { axis: int(1) }, 'Softmax axis 1'),
  ...['IsNaN', 'GreaterOrEqual'].map(
    (test): GradientCase => ({
      name: `Softmax of a row that may see nothing, told by ${test}`,
      op: 'Softmax',
      inputs: { x: normal(A, 1) },
      build: (g) => {
        const zero = g.constant('float32', [], [0]);
        const bias = g.constant('float32', [3, 1], [0, Number.NEGATIVE_INFINITY, 0]);
        const y = g.add('Softmax', [g.add('Add', ['x', bias])], { attrs: { axis: int(-1) } });
        return test === 'IsNaN'
          ? g.add('Where', [g.add('IsNaN', [y]), zero, y])
          : g.add('Where', [g.add('GreaterOrEqual', [y, zero]), y, zero]);
      },
    }),
  ),
  unary('LogSoftmax'),
  unary('LogSoftmax', normal(A, 1), { axis: int(1) }, 'LogSoftmax axis 1'),
  {
    name: 'Cast there and back',
    op: 'Cast',
    inputs: { x: normal(A, 1) },
    build: (g) => {
      const wide = g.add('Cast', ['x'], { attrs: { to: int(11) } });
      return g.add('Cast', [wide], { attrs: { to: int(1) } });
    },
  },
  {
    name: 'Where',
    op: 'Where',
    inputs: { a: normal(A, 1), b: normal([3, 1], 2) },
    feeds: { test: bools([2, 1, 4], [true, false, false, true, false, true, false, true]) },
    build: (g) => g.add('Where', ['test', 'a', 'b']),
  },
  {
    name: 'Clip',
    op: 'Clip',
    inputs: { x: apart(A, 1) },
    build: (g) => g.add('Clip', ['x', g.constant('float32', [], [-1]), g.constant('float32', [], [2])]),
  },
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
  ...['ReduceSum', 'ReduceMean', 'ReduceSumSquare', 'ReduceLogSumExp', 'ReduceL2'].flatMap((op) => reductions(op)),
  ...['ReduceMax', 'ReduceMin'].flatMap((op) => reductions(op, apart)),
  norm('SimplifiedLayerNormalization', [3]),
  norm('SimplifiedLayerNormalization', [3], { axis: int(2) }),
  norm('LayerNormalization', [3, 4]),
  norm('LayerNormalization', [3, 4], { axis: int(2) }),
  skipNorm('com.microsoft:SkipSimplifiedLayerNormalization', [3], true),
  skipNorm('com.microsoft:SkipSimplifiedLayerNormalization', [3, 4], false),
  skipNorm('com.microsoft:SkipLayerNormalization', [3, 4], true),
  skipNorm('com.microsoft:SkipLayerNormalization', [3, 4, 5], true),
  rotary({}, [2, 2, 3, 4], 4),
  rotary({ interleaved: int(1) }, [2, 2, 3, 4], 4),
  rotary({ num_heads: int(2) }, [2, 3, 8], 4),
  rotary({ num_heads: int(2), rotary_embedding_dim: int(4) }, [2, 3, 16], 4),
  {
    name: 'Reshape',
    op: 'Reshape',
    inputs: { x: normal([2, 3, 4], 1) },
    build: (g) => g.add('Reshape', ['x', indices(g, 0, -1, 2)]),
  },
  {
    name: 'Reshape to a computed shape',
    op: 'Reshape',
    inputs: { x: normal([2, 3, 4], 1) },
    build: (g) => {
      const sizes = g.add('Shape', ['x']);
      const rows = g.add('Gather', [sizes, indices(g, 0)]);
      return g.add('Reshape', ['x', g.add('Concat', [rows, indices(g, -1)], { attrs: { axis: int(0) } })]);
    },
  },
  unary('Transpose', normal(A, 1), perm(2, 0, 1)),
  unary('Transpose', normal(A, 1), {}, 'Transpose reversed'),
  { ...unary('Squeeze', normal([2, 1, 3, 1], 1)), fixedSizes: true },
  {
    name: 'Squeeze of axes',
    op: 'Squeeze',
    inputs: { x: normal([2, 1, 3, 1], 1) },
    build: (g) => g.add('Squeeze', ['x', indices(g, 1, -1)]),
  },
  {
    name: 'Unsqueeze',
    op: 'Unsqueeze',
    inputs: { x: normal([2, 3], 1) },
    build: (g) => g.add('Unsqueeze', ['x', indices(g, 0, -1)]),
  },
  unary('Flatten', normal(A, 1), { axis: int(2) }),
  binary('Concat', normal([2, 3, 4], 1), normal([2, 2, 4], 2), { axis: int(1) }),
  {
    name: 'Concat behind a frozen part',
    op: 'Concat',
    inputs: { x: normal([2, 3, 4], 1) },
    feeds: { past: { dtype: 'float32', dims: [2, 2, 4], data: new Float32Array(16) } },
    build: (g) => g.add('Concat', ['past', 'x'], { attrs: { axis: int(-2) } }),
  },
  {
    name: 'Split',
    op: 'Split',
    inputs: { x: normal([2, 5, 3], 1) },
    build: (g) => {
      const [a = '', b = ''] = g.add('Split', ['x', indices(g, 2, 3)], { attrs: { axis: int(1) }, outputs: 2 });
      const sum = g.add('ReduceSum', [b, indices(g, 1)]);
      return g.add('Mul', [a, sum]);
    },
  },
  {
    name: 'Split, one part used',
    op: 'Split',
    inputs: { x: normal([2, 5, 3], 1) },
    build: (g) => g.add('Split', ['x', indices(g, 2, 3)], { attrs: { axis: int(1) }, outputs: 2 })[1] ?? '',
  },
  ...slices,
  {
    name: 'Slice at computed positions',
    op: 'Slice',
    inputs: { x: normal([3, 3, 4], 1) },
    feeds: { starts: int64s([2], [-2, 1]), ends: int64s([2], [9, 3]) },
    fixedSizes: true,
    build: (g) => g.add('Slice', ['x', 'starts', 'ends', indices(g, 1, 2)]),
  },
  ...gathers,
  {
    name: 'GatherND',
    op: 'GatherND',
    inputs: { x: normal([3, 3, 4], 1) },
    feeds: { ids: int64s([4, 2], [0, 1, 2, 2, 0, 1, 1, 0]) },
    build: (g) => g.add('GatherND', ['x', g.add('Reshape', ['ids', indices(g, -1, 2)])]),
  },
  {
    name: 'Gather by a negative constant',
    op: 'Gather',
    inputs: { x: normal([3, 4], 1) },
    fixedSizes: true,
    build: (g) => g.add('Gather', ['x', g.constant('int64', [], [-1])]),
  },
  {
    name: 'Expand',
    op: 'Expand',
    inputs: { x: normal([3, 1], 1) },
    build: (g) => g.add('Expand', ['x', indices(g, 2, 1, 4)]),
  },
  {
    name: 'Tile',
    op: 'Tile',
    inputs: { x: normal([2, 3], 1) },
    build: (g) => g.add('Tile', ['x', indices(g, 2, 3)]),
  },
  {
    name: 'Pad',
    op: 'Pad',
    inputs: { x: normal([2, 3], 1) },
    build: (g) => g.add('Pad', ['x', indices(g, 1, 0, 2, 1)]),
  },
  {
    name: 'Pad of one axis',
    op: 'Pad',
    inputs: { x: normal([2, 3], 1) },
    build: (g) => g.add('Pad', ['x', indices(g, 1, 2), '', indices(g, -1)]),
  },
];
