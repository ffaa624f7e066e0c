import { floatAttr, intAttr, stringAttr } from '../../graph/attrs';
import { maybeDType } from '../../graph/dtype';
import { binary, pass, type Rule, type RuleContext, type Rules, scaled } from '../operators/operator';

const SQRT_HALF = Math.SQRT1_2;
const SQRT_2_OVER_PI = Math.sqrt(2 / Math.PI);
/** Cubic coefficient of the tanh approximation of GELU (Hendrycks and Gimpel, 2016). */
const GELU_CUBIC = 0.044715;

/** y = x^c for a constant c: dY * c * x^(c-1); the common exponents without Pow. */
const pow: Rule = (c) => {
  const { g, dy, x } = c;
  if (c.wants(1)) c.refuse('its exponent depends on the soft prompt');
  const exponent = g.constantScalar(c.input(1));
  if (exponent === 2) return [g.mul(dy, g.times(x, 2))];
  if (exponent === 3) return [g.mul(dy, g.times(g.square(x), 3))];
  if (exponent === null) return [g.mul(dy, g.mul(c.input(1), g.pow(x, g.sub(c.input(1), g.scalar(1)))))];
  return [g.mul(dy, g.times(g.pow(x, g.scalar(exponent - 1)), exponent))];
};

/** GELU x * Phi(x): Phi(x) + x * phi(x), Phi(x) = (1 + erf(x / sqrt 2)) / 2, phi(x) = exp(-x^2 / 2) / sqrt(2 pi) */
const gelu = (g: RuleContext['g'], x: string): string => {
  const cdf = g.times(g.add(g.erf(g.times(x, SQRT_HALF)), g.scalar(1)), 0.5);
  const density = g.times(g.exp(g.times(g.square(x), -0.5)), SQRT_2_OVER_PI / 2);
  return g.add(cdf, g.mul(x, density));
};

/** x/2 (1 + t), t = tanh(a (x + k x^3)): (1 + t)/2 + x/2 (1 - t^2) a (1 + 3 k x^2) */
const geluTanh = (g: RuleContext['g'], x: string): string => {
  const squared = g.square(x);
  const inner = g.mul(x, g.add(g.times(squared, GELU_CUBIC), g.scalar(1)));
  const t = g.tanh(g.times(inner, SQRT_2_OVER_PI));
  const slope = g.times(g.add(g.times(squared, 3 * GELU_CUBIC), g.scalar(1)), SQRT_2_OVER_PI / 2);
  const first = g.times(g.add(t, g.scalar(1)), 0.5);
  return g.add(first, g.mul(g.mul(x, slope), g.oneMinus(g.square(t))));
};

/** FastGelu(x, bias?) = geluTanh(x + bias) */
const fastGelu: Rule = ({ g, dy, x, input }) => {
  const gradient = g.mul(dy, geluTanh(g, input(1) === '' ? x : g.add(x, input(1))));
  return [gradient, gradient];
};

/** y = x s, s = sigmoid(alpha x): s + alpha y (1 - s); alpha = 1 is SiLU: y + s (1 - y), the same with one product less */
const quickGelu = scaled(({ g, x, y, node }) => {
  const alpha = floatAttr(node, 'alpha', 1.702);
  const s = g.sigmoid(g.times(x, alpha));
  if (alpha === 1) return g.add(y, g.mul(s, g.oneMinus(y)));
  return g.add(s, g.mul(g.times(y, alpha), g.oneMinus(s)));
});

/** dY where the input is the one that was taken. On a tie the first one gets it all. */
const extreme =
  (firstLoses: (g: RuleContext['g'], a: string, b: string) => string): Rule =>
  (c) => {
    const { g, node, dy } = c;
    if (node.inputs.length === 1) return [dy];
    if (node.inputs.length > 2) c.refuse('it has more than two inputs');
    const loses = firstLoses(g, c.input(0), c.input(1));
    const zero = g.scalar(0);
    return [c.wants(0) ? g.where(loses, zero, dy) : null, c.wants(1) ? g.where(loses, dy, zero) : null];
  };

