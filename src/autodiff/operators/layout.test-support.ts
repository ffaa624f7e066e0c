import { int } from '../../graph/ir';
import { type GradientCase, int32s, int64s, normal } from '../test-support';
import { A, binary, indices, perm, unary } from './writing-cases.test-support';

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
  inputs: { x: normal([3, 3, 4], 1) },
  build: (g) =>
    g.add('Slice', ['x', ...[starts, ends, axes, steps].flatMap((list) => (list ? [indices(g, ...list)] : []))]),
}));

export const layoutCases = {
  Concat: [
    binary('Concat', normal([2, 3, 4], 1), normal([2, 2, 4], 2), { axis: int(1) }),
    {
      name: 'Concat behind a frozen part',
      inputs: { x: normal([2, 3, 4], 1) },
      feeds: { past: { dtype: 'float32', dims: [2, 2, 4], data: new Float32Array(16) } },
      build: (g) => g.add('Concat', ['past', 'x'], { attrs: { axis: int(-2) } }),
    },
  ],
  Expand: [
    {
      name: 'Expand',
      inputs: { x: normal([3, 1], 1) },
      build: (g) => g.add('Expand', ['x', indices(g, 2, 1, 4)]),
    },
  ],
  Flatten: [unary('Flatten', normal(A, 1), { axis: int(2) })],
  Pad: [
    {
      name: 'Pad',
      inputs: { x: normal([2, 3], 1) },
      build: (g) => g.add('Pad', ['x', indices(g, 1, 0, 2, 1)]),
    },
    {
      name: 'Pad of one axis',
      inputs: { x: normal([2, 3], 1) },
      build: (g) => g.add('Pad', ['x', indices(g, 1, 2), '', indices(g, -1)]),
    },
  ],
  Reshape: [
    {
      name: 'Reshape',
      inputs: { x: normal([2, 3, 4], 1) },
      build: (g) => g.add('Reshape', ['x', indices(g, 0, -1, 2)]),
    },
    {
      name: 'Reshape to a computed shape',
      inputs: { x: normal([2, 3, 4], 1) },
      build: (g) => {
        const sizes = g.add('Shape', ['x']);
        const rows = g.add('Gather', [sizes, indices(g, 0)]);
        return g.add('Reshape', ['x', g.add('Concat', [rows, indices(g, -1)], { attrs: { axis: int(0) } })]);
      },
    },
  ],
  Slice: [
    ...slices,
    {
      name: 'Slice at computed positions',
      inputs: { x: normal([3, 3, 4], 1) },
      feeds: { starts: int64s([2], [-2, 1]), ends: int64s([2], [9, 3]) },
      fixedSizes: true,
      build: (g) => g.add('Slice', ['x', 'starts', 'ends', indices(g, 1, 2)]),
    },
  ],
  Split: [
    {
      name: 'Split',
      inputs: { x: normal([2, 5, 3], 1) },
      build: (g) => {
        const [a = '', b = ''] = g.add('Split', ['x', indices(g, 2, 3)], { attrs: { axis: int(1) }, outputs: 2 });
        const sum = g.add('ReduceSum', [b, indices(g, 1)]);
        return g.add('Mul', [a, sum]);
      },
    },
    {
      name: 'Split, one part used',
      inputs: { x: normal([2, 5, 3], 1) },
      build: (g) => g.add('Split', ['x', indices(g, 2, 3)], { attrs: { axis: int(1) }, outputs: 2 })[1] ?? '',
    },
  ],
  Squeeze: [
    { ...unary('Squeeze', normal([2, 1, 3, 1], 1)), fixedSizes: true },
    {
      name: 'Squeeze of axes',
      inputs: { x: normal([2, 1, 3, 1], 1) },
      build: (g) => g.add('Squeeze', ['x', indices(g, 1, -1)]),
    },
  ],
  Tile: [
    {
      name: 'Tile',
      inputs: { x: normal([2, 3], 1) },
      build: (g) => g.add('Tile', ['x', indices(g, 2, 3)]),
    },
  ],
  Transpose: [
    unary('Transpose', normal(A, 1), perm(2, 0, 1)),
    unary('Transpose', normal(A, 1), {}, 'Transpose reversed'),
  ],
  Unsqueeze: [
    {
      name: 'Unsqueeze',
      inputs: { x: normal([2, 3], 1) },
      build: (g) => g.add('Unsqueeze', ['x', indices(g, 0, -1)]),
    },
  ],
} satisfies Readonly<Record<string, readonly GradientCase[]>>;

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
  inputs: { x: normal([3, 3, 4], 1) },
  feeds: { ids },
  build: (g) => g.add('Gather', ['x', 'ids'], { attrs: { axis: int(axis) } }),
}));

export const gatherCases = {
  Gather: [
    ...gathers,
    {
      name: 'Gather by a negative constant',
      inputs: { x: normal([3, 4], 1) },
      fixedSizes: true,
      build: (g) => g.add('Gather', ['x', g.constant('int64', [], [-1])]),
    },
  ],
  GatherND: [
    {
      name: 'GatherND',
      inputs: { x: normal([3, 3, 4], 1) },
      feeds: { ids: int64s([4, 2], [0, 1, 2, 2, 0, 1, 1, 0]) },
      build: (g) => g.add('GatherND', ['x', g.add('Reshape', ['ids', indices(g, -1, 2)])]),
    },
  ],
} satisfies Readonly<Record<string, readonly GradientCase[]>>;
