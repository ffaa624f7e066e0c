import { int } from '../../graph/ir';
import { type GradientCase, int32s, int64s, normal } from '../test-support';
import { indices } from './writing-cases.test-support';

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
