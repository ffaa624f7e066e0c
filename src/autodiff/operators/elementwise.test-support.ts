import { float, int, string } from '../../graph/ir';
import { bools, type GradientCase, normal } from '../test-support';
import { A, apart, binary, broadcasts, positive, unary } from './writing-cases.test-support';

const power = (exponent: number): GradientCase => ({
  name: `Pow ${exponent}`,
  inputs: { x: positive(A, 1) },
  build: (g) => g.add('Pow', ['x', g.constant('float32', [], [exponent])]),
});

/** A row of attention that sees nothing is NaN until a Where replaces it. */
const guardedSoftmax = (test: 'IsNaN' | 'GreaterOrEqual'): GradientCase => ({
  name: `Softmax of a row that may see nothing, guarded by ${test}`,
  inputs: { x: normal(A, 1) },
  build: (g) => {
    const zero = g.constant('float32', [], [0]);
    const bias = g.constant('float32', [3, 1], [0, Number.NEGATIVE_INFINITY, 0]);
    const y = g.add('Softmax', [g.add('Add', ['x', bias])], { attrs: { axis: int(-1) } });
    return test === 'IsNaN'
      ? g.add('Where', [g.add('IsNaN', [y]), zero, y])
      : g.add('Where', [g.add('GreaterOrEqual', [y, zero]), y, zero]);
  },
});

const eitherGelu = (approximate: 'none' | 'tanh'): GradientCase => ({
  ...unary('Gelu', normal(A, 1), { approximate: string(approximate) }, `Gelu ${approximate}`),
  opset: 20,
});

export const elementwiseCases = {
  Abs: [unary('Abs', apart(A, 1))],
  Add: broadcasts('Add'),
  Cast: [
    {
      name: 'Cast there and back',
      inputs: { x: normal(A, 1) },
      build: (g) => {
        const wide = g.add('Cast', ['x'], { attrs: { to: int(11) } });
        return g.add('Cast', [wide], { attrs: { to: int(1) } });
      },
    },
  ],
  Clip: [
    {
      name: 'Clip',
      inputs: { x: apart(A, 1) },
      build: (g) => g.add('Clip', ['x', g.constant('float32', [], [-1]), g.constant('float32', [], [2])]),
    },
  ],
  Cos: [unary('Cos')],
  Div: broadcasts('Div', positive),
  Dropout: [unary('Dropout')],
  Erf: [unary('Erf')],
  Exp: [unary('Exp')],
  Gelu: [eitherGelu('none'), eitherGelu('tanh')],
  Identity: [unary('Identity')],
  Log: [unary('Log', positive(A, 1))],
  LogSoftmax: [unary('LogSoftmax'), unary('LogSoftmax', normal(A, 1), { axis: int(1) }, 'LogSoftmax axis 1')],
  Max: [...broadcasts('Max', apart), unary('Max', normal(A, 1), {}, 'Max of one')],
  Min: [binary('Min', apart(A, 1), apart([4], 2))],
  Mul: broadcasts('Mul'),
  Neg: [unary('Neg')],
  Pow: [
    ...[2, 3, 0.5, -1, 2.5].map(power),
    {
      name: 'Pow exponent from an input',
      inputs: { x: positive(A, 1) },
      feeds: { e: { dtype: 'float32', dims: [4], data: Float32Array.of(2, 3, 0.5, 1.5) } },
      build: (g) => g.add('Pow', ['x', 'e']),
    },
  ],
  Reciprocal: [unary('Reciprocal', positive(A, 1))],
  Relu: [unary('Relu', apart(A, 1))],
  Sigmoid: [unary('Sigmoid')],
  Sin: [unary('Sin')],
  Softmax: [
    unary('Softmax'),
    unary('Softmax', normal(A, 1), { axis: int(1) }, 'Softmax axis 1'),
    guardedSoftmax('IsNaN'),
    guardedSoftmax('GreaterOrEqual'),
  ],
  Softplus: [unary('Softplus')],
  Sqrt: [unary('Sqrt', positive(A, 1))],
  Sub: broadcasts('Sub'),
  Tanh: [unary('Tanh')],
  Where: [
    {
      name: 'Where',
      inputs: { a: normal(A, 1), b: normal([3, 1], 2) },
      feeds: { test: bools([2, 1, 4], [true, false, false, true, false, true, false, true]) },
      build: (g) => g.add('Where', ['test', 'a', 'b']),
    },
  ],
  'com.microsoft:FastGelu': [
    unary('com.microsoft:FastGelu'),
    binary('com.microsoft:FastGelu', normal(A, 1), normal([4], 2), {}, 'FastGelu with bias'),
  ],
  'com.microsoft:Gelu': [unary('com.microsoft:Gelu')],
  'com.microsoft:QuickGelu': [
    unary('com.microsoft:QuickGelu'),
    unary('com.microsoft:QuickGelu', normal(A, 2), { alpha: float(1) }, 'SiLU'),
  ],
} satisfies Readonly<Record<string, readonly GradientCase[]>>;
