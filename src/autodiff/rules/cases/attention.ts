import { int } from '../../../graph/ir';
import { type Attrs, constant } from '../../operators/writing-cases.test-support';
import { type GradientCase, int64s, normal } from '../../test-support';

/** For tests only. */
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

export const attentionCases: readonly GradientCase[] = [
  rotary({}, [2, 2, 3, 4], 4),
  rotary({ interleaved: int(1) }, [2, 2, 3, 4], 4),
  rotary({ num_heads: int(2) }, [2, 3, 8], 4),
  rotary({ num_heads: int(2), rotary_embedding_dim: int(4) }, [2, 3, 16], 4),
];