/** dY between the bounds, where y = x */
const clip: Rule = ({ g, dy, x, y }) => [g.where(g.equal(x, y), dy, g.scalar(0))];

/** Back to the type that came in. */
const cast: Rule = (c) => {
  const from = c.g.info(c.x)?.dtype;
  const to = maybeDType(intAttr(c.node, 'to', 0));
  if (!from || !to) return c.refuse('its types are unknown');
  return [from === to ? c.dy : c.g.cast(c.dy, from)];
};

/** c ? a : b */
const where: Rule = (c) => {
  const { g, dy } = c;
  const zero = g.scalar(0);
  return [null, c.wants(1) ? g.where(c.input(0), dy, zero) : null, c.wants(2) ? g.where(c.input(0), zero, dy) : null];
};

/** dX = Y * (dY - ReduceSum(Y * dY)) */
const softmax: Rule = (c) => {
  const { g, dy, node } = c;
  const axis = intAttr(node, 'axis', -1);
  const y = c.withoutNaN(c.y);
  return [g.mul(y, g.sub(dy, g.sum(g.mul(y, dy), [axis])))];
};

/** dX = dY - softmax(x) * ReduceSum(dY) */
const logSoftmax: Rule = ({ g, dy, x, node }) => {
  const axis = intAttr(node, 'axis', -1);
  return [g.sub(dy, g.mul(g.softmax(x, axis), g.sum(dy, [axis])))];
};

export const elementwise: Rules = {
  Add: binary(
    ({ dy }) => dy,
    ({ dy }) => dy,
  ),
  Sub: binary(
    ({ dy }) => dy,
    ({ g, dy }) => g.neg(dy),
  ),
  Mul: binary(
    ({ g, dy, b }) => g.mul(dy, b),
    ({ g, dy, a }) => g.mul(dy, a),
  ),
  // y = a/b: db = -dY * y / b
  Div: binary(
    ({ g, dy, b }) => g.div(dy, b),
    ({ g, dy, b, y }) => g.neg(g.div(g.mul(dy, y), b)),
  ),
  Pow: pow,
  Neg: ({ g, dy }) => [g.neg(dy)],
  Abs: ({ g, dy, x }) => [g.where(g.less(x, g.scalar(0)), g.neg(dy), dy)],
  Identity: pass,
  Dropout: pass,
  Cast: cast,
  Exp: scaled(({ y }) => y),
  Log: ({ g, dy, x }) => [g.div(dy, x)],
  // 1 / (2 y)
  Sqrt: ({ g, dy, y }) => [g.div(g.times(dy, 0.5), y)],
  // -y^2
  Reciprocal: ({ g, dy, y }) => [g.neg(g.mul(dy, g.square(y)))],
  Sin: scaled(({ g, x }) => g.cos(x)),
  Cos: scaled(({ g, x }) => g.neg(g.sin(x))),
  // 1 - y^2
  Tanh: scaled(({ g, y }) => g.oneMinus(g.square(y))),
  // y (1 - y)
  Sigmoid: scaled(({ g, y }) => g.mul(y, g.oneMinus(y))),
  Softplus: scaled(({ g, x }) => g.sigmoid(x)),
  // 2 / sqrt(pi) * exp(-x^2)
  Erf: scaled(({ g, x }) => g.times(g.exp(g.neg(g.square(x))), 2 / Math.sqrt(Math.PI))),
  Relu: ({ g, dy, x }) => [g.where(g.greater(x, g.scalar(0)), dy, g.scalar(0))],
  Gelu: scaled(({ g, x, node }) => (stringAttr(node, 'approximate', 'none') === 'tanh' ? geluTanh : gelu)(g, x)),
  'com.microsoft:Gelu': scaled(({ g, x }) => gelu(g, x)),
  'com.microsoft:FastGelu': fastGelu,
  'com.microsoft:QuickGelu': quickGelu,
  Softmax: softmax,
  LogSoftmax: logSoftmax,
  Where: where,
  Max: extreme((g, a, b) => g.less(a, b)),
  Min: extreme((g, a, b) => g.greater(a, b)),
  Clip: clip,
};
