import { same } from '../../graph/infer/rules';
import { floatAttr, intAttr } from '../../graph/ir';
import type { Gradient, GradientContext, Operators } from './operator';

/** From `axis` on, counted from the end so that they hold for any rank. */
function normalised(c: GradientContext, axis: number): readonly number[] {
  const rank = c.shape(c.x).length;
  const count = axis < 0 ? -axis : rank - axis;
  return Array.from({ length: count }, (_, i) => i - count);
}

/** If the number n of elements is unknown, means in place of sums and 1 for n: the formulas below hold for both. */
function sums(c: GradientContext, axes: readonly number[]) {
  const { g } = c;
  const sizes = axes.map((axis) => c.shape(c.x).at(axis));
  if (!sizes.every((size): size is number => typeof size === 'number'))
    return { n: 1, sum: (v: string) => g.mean(v, axes), ofSquares: (v: string) => g.mean(g.square(v), axes) };
  return {
    n: sizes.reduce((product, size) => product * size, 1),
    sum: (v: string) => g.sum(v, axes),
    ofSquares: (v: string) => g.sumSquare(v, axes),
  };
}

/**
 * y = x W / s, W = w sqrt n, s = sqrt L, L = sum x^2 + n eps:  dX = dY W / s - x sum(dY y) / L
 *
 * Output 2 of the forward operator is 1 / s, but uninitialised memory on WebGPU.
 */
function rmsGradient(c: GradientContext, x: string, weight: string, axes: readonly number[], epsilon: number): string {
  const { g, dy, y } = c;
  const { n, sum, ofSquares } = sums(c, axes);
  const L = g.add(ofSquares(x), g.scalar(n * epsilon));
  const straight = g.div(g.mul(dy, g.scaled(weight, Math.sqrt(n))), g.sqrt(L));
  return g.sub(straight, g.mul(x, g.div(sum(g.mul(dy, y)), L)));
}

/**
 * y = xc W / s + b, xc = x - mean x, W = w sqrt n, s = sqrt L, L = sum xc^2 + n eps, G = dY W:
 * dX = (G - mean G - xc sum(G xc) / L) / s
 */
function layerGradient(c: GradientContext, x: string, weight: string, axes: readonly number[], epsilon: number) {
  const { g, dy } = c;
  const { n, sum, ofSquares } = sums(c, axes);
  const centred = g.sub(x, g.mean(x, axes));
  const L = g.add(ofSquares(centred), g.scalar(n * epsilon));
  const G = weight === '' ? g.times(dy, Math.sqrt(n)) : g.mul(dy, g.scaled(weight, Math.sqrt(n)));
  const along = g.mul(centred, g.div(sum(g.mul(G, centred)), L));
  return g.div(g.sub(g.sub(G, g.mean(G, axes)), along), g.sqrt(L));
}

const epsilonOf = (c: GradientContext) => floatAttr(c.node, 'epsilon', 1e-5);
const axesOf = (c: GradientContext) => normalised(c, intAttr(c.node, 'axis', -1));

/** Normalises s = x + skip (+ bias); output 3 is s, which carries the residual stream. */
const skip =
  (gradient: typeof rmsGradient, biasInput: number): Gradient =>
  (c) => {
    const { g, node, dys } = c;
    const bias = c.input(biasInput);
    const plain = () => g.add(c.input(0), c.input(1));
    const s = node.outputs[3] || (bias === '' ? plain() : g.add(plain(), bias));
    const through = dys[0] ? gradient(c, s, c.input(2), [-1], epsilonOf(c)) : null;
    const straight = dys[3] ?? null;
    const ds = through && straight ? g.add(through, straight) : (through ?? straight);
    return [ds, ds];
  };

const rmsNorm: Gradient = (c) => [rmsGradient(c, c.x, c.input(1), axesOf(c), epsilonOf(c))];
const layerNorm: Gradient = (c) => [layerGradient(c, c.x, c.input(1), axesOf(c), epsilonOf(c))];

export const norms = {
  LayerNormalization: {
    gradient: layerNorm,
    shape: same,
    note: 'to the input; scale and bias are frozen',
  },
  SimplifiedLayerNormalization: {
    gradient: rmsNorm,
    shape: same,
    note: 'to the input; the inverse RMS is recomputed',
  },
  'com.microsoft:SkipLayerNormalization': {
    gradient: skip(layerGradient, 4),
    shape: same,
    broadcasts: true,
    note: 'to both inputs, through the residual output too',
  },
  'com.microsoft:SkipSimplifiedLayerNormalization': {
    gradient: skip(rmsGradient, 3),
    shape: same,
    broadcasts: true,
    note: 'to both inputs, through the residual output too',
  },
} satisfies Operators;
