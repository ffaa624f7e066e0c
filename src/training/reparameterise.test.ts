import { describe, expect, it } from 'vitest';
import { folded, NET_WIDTH, type ResidualNet, startNet, unfoldGradient } from './vectors';

const HIDDEN = 6;
const wave = (count: number, speed: number, size: number) =>
  Float32Array.from({ length: count }, (_, i) => size * Math.sin(speed * i));
const base = wave(3 * HIDDEN, 1.3, 0.2);
const pull = wave(3 * HIDDEN, 0.7, 1);
const net: ResidualNet = {
  weights: wave(2 * NET_WIDTH * HIDDEN + NET_WIDTH + HIDDEN, 0.37, 0.3),
  hidden: HIDDEN,
  scale: 0.25,
};
const lossAt = (p: Float32Array, weights: Float32Array) =>
  folded(p, { ...net, weights }).reduce((sum, value, i) => sum + value * (pull[i] ?? 0), 0);

describe('the residual network', () => {
  it('changes nothing at the start', () => {
    const start = { weights: startNet(HIDDEN, 3), hidden: HIDDEN, scale: 0.25 };
    expect(folded(base, start)).toEqual(base);
    expect(startNet(HIDDEN, 3)).not.toEqual(startNet(HIDDEN, 4));
  });

  it('has the gradient of central differences', () => {
    const off = base.map((value) => value + 0.013); // beside the kinks of the relu
    const gradient = unfoldGradient(pull, off, net);
    const slope = (values: Float32Array, i: number, loss: (moved: Float32Array) => number) => {
      const moved = (by: number) => loss(values.map((value, k) => (k === i ? value + by : value)));
      return (moved(1 / 2048) - moved(-1 / 2048)) * 1024;
    };
    off.forEach((_, i) => {
      expect(gradient.base[i]).toBeCloseTo(
        slope(off, i, (p) => lossAt(p, net.weights)),
        2,
      );
    });
    for (let i = 0; i < net.weights.length; i += 7)
      expect(gradient.weights[i]).toBeCloseTo(
        slope(net.weights, i, (weights) => lossAt(off, weights)),
        2,
      );
  });

  // PyTorch 2.13, tools/fixtures/residual_net.py
  it('agrees with PyTorch', () => {
    const expected = [
      0.029053, -0.158714, 0.03131, 0.276039, 0.099934, -0.184206, 0.233048, -0.273768, -0.238382, 0.247115, 0.358367,
      -0.016335, 0.028814, -0.531351, -0.169578, 0.534261, 0.439101, -0.254003,
    ];
    folded(base, net).forEach((value, i) => void expect(value).toBeCloseTo(expected[i] ?? 0, 5));
    const gradient = unfoldGradient(pull, base, net);
    const expectedBase = [
      0.050109, 0.641977, 0.931162, 0.764223, 0.2047, -0.494739, -0.739023, -0.882668, -0.577755, 0.01681, 0.603467,
      0.888377, 0.841773, 0.26905, -0.446977, -0.979748, -1.085243, -0.715859,
    ];
    gradient.base.forEach((value, i) => void expect(value).toBeCloseTo(expectedBase[i] ?? 0, 5));
    const probes = {
      0: 0.0,
      5: 0.0,
      100: 0.0,
      383: 0.055775,
      384: 0.0,
      400: 0.0,
      447: 0.001356,
      448: 0.0,
      500: 0.0,
      700: 0.062628,
      831: 0.020605,
      832: -0.004244,
      837: 0.004812,
    };
    for (const [i, value] of Object.entries(probes)) expect(gradient.weights[Number(i)]).toBeCloseTo(value, 5);
    expect(Math.hypot(...gradient.weights)).toBeCloseTo(1.014076, 5);
  });
});
