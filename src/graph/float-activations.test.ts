import { describe, expect, test } from 'vitest';
import { createRng } from '../lib/rng';
import { GraphBuilder } from './builder';
import { encode } from './dtype';
import { expandQuantised } from './expand-quantised';
import { floatActivations, hoistDequantise } from './float-activations';
import { type Graph, int } from './ir';
import { lower } from './lower';
import { f32, i64, runGraph } from './test-support';

const rng = createRng(3);
const activations = f32(
  [3, 8],
  Array.from({ length: 24 }, () => rng.normal()),
);
const codes = Uint8Array.from({ length: 48 }, () => rng.int(256));

const data = (tensor: { data: unknown } | undefined) => [...((tensor?.data ?? []) as Float32Array)];

/** The quantised graph and its float twin differ by the rounding of activations to 8 bits, which is well below 0.1. */
async function agree(make: () => Graph, feeds: Parameters<typeof runGraph>[1]): Promise<Graph> {
  const float = expandQuantised(hoistDequantise(floatActivations(make())));
  const [want, got] = [data((await runGraph(make(), feeds)).y), data((await runGraph(lower(float), feeds)).y)];
  expect(got.length).toBe(want.length);
  for (const [i, value] of want.entries()) expect(Math.abs((got[i] ?? Number.NaN) - value)).toBeLessThan(0.1);
  return float;
}

describe('dynamic quantisation', () => {
  test.each(['one scale', 'a scale for each column'])('%s: a product with the dequantised weight', async (kind) => {
    const many = kind !== 'one scale';
    const make = () => {
      const b = new GraphBuilder();
      const [q = '', s = '', z = ''] = b.add('DynamicQuantizeLinear', [b.input('x', 'float32', ['n', 8])], {
        outputs: 3,
      });
      const w = b.initializer({ name: 'w', dtype: 'uint8', dims: [8, 6], bytes: codes });
      const zero = b.constant('uint8', many ? [6] : [], many ? [120, 121, 122, 130, 131, 132] : [128]);
      const scale = b.constant('float32', many ? [6] : [1], many ? [0.01, 0.02, 0.01, 0.03, 0.01, 0.02] : [0.01]);
      const sums = b.add('Cast', [b.add('MatMulInteger', [q, w, z, zero])], { attrs: { to: int(1) } });
      b.output(b.add('Mul', [sums, b.add('Mul', [s, scale])], { name: 'y' }), 'float32', null);
      return b.build();
    };
    const float = await agree(make, { x: activations });
    expect(float.nodes.map((node) => node.op)).toEqual(['MatMul']);
  });

  test('reads rows of a quantised table from the dequantised table', async () => {
    const make = () => {
      const b = new GraphBuilder();
      const table = b.initializer({ name: 'w', dtype: 'uint8', dims: [8, 6], bytes: codes });
      const rows = b.add('Gather', [table, b.input('ids', 'int64', ['n'])]);
      const scale = b.constant('float32', [], [0.01]);
      b.output(
        b.add('DequantizeLinear', [rows, scale, b.constant('uint8', [], [128])], { name: 'y' }),
        'float32',
        null,
      );
      return b.build();
    };
    const float = await agree(make, { ids: i64([3], [0, 7, 3]) });
    expect(float.nodes.map((node) => node.op)).toEqual(['Gather']);
  });

  test('drops a quantisation that is undone again', async () => {
    const make = () => {
      const b = new GraphBuilder();
      const parameters = [b.constant('float32', [], [0.02]), b.constant('uint8', [], [128])];
      const q = b.add('QuantizeLinear', [b.input('x', 'float32', ['n', 8]), ...parameters]);
      const x = b.add('DequantizeLinear', [q, ...parameters]);
      const w = b.initializer({
        name: 'w',
        dtype: 'float32',
        dims: [8, 1],
        bytes: encode('float32', Array(8).fill(0.1)),
      });
      b.output(b.add('MatMul', [x, w], { name: 'y' }), 'float32', null);
      return b.build();
    };
    const float = await agree(make, { x: activations });
    expect(float.nodes.map((node) => node.op)).toEqual(['MatMul']);
  });
});
