import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRng } from '../lib/rng';
import { GraphBuilder } from './builder';
import { encode } from './dtype';
import { float, type Graph, HEAD, HEAD_GRAD, int, ints, type Layout, LINEAR, withLayout } from './ir';
import { lower } from './lower';
import { print } from './print';
import { bool, f32, i32, runGraph } from './test-support';

const noise = (n: number, seed: number) => {
  const rng = createRng(seed);
  return Array.from({ length: n }, () => rng.normal());
};
const numbers = (tensor: { data: unknown } | undefined) => [...((tensor?.data ?? []) as Float32Array)];
const close = (got: number[], want: number[]) => {
  expect(got.length).toBe(want.length);
  for (const [i, value] of want.entries()) expect(Math.abs((got[i] ?? Number.NaN) - value)).toBeLessThan(1e-4);
};

const W = noise(6, 1);
const bias = [1, -2];
/** y[r, o] = sum_k x[r, k] W[k, o] + b[o] for in = 3, out = 2; `rows` stores W transposed. */
const weight = (layout: Layout) =>
  layout === 'columns'
    ? { dims: [3, 2], values: W }
    : { dims: [2, 3], values: [0, 1].flatMap((o) => [0, 1, 2].map((k) => W[k * 2 + o] ?? 0)) };

describe('Linear', () => {
  test.each(
    (['rows', 'columns'] as const).flatMap((layout) => [[4], [2, 2], [2, 1, 2]].map((lead) => [layout, lead] as const)),
  )('%s, leading axes [%s]', async (layout, lead) => {
    const { dims, values } = weight(layout);
    const b = new GraphBuilder();
    const x = b.input('x', 'float32', [...lead.map((_, i) => `d${i}`), 3]);
    const w = b.initializer({ name: 'w', dtype: 'float32', dims, bytes: encode('float32', values) });
    const y = b.add(LINEAR, [x, w, b.constant('float32', [2], bias)], { name: 'y', attrs: withLayout(layout) });
    b.output(y, 'float32', null);
    const data = noise(12, 2);
    const out = await runGraph(lower(b.build()), { x: f32([...lead, 3], data) });
    expect(out.y?.dims).toEqual([...lead, 2]);
    const want = Array.from({ length: 8 }, (_, i) => {
      const [r, o] = [Math.floor(i / 2), i % 2];
      return [0, 1, 2].reduce((s, k) => s + (data[r * 3 + k] ?? 0) * (W[k * 2 + o] ?? 0), bias[o] ?? 0);
    });
    close(numbers(out.y), want);
  });
});

test.each(['rows', 'columns'] as const)('Head and HeadGrad, %s, of some and of all columns', async (layout) => {
  const { dims, values } = weight(layout);
  const b = new GraphBuilder();
  const x = b.input('x', 'float32', ['r', 3]);
  const d = b.input('d', 'float32', ['r', 'c']);
  const ids = b.input('ids', 'int32', ['n']);
  const full = b.input('full', 'bool', []);
  const w = b.initializer({ name: 'w', dtype: 'float32', dims, bytes: encode('float32', values) });
  const attrs = withLayout(layout);
  b.output(b.add(HEAD, [x, w, ids, full, b.constant('float32', [2], bias)], { name: 'y', attrs }), 'float32', null);
  b.output(b.add(HEAD_GRAD, [d, w, ids, full], { name: 'g', attrs }), 'float32', null);
  const graph = lower(b.build());
  const logit = (o: number) => [1, 2, 3].reduce((s, v, k) => s + v * (W[k * 2 + o] ?? 0), bias[o] ?? 0);
  const grad = (columns: number[], dy: number[]) =>
    [0, 1, 2].map((k) => columns.reduce((s, o, i) => s + (dy[i] ?? 0) * (W[k * 2 + o] ?? 0), 0));
  for (const [all, columns] of [
    [false, [1]],
    [true, [0, 1]],
  ] as const) {
    const dy = columns.map((_, i) => 2 - i);
    const out = await runGraph(graph, {
      x: f32([1, 3], [1, 2, 3]),
      d: f32([1, dy.length], dy),
      ids: i32([all ? 0 : 1], all ? [] : [1]),
      full: bool(all),
    });
    close(numbers(out.y), columns.map(logit));
    close(numbers(out.g), grad([...columns], dy));
  }
});

/** A little MLP with residual and norm, whose only Reshapes are at its ends. */
function block(): Graph {
  const b = new GraphBuilder();
  const x = b.input('x', 'float32', ['batch', 'tokens', 4]);
  const w = (name: string, dims: number[]) =>
    b.initializer({
      name,
      dtype: 'float32',
      dims,
      bytes: encode('float32', noise(16, 10 * name.length + dims.length + (name.codePointAt(0) ?? 0))),
    });
  const scale = b.initializer({ name: 'scale', dtype: 'float32', dims: [4], bytes: encode('float32', noise(4, 9)) });
  const attrs = { axis: int(-1), epsilon: float(1e-5) };
  const n = b.add('SimplifiedLayerNormalization', [x, scale], { attrs });
  const gate = b.add(LINEAR, [n, w('gate', [4, 4])], { attrs: withLayout('rows') });
  const up = b.add(LINEAR, [n, w('up', [4, 4])], { attrs: withLayout('columns') });
  const act = b.add('Mul', [b.add('Mul', [gate, b.add('Sigmoid', [gate])]), up]);
  const down = b.add(LINEAR, [act, w('down', [4, 4])], { attrs: withLayout('rows') });
  const sum = b.add('Add', [x, down]);
  const heads = b.add('Reshape', [sum, b.constant('int64', [4], [0, 0, 2, 2])]);
  b.output(b.add('Transpose', [heads], { name: 'y', attrs: { perm: ints([0, 2, 1, 3]) } }), 'float32', null);
  return b.build();
}

