import { expect, test } from 'vitest';
import { createRng } from '../lib/rng';
import { sumIntoLinear } from './before-lowering';
import { GraphBuilder } from './builder';
import { encode } from './dtype';
import { LINEAR, withLayout } from './ir';
import { lower } from './lower';
import { print } from './print';
import { f32, runGraph } from './test-support';

const noise = (n: number, seed: number) => {
  const rng = createRng(seed);
  return Array.from({ length: n }, () => rng.normal());
};

/** Two products of x and what is added to them, `[batch, tokens, 4]` each. */
function builder() {
  const b = new GraphBuilder();
  const x = b.input('x', 'float32', ['batch', 'tokens', 3]);
  const product = (name: string, seed: number) => {
    const weight = { name: `${name}.weight`, dtype: 'float32' as const, dims: [4, 3] };
    b.initializer({ ...weight, bytes: encode('float32', noise(12, seed)) });
    const y = b.add(LINEAR, [x, weight.name], { name, attrs: withLayout('rows') });
    b.describe(y, 'float32', ['batch', 'tokens', 4]);
    return y;
  };
  const add = (p: string, q: string, name: string) => {
    const y = b.add('Add', [p, q], { name });
    b.describe(y, 'float32', ['batch', 'tokens', 4]);
    return y;
  };
  return { b, product, add, residual: b.input('r', 'float32', ['batch', 'tokens', 4]) };
}

test('Gemms add a residual and a second product, with the same result', async () => {
  const { b, product, add, residual } = builder();
  b.output(add(add(residual, product('p', 1), 's'), product('q', 2), 'y'), 'float32', ['batch', 'tokens', 4]);
  const before = b.build();
  const after = sumIntoLinear(before);
  expect(after.nodes.map(({ op, inputs }) => [op, inputs.at(-1)])).toEqual([
    [LINEAR, 'r'],
    [LINEAR, 's'],
  ]);
  const feeds = { x: f32([2, 2, 3], noise(12, 3)), r: f32([2, 2, 4], noise(16, 4)) };
  const { y } = await runGraph(lower(before), feeds);
  const expected = lower({ ...before, values: new Map() });
  expect(print(expected)).toContain('Add');
  expect(print(lower(before))).not.toContain('Add');
  const { y: plain } = await runGraph(expected, feeds);
  const numbers = Array.from(y?.data as Float32Array);
  for (const [i, value] of Array.from(plain?.data as Float32Array).entries()) expect(numbers[i]).toBeCloseTo(value, 6);
});

test('a sum stays if a product is read elsewhere, stretched, or of unknown shape', () => {
  const { b, product, add } = builder();
  const twice = product('twice', 1);
  add(twice, b.input('a', 'float32', ['batch', 'tokens', 4]), 'read elsewhere');
  b.output(b.add('Neg', [twice], { name: 'n' }), 'float32', null);
  add(product('p', 2), b.input('row', 'float32', [1, 'tokens', 4]), 'stretched');
  add(product('q', 3), b.input('any', 'float32', [null, 'tokens', 4]), 'unknown');
  for (const name of ['read elsewhere', 'stretched', 'unknown']) b.output(name, 'float32', null);
  const graph = b.build();
  expect(sumIntoLinear(graph).nodes).toEqual(graph.nodes);
});
