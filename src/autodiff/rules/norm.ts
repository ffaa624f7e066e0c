import { floatAttr, intAttr } from '../../graph/attrs';
import type { Rule, RuleContext, Rules } from '../rule';

/** Axes from `axis` on, counted from the end so that they hold for any rank. */
function normalised(c: RuleContext, axis: number): readonly number[] {
  const rank = c.shape(c.x).length;
  const count = axis < 0 ? -axis : rank - axis;
  return Array.from({ length: count }, (_, i) => i - count);
}

/** 1 / sqrt(mean(v^2) + eps). Output 2 of the forward operator holds it too, but is uninitialised memory on WebGPU. */
const inverseRms = ({ g }: RuleContext, v: string, axes: readonly number[], epsilon: number) =>
  g.reciprocal(g.sqrt(g.add(g.mean(g.square(v), axes), g.scalar(epsilon))));

/** y = x r w, r = 1 / sqrt(mean x^2 + eps), xn = x r, G = dY w:  dX = r (G - xn mean(G xn)) */
function rmsGradient(c: RuleContext, x: string, weight: string, axes: readonly number[], epsilon: number): string {
  const { g } = c;
  const r = inverseRms(c, x, axes, epsilon);
  const xn = g.mul(x, r);
  const G = g.mul(c.dy, weight);
  return g.mul(r, g.sub(G, g.mul(xn, g.mean(g.mul(G, xn), axes))));
}

/** xc = x - mean x, r = 1 / sqrt(mean xc^2 + eps), xn = xc r, G = dY w:  dX = r (G - mean G - xn mean(G xn)) */
function layerGradient(c: RuleContext, x: string, weight: string, axes: readonly number[], epsilon: number): string {
  const { g } = c;
  const centred = g.sub(x, g.mean(x, axes));
  const r = inverseRms(c, centred, axes, epsilon);
  const xn = g.mul(centred, r);
  const G = weight === '' ? c.dy : g.mul(c.dy, weight);
  return g.mul(r, g.sub(g.sub(G, g.mean(G, axes)), g.mul(xn, g.mean(g.mul(G, xn), axes))));
}

const epsilonOf = (c: RuleContext, fallback: number) => floatAttr(c.node, 'epsilon', fallback);
const axesOf = (c: RuleContext) => normalised(c, intAttr(c.node, 'axis', -1));

/** Normalises s = x + skip (+ bias); output 3 is s, which carries the residual stream. */
const skip =
  (gradient: typeof rmsGradient, biasInput: number): Rule =>
  (c) => {
    const { g, node, dys } = c;
    const bias = c.input(biasInput);
    const plain = () => g.add(c.input(0), c.input(1));
    const s = node.outputs[3] || (bias === '' ? plain() : g.add(plain(), bias));
    const through = dys[0] ? gradient(c, s, c.input(2), [-1], epsilonOf(c, 1e-5)) : null;
    const straight = dys[3] ?? null;
    const ds = through && straight ? g.add(through, straight) : (through ?? straight);
    return [ds, ds];
  };

export const norm: Rules = {
  SimplifiedLayerNormalization: (c) => [rmsGradient(c, c.x, c.input(1), axesOf(c), epsilonOf(c, 1e-5))],
  LayerNormalization: (c) => [layerGradient(c, c.x, c.input(1), axesOf(c), epsilonOf(c, 1e-5))],
  'com.microsoft:SkipSimplifiedLayerNormalization': skip(rmsGradient, 3),
  'com.microsoft:SkipLayerNormalization': skip(layerGradient, 4),
};
