import { float, int, string } from '../../../graph/ir';
import { A, apart, binary, broadcasts, positive, unary } from '../../operators/writing-cases.test-support';
import { bools, type GradientCase, normal } from '../../test-support';

/** For tests only. */
export const elementwiseCases: readonly GradientCase[] = [
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
];
