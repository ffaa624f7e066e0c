import { float, int } from '../../graph/ir';
import { type GradientCase, normal } from '../test-support';
import { A, type Attrs, B, constant } from './writing-cases.test-support';

const norm = (op: string, weights: readonly number[], attrs: Attrs = {}): GradientCase => ({
  name: `${op} ${Object.keys(attrs)}`,
  inputs: { x: normal(A, 1) },
  build: (g) =>
    g.add(op, ['x', ...weights.map((seed) => constant(g, normal([4], seed, 1, 0.5)))], {
      attrs: { epsilon: float(1e-3), ...attrs },
    }),
});

/** Both outputs of a skip norm: the normalised value and the residual stream. */
const skipNorm = (op: string, weights: readonly number[], residual: boolean): GradientCase => ({
  name: `${op} ${weights.length} weights${residual ? ' residual' : ''}`,
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

export const normCases = {
  SimplifiedLayerNormalization: [
    norm('SimplifiedLayerNormalization', [3]),
    norm('SimplifiedLayerNormalization', [3], { axis: int(2) }),
  ],
  LayerNormalization: [norm('LayerNormalization', [3, 4]), norm('LayerNormalization', [3, 4], { axis: int(2) })],
  'com.microsoft:SkipSimplifiedLayerNormalization': [
    skipNorm('com.microsoft:SkipSimplifiedLayerNormalization', [3], true),
    skipNorm('com.microsoft:SkipSimplifiedLayerNormalization', [3, 4], false),
  ],
  'com.microsoft:SkipLayerNormalization': [
    skipNorm('com.microsoft:SkipLayerNormalization', [3, 4], true),
    skipNorm('com.microsoft:SkipLayerNormalization', [3, 4, 5], true),
  ],
} satisfies Readonly<Record<string, readonly GradientCase[]>>;
