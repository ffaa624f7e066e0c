import { maybeDType } from '../../graph/dtype';
import { difference, product, sum } from '../../graph/infer/dims';
import * as infer from '../../graph/infer/rules';
import { floatAttr, intAttr, stringAttr } from '../../graph/ir';
import { binary, forwardOnly, type Gradient, type GradientContext, type Operators, pass, scaled } from './operator';

const SQRT_HALF = Math.SQRT1_2;
const SQRT_2_OVER_PI = Math.sqrt(2 / Math.PI);
/** Cubic coefficient of the tanh approximation of GELU (Hendrycks and Gimpel, 2016). */
const GELU_CUBIC = 0.044715;

/** y = x^c for a constant c: dY * c * x^(c-1); common exponents avoid Pow. */
const pow: Gradient = (c) => {
  const { g, dy, x } = c;
  if (c.wants(1)) c.refuse('its exponent depends on the soft prompt');
  const exponent = g.constantScalar(c.input(1));
  if (exponent === 2) return [g.mul(dy, g.times(x, 2))];
  if (exponent === 3) return [g.mul(dy, g.times(g.square(x), 3))];
  if (exponent === null) return [g.mul(dy, g.mul(c.input(1), g.pow(x, g.sub(c.input(1), g.scalar(1)))))];
  return [g.mul(dy, g.times(g.pow(x, g.scalar(exponent - 1)), exponent))];
};

/** GELU x * Phi(x): Phi(x) + x * phi(x), Phi(x) = (1 + erf(x / sqrt 2)) / 2, phi(x) = exp(-x^2 / 2) / sqrt(2 pi) */
const gelu = (g: GradientContext['g'], x: string): string => {
  const cdf = g.times(g.add(g.erf(g.times(x, SQRT_HALF)), g.scalar(1)), 0.5);
  const density = g.times(g.exp(g.times(g.square(x), -0.5)), SQRT_2_OVER_PI / 2);
  return g.add(cdf, g.mul(x, density));
};

/** x/2 (1 + t), t = tanh(a (x + k x^3)): (1 + t)/2 + x/2 (1 - t^2) a (1 + 3 k x^2) */
const geluTanh = (g: GradientContext['g'], x: string): string => {
  const squared = g.square(x);
  const inner = g.mul(x, g.add(g.times(squared, GELU_CUBIC), g.scalar(1)));
  const t = g.tanh(g.times(inner, SQRT_2_OVER_PI));
  const slope = g.times(g.add(g.times(squared, 3 * GELU_CUBIC), g.scalar(1)), SQRT_2_OVER_PI / 2);
  const first = g.times(g.add(t, g.scalar(1)), 0.5);
  return g.add(first, g.mul(g.mul(x, slope), g.oneMinus(g.square(t))));
};

/** FastGelu(x, bias?) = geluTanh(x + bias) */
const fastGelu: Gradient = ({ g, dy, x, input }) => {
  const gradient = g.mul(dy, geluTanh(g, input(1) === '' ? x : g.add(x, input(1))));
  return [gradient, gradient];
};

/** y = x s, s = sigmoid(alpha x): s + alpha y (1 - s); alpha = 1 is SiLU: y + s (1 - y), one product less */
const quickGelu = scaled(({ g, x, y, node }) => {
  const alpha = floatAttr(node, 'alpha', 1.702);
  const s = g.sigmoid(g.times(x, alpha));
  if (alpha === 1) return g.add(y, g.mul(s, g.oneMinus(y)));
  return g.add(s, g.mul(g.times(y, alpha), g.oneMinus(s)));
});

/** On a tie the first input gets it all. */
const extreme =
  (firstLoses: (g: GradientContext['g'], a: string, b: string) => string): Gradient =>
  (c) => {
    const { g, node, dy } = c;
    if (node.inputs.length === 1) return [dy];
    if (node.inputs.length > 2) c.refuse('it has more than two inputs');
    const loses = firstLoses(g, c.input(0), c.input(1));
    const zero = g.scalar(0);
    return [c.wants(0) ? g.where(loses, zero, dy) : null, c.wants(1) ? g.where(loses, dy, zero) : null];
  };

/** dY between the bounds, where y = x */
const clip: Gradient = ({ g, dy, x, y }) => [g.where(g.equal(x, y), dy, g.scalar(0))];

const cast: Gradient = (c) => {
  const from = c.g.info(c.x)?.dtype;
  const to = maybeDType(intAttr(c.node, 'to', 0));
  if (!from || !to) return c.refuse('its types are unknown');
  return [from === to ? c.dy : c.g.cast(c.dy, from)];
};

const where: Gradient = (c) => {
  const { g, dy } = c;
  const zero = g.scalar(0);
  return [null, c.wants(1) ? g.where(c.input(0), dy, zero) : null, c.wants(2) ? g.where(c.input(0), zero, dy) : null];
};

/** dX = Y * (dY - ReduceSum(Y * dY)) */
const softmax: Gradient = (c) => {
  const { g, dy, node } = c;
  const axis = intAttr(node, 'axis', -1);
  const y = c.withoutNaN(c.y);
  return [g.mul(y, g.sub(dy, g.sum(g.mul(y, dy), [axis])))];
};

/** dX = dY - softmax(x) * ReduceSum(dY) */
const logSoftmax: Gradient = ({ g, dy, x, node }) => {
  const axis = intAttr(node, 'axis', -1);
  return [g.sub(dy, g.mul(g.softmax(x, axis), g.sum(dy, [axis])))];
};