test('keeps elementwise operators and norms between Linears folded', () => {
  expect(print(lower(block()))).toMatchInlineSnapshot(`
    "input %x : f32[batch,tokens,4]
    weight %gate : f32[4,4]
    weight %up : f32[4,4]
    weight %down : f32[4,4]
    %SimplifiedLayerNormalization_0 = SimplifiedLayerNormalization(%x, f32[4]{0.395355,0.240678,-0.601179,0.682883}) {axis=-1 epsilon=0.00001}
    %lower/Reshape_0 = Reshape(%SimplifiedLayerNormalization_0, i64[2]{-1,4})
    %lower/Gemm_0 = Gemm(%lower/Reshape_0, %gate) {transB=1}
    %lower/Gemm_1 = Gemm(%lower/Reshape_0, %up) {transB=0}
    %lower/Sigmoid_0 = Sigmoid(%lower/Gemm_0)
    %lower/Mul_0 = Mul(%lower/Gemm_0, %lower/Sigmoid_0)
    %lower/Mul_1 = Mul(%lower/Mul_0, %lower/Gemm_1)
    %lower/Gemm_2 = Gemm(%lower/Mul_1, %down) {transB=1}
    %lower/Reshape_1 = Reshape(%x, i64[2]{-1,4})
    %lower/Add_0 = Add(%lower/Reshape_1, %lower/Gemm_2)
    %lower/Shape_0 = Shape(%x) {start=0 end=-1}
    %lower/Concat_0 = Concat(%lower/Shape_0, i64[2]{2,2}) {axis=0}
    %Reshape_0 = Reshape(%lower/Add_0, %lower/Concat_0)
    %y = Transpose(%Reshape_0) {perm=[0,2,1,3]}
    output %y"
  `);
});

test('does not fold a value that broadcasts over leading axes with one that does not', async () => {
  const b = new GraphBuilder();
  const x = b.input('x', 'float32', ['b', 't', 2]);
  const p = b.input('p', 'float32', ['one', 't', 2]);
  const w = b.initializer({ name: 'w', dtype: 'float32', dims: [2, 2], bytes: encode('float32', [1, 2, 3, 4]) });
  const linear = (v: string) => b.add(LINEAR, [v, w], { attrs: withLayout('columns') });
  b.output(b.add('Add', [linear(x), linear(p)], { name: 'y' }), 'float32', null);
  const out = await runGraph(lower(b.build()), {
    x: f32([2, 2, 2], [1, 0, 0, 1, 1, 1, 2, 0]),
    p: f32([1, 2, 2], [1, 0, 0, 1]),
  });
  expect(numbers(out.y)).toEqual([2, 4, 6, 8, 5, 8, 5, 8]);
});

test('random chains of operators give the same result with and without folding', async () => {
  const ops = fc.array(fc.constantFrom('linear', 'sigmoid', 'add', 'addOther', 'mean', 'shape', 'heads', 'norm'), {
    maxLength: 8,
  });
  const build = (names: readonly string[], plain: boolean) => {
    const b = new GraphBuilder();
    const x = b.input('x', 'float32', ['b', 't', 4]);
    const other = b.input('other', 'float32', ['o', 't', 4]);
    const w = b.initializer({ name: 'w', dtype: 'float32', dims: [4, 4], bytes: encode('float32', noise(16, 3)) });
    const scale = b.constant('float32', [4], [1, 2, 3, 4]);
    const last = b.constant('int64', [1], [-1]);
    let v = x;
    for (const name of names) {
      if (name === 'linear')
        v = plain ? b.add('MatMul', [v, w]) : b.add(LINEAR, [v, w], { attrs: withLayout('columns') });
      if (name === 'sigmoid') v = b.add('Mul', [v, b.add('Sigmoid', [v])]);
      if (name === 'add') v = b.add('Add', [v, x]);
      if (name === 'addOther') v = b.add('Add', [v, other]);
      if (name === 'mean') v = b.add('Sub', [v, b.add('ReduceMean', [v, last], { attrs: { keepdims: int(1) } })]);
      if (name === 'norm')
        v = b.add('SimplifiedLayerNormalization', [v, scale], { attrs: { axis: int(-1), epsilon: float(1e-5) } });
      if (name === 'shape') v = b.add('Reshape', [b.add('Neg', [v]), b.add('Shape', [v])]);
      if (name === 'heads') {
        const lead = b.add('Shape', [v], { attrs: { start: int(0), end: int(-1) } });
        const split = b.add('Concat', [lead, b.constant('int64', [2], [2, 2])], { attrs: { axis: int(0) } });
        const swapped = b.add('Transpose', [b.add('Reshape', [v, split])], { attrs: { perm: ints([0, 1, 3, 2]) } });
        const merged = b.add('Concat', [lead, b.constant('int64', [1], [4])], { attrs: { axis: int(0) } });
        v = b.add('Reshape', [swapped, merged]);
      }
    }
    b.output(b.add('Identity', [v], { name: 'y' }), 'float32', null);
    return b.build();
  };
  const feeds = { x: f32([3, 2, 4], noise(24, 5)), other: f32([1, 2, 4], noise(8, 6)) };
  await fc.assert(
    fc.asyncProperty(ops, async (names) => {
      const given = names.includes('addOther') ? feeds : { x: feeds.x, other: feeds.other };
      const want = await runGraph(build(names, true), given);
      const got = await runGraph(lower(build(names, false)), given);
      expect(got.y?.dims).toEqual(want.y?.dims);
      close(numbers(got.y), numbers(want.y));
    }),
    { numRuns: 40 },
  );
});
