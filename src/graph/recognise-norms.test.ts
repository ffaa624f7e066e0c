import { describe, expect, test } from 'vitest';
import { GraphBuilder } from './builder';
import { encode } from './dtype';
import { int } from './ir';
import { print } from './print';
import { recogniseNorms } from './recognise';
import { prune } from './simplify';
import { f32, runGraph } from './test-support';

const WIDTH = 4;
const EPSILON = 1e-3;

/** The single steps of exporters. */
function steps() {
  const b = new GraphBuilder();
  const x = b.input('x', 'float32', ['rows', WIDTH]);
  const vector = (name: string, values: number[]) =>
    b.initializer({ name, dtype: 'float32', dims: [WIDTH], bytes: encode('float32', values) });
  const scalar = (value: number) => b.constant('float32', [], [value]);
  const mean = (v: string) => b.add('ReduceMean', [v, b.constant('int64', [1], [-1])], { attrs: { keepdims: int(1) } });
  const root = (squares: string) => b.add('Sqrt', [b.add('Add', [mean(squares), scalar(EPSILON)])]);
  return {
    b,
    x,
    weight: vector('weight', [0.5, 1, -2, 1.5]),
    bias: vector('bias', [0.1, 0.2, 0.3, 0.4]),
    scalar,
    mean,
    root,
    power: (v: string) => b.add('Pow', [v, scalar(2)]),
    product: (v: string) => b.add('Mul', [v, v]),
  };
}

type Steps = ReturnType<typeof steps>;
const rms: Record<string, (s: Steps) => string> = {
  'times 1 / root': (s) => {
    const inverse = s.b.add('Div', [s.scalar(1), s.root(s.power(s.x))]);
    return s.b.add('Mul', [s.weight, s.b.add('Mul', [s.x, inverse])]);
  },
  'times a reciprocal': (s) => {
    const inverse = s.b.add('Reciprocal', [s.root(s.product(s.x))]);
    return s.b.add('Mul', [s.b.add('Mul', [inverse, s.x]), s.weight]);
  },
  quotient: (s) => s.b.add('Mul', [s.b.add('Div', [s.x, s.root(s.power(s.x))]), s.weight]),
};
const layer: Record<string, (s: Steps) => string> = {
  'without a bias': (s) => {
    const centred = s.b.add('Sub', [s.x, s.mean(s.x)]);
    return s.b.add('Mul', [s.b.add('Div', [centred, s.root(s.power(centred))]), s.weight]);
  },
  'with a bias': (s) => {
    const centred = s.b.add('Sub', [s.x, s.mean(s.x)]);
    const scaled = s.b.add('Mul', [s.b.add('Div', [centred, s.root(s.power(centred))]), s.weight]);
    return s.b.add('Add', [s.bias, scaled]);
  },
};

describe.each([
  ['SimplifiedLayerNormalization', rms],
  ['LayerNormalization', layer],
])('%s', (op, ways) => {
  test.each(Object.entries(ways))('%s, to the same numbers', async (_, build) => {
    const s = steps();
    s.b.output(s.b.add('Neg', [build(s)], { name: 'y' }), 'float32', null);
    const before = s.b.build();
    const after = prune(recogniseNorms(before));
    expect(after.nodes.map((node) => node.op)).toEqual([op, 'Neg']);
    const feeds = { x: f32([2, WIDTH], [1, -2, 3, 0.5, -0.1, 0.2, 0.05, -4]) };
    const [{ y: expected }, { y: found }] = await Promise.all([runGraph(before, feeds), runGraph(after, feeds)]);
    const numbers = Array.from(found?.data as Float32Array);
    for (const [i, value] of Array.from(expected?.data as Float32Array).entries())
      expect(numbers[i]).toBeCloseTo(value, 5);
  });
});

test('does not take a division by the root of another value, or of a mean over other axes, for a norm', () => {
  const s = steps();
  const other = s.b.input('other', 'float32', ['rows', WIDTH]);
  s.b.output(s.b.add('Mul', [s.b.add('Div', [s.x, s.root(s.power(other))]), s.weight], { name: 'y' }), 'float32', null);
  const rows = s.b.add('ReduceMean', [s.power(s.x), s.b.constant('int64', [1], [0])], { attrs: { keepdims: int(1) } });
  const root = s.b.add('Sqrt', [s.b.add('Add', [rows, s.scalar(EPSILON)])]);
  s.b.output(s.b.add('Mul', [s.b.add('Div', [s.x, root]), s.weight], { name: 'z' }), 'float32', null);
  expect(print(recogniseNorms(s.b.build()))).not.toContain('Normalization');
});