/** y = a/b: da = dY / b, db = -dY y / b */
const divide = binary(
  ({ g, dy, b }) => g.div(dy, b),
  ({ g, dy, b, y }) => g.neg(g.div(g.mul(dy, y), b)),
);

const add = binary(
  ({ dy }) => dy,
  ({ dy }) => dy,
);

const subtract = binary(
  ({ dy }) => dy,
  ({ g, dy }) => g.neg(dy),
);

const multiply = binary(
  ({ g, dy, b }) => g.mul(dy, b),
  ({ g, dy, a }) => g.mul(dy, a),
);

const abs: Gradient = ({ g, dy, x }) => [g.where(g.less(x, g.scalar(0)), g.neg(dy), dy)];
const relu: Gradient = ({ g, dy, x }) => [g.where(g.greater(x, g.scalar(0)), dy, g.scalar(0))];
/** y = sqrt x: dY / (2 y) */
const sqrt: Gradient = ({ g, dy, y }) => [g.div(g.times(dy, 0.5), y)];
/** y = 1/x: -dY y^2 */
const reciprocal: Gradient = ({ g, dy, y }) => [g.neg(g.mul(dy, g.square(y)))];
/** 1 - y^2 */
const tanh = scaled(({ g, y }) => g.oneMinus(g.square(y)));
/** y (1 - y) */
const sigmoid = scaled(({ g, y }) => g.mul(y, g.oneMinus(y)));
/** 2 / sqrt(pi) exp(-x^2) */
const erf = scaled(({ g, x }) => g.times(g.exp(g.neg(g.square(x))), 2 / Math.sqrt(Math.PI)));
const eitherGelu = scaled(({ g, x, node }) =>
  (stringAttr(node, 'approximate', 'none') === 'tanh' ? geluTanh : gelu)(g, x),
);

export const elementwise = {
  Abs: { gradient: abs, shape: infer.same },
  Add: { gradient: add, shape: infer.broadcasting(undefined, (a, b) => sum([a, b])), broadcasts: true },
  Cast: { gradient: cast, shape: infer.cast, note: 'between float types' },
  Clip: { gradient: clip, shape: infer.same, note: 'to the input; nothing outside the bounds' },
  Cos: { gradient: scaled(({ g, x }) => g.neg(g.sin(x))), shape: infer.same },
  Div: { gradient: divide, shape: infer.broadcasting(undefined, infer.divide), broadcasts: true },
  Dropout: { gradient: pass, shape: infer.same, note: 'as in inference: the identity' },
  Erf: { gradient: erf, shape: infer.same },
  Exp: { gradient: scaled(({ y }) => y), shape: infer.same },
  Gelu: { gradient: eitherGelu, shape: infer.same },
  Identity: { gradient: pass, shape: infer.sameWithElements },
  Log: { gradient: ({ g, dy, x }) => [g.div(dy, x)], shape: infer.same },
  LogSoftmax: { gradient: logSoftmax, shape: infer.same },
  Max: {
    gradient: extreme((g, a, b) => g.less(a, b)),
    shape: infer.broadcasting(undefined, infer.onNumbers(Math.max)),
    broadcasts: true,
    note: 'two inputs; on a tie the first one gets the gradient',
  },
  Min: {
    gradient: extreme((g, a, b) => g.greater(a, b)),
    shape: infer.broadcasting(undefined, infer.onNumbers(Math.min)),
    broadcasts: true,
    note: 'two inputs; on a tie the first one gets the gradient',
  },
  Mul: {
    gradient: multiply,
    shape: infer.broadcasting(undefined, (a, b) => product([a, b])),
    broadcasts: true,
  },
  Neg: { gradient: ({ g, dy }) => [g.neg(dy)], shape: infer.same },
  Pow: { gradient: pow, shape: infer.broadcasting(), broadcasts: true, note: 'to the base' },
  Reciprocal: { gradient: reciprocal, shape: infer.same },
  Relu: { gradient: relu, shape: infer.same },
  Sigmoid: { gradient: sigmoid, shape: infer.same },
  Sin: { gradient: scaled(({ g, x }) => g.cos(x)), shape: infer.same },
  Softmax: { gradient: softmax, shape: infer.same },
  Softplus: { gradient: scaled(({ g, x }) => g.sigmoid(x)), shape: infer.same },
  Sqrt: { gradient: sqrt, shape: infer.same },
  Sub: { gradient: subtract, shape: infer.broadcasting(undefined, difference), broadcasts: true },
  Tanh: { gradient: tanh, shape: infer.same },
  Where: { gradient: where, shape: infer.where, broadcasts: true },
  'com.microsoft:FastGelu': {
    gradient: fastGelu,
    shape: infer.same,
    broadcasts: true,
    note: 'to the input and to the bias',
  },
  'com.microsoft:Gelu': { gradient: scaled(({ g, x }) => gelu(g, x)), shape: infer.same },
  'com.microsoft:QuickGelu': {
    gradient: quickGelu,
    shape: infer.same,
    note: 'with alpha 1 it is SiLU',
  },

  ...forwardOnly(infer.same, ['Ceil', 'Floor', 'Not', 'Round', 'Sign']),
  ...forwardOnly(infer.broadcasting('bool'), ['And', 'Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual', 'Or', 'Xor']),
  ...forwardOnly(infer.broadcasting('bool', infer.equal), ['Equal']),
  ...forwardOnly(infer.tested, ['IsInf', 'IsNaN']),
  ...forwardOnly(infer.broadcasting(), ['Mod']),
} satisfies Operators;
