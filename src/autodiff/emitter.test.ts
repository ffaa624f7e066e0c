import { expect, test } from 'vitest';
import { GraphBuilder } from '../graph/builder';
import { ints } from '../graph/ir';
import { prune } from '../graph/simplify';
import { Emitter } from './emitter';
import { shapesOf } from './operators/table';
import { normal, run, tensor, withOutputs } from './test-support';

/** A graph on inputs `a [2,3,4]`, `b [2,4,5]` and `c [2,5,4]`, and an emitter for it. */
function start() {
  const b = new GraphBuilder();
  b.input('a', 'float32', ['batch', 'rows', 4]);
  b.input('b', 'float32', ['batch', 4, 'columns']);
  b.input('c', 'float32', ['batch', 'columns', 4]);
  const swapped = (name: string) => b.add('Transpose', [name], { attrs: { perm: ints([0, 2, 1]) } });
  const emitter = () => {
    const graph = b.build();
    return new Emitter(b, shapesOf(graph), graph);
  };
  const opsOf = (name: string) => prune(withOutputs(b.build(), [name])).nodes.map(({ op }) => op);
  return { b, swapped, emitter, opsOf };
}

const feeds = {
  a: tensor(normal([2, 3, 4], 1)),
  b: tensor(normal([2, 4, 5], 2)),
  c: tensor(normal([2, 5, 4], 3)),
};

async function expectSame(b: GraphBuilder, one: string, other: string) {
  const graph = withOutputs(b.build(), [one, other]);
  const [x, y] = await run(prune(graph, { inputs: true }), feeds, [one, other]);
  expect(x?.dims).toEqual(y?.dims);
  expect(x?.data).toEqual(y?.data);
}

test('the transpose of a product adds one Transpose: (A^T B)^T = B^T A', async () => {
  const { b, swapped, emitter, opsOf } = start();
  const product = b.add('MatMul', [swapped('b'), swapped('a')]);
  const g = emitter();
  const short = g.transpose(product, [0, 2, 1]);
  expect(opsOf(short)).toEqual(['MatMul']);
  await expectSame(b, short, g.op('Transpose', [product], { perm: ints([0, 2, 1]) }));
});

test('a part of a product is computed from a part of an operand', async () => {
  const { b, swapped, emitter, opsOf } = start();
  const product = b.add('MatMul', ['a', swapped('c')]);
  const g = emitter();
  const bounds = [g.int64s([1]), g.int64s([3])] as const;
  for (const axis of [1, 2]) {
    const part = g.part(product, ...bounds, axis);
    expect(opsOf(part).sort()).toEqual(['MatMul', 'Slice', 'Transpose']);
    expect(opsOf(part).at(-1)).toBe('MatMul');
    await expectSame(b, part, g.slice(product, ...bounds, axis));
  }
  expect(opsOf(g.part(product, ...bounds, 0)).at(-1)).toBe('Slice');
});

test('a symbolic size is read from the same graph input for every value that has it', () => {
  const { b, emitter } = start();
  const other = b.add('Neg', ['c']);
  const g = emitter();
  g.size('b', 2);
  const { inputs, attrs } = [...b.build().nodes].at(-1) ?? {};
  g.size(other, 1);
  const last = [...b.build().nodes].at(-1);
  expect([last?.inputs, last?.attrs]).toEqual([inputs, attrs]);
});
