import { afterAll, describe, expect, test } from 'vitest';
import { GraphBuilder } from '../graph/builder';
import { type Graph, int, subgraph } from '../graph/ir';
import { serialise } from '../graph/serialise';
import { createNodeRunner } from './ort-node';
import { runtimeError } from './session';
import type { HostTensor, Runner } from './types';

const threads = 2;
const open: Runner[] = [];
const create = async (graph: Graph, backend: 'node-wasm' | 'node-native' = 'node-wasm') => {
  const runner = await createNodeRunner(serialise(graph), { backend, threads });
  open.push(runner);
  return runner;
};
afterAll(async () => {
  for (const runner of open) await runner.dispose();
});

const floats = (dims: readonly number[], ...data: number[]): HostTensor => ({
  dtype: 'float32',
  dims,
  data: Float32Array.from(data),
});
const flag = (value: boolean): HostTensor => ({ dtype: 'bool', dims: [], data: Uint8Array.of(Number(value)) });

/** Every element type in and out. */
function echo(): Graph {
  const g = new GraphBuilder();
  for (const dtype of ['float32', 'int32', 'int64', 'bool'] as const) {
    g.input(`${dtype}_in`, dtype, ['n']);
    g.output(g.add('Identity', [`${dtype}_in`], { name: `${dtype}_out` }), dtype, ['n']);
  }
  return g.build();
}

/** outer ? (inner ? x W^T : x W^T + 1) : 0, W an initializer of the outermost scope that is large enough to be external. */
function nestedIf(): Graph {
  const g = new GraphBuilder();
  const n = 32;
  g.input('x', 'float32', ['rows', n]);
  g.input('outer', 'bool', []);
  g.input('inner', 'bool', []);
  const identity = Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? 2 : 0));
  const W = g.initializer({
    name: 'W',
    dtype: 'float32',
    dims: [n, n],
    bytes: new Uint8Array(Float32Array.from(identity).buffer),
  });
  const scaled = g.add('Mul', ['x', g.constant('float32', [], [10])], { name: 'scaled' });
  const branch = (name: string, build: (b: GraphBuilder) => string): Graph => {
    const b = new GraphBuilder(undefined, `${name}/`);
    const y = build(b);
    return { ...b.build(), outputs: [{ name: y, dtype: 'float32', shape: null }] };
  };
  const product = (b: GraphBuilder) => b.add('Gemm', [scaled, W], { attrs: { transB: int(1) } });
  const choose = (b: GraphBuilder, condition: string, then: Graph, otherwise: Graph) =>
    b.add('If', [condition], { attrs: { then_branch: subgraph(then), else_branch: subgraph(otherwise) } });
  const inner = branch('inner', (b) =>
    choose(
      b,
      'inner',
      branch('plain', product),
      branch('plus', (c) => c.add('Add', [product(c), c.constant('float32', [], [1])])),
    ),
  );
  const zero = branch('zero', (b) => b.add('Mul', [scaled, b.constant('float32', [], [0])]));
  g.output(choose(g, 'outer', inner, zero), 'float32', ['rows', n]);
  return g.build();
}

describe.each(['node-wasm', 'node-native'] as const)('%s', (backend) => {
  test('passes every element type through unchanged', async () => {
    const runner = await create(echo(), backend);
    const values = {
      float32: floats([2], 1.5, -2),
      int32: { dtype: 'int32', dims: [2], data: Int32Array.of(7, -7) },
      int64: { dtype: 'int64', dims: [2], data: BigInt64Array.of(2n ** 40n, -1n) },
      bool: { dtype: 'bool', dims: [2], data: Uint8Array.of(1, 0) },
    } as const;
    const named = (suffix: string) =>
      Object.fromEntries(Object.entries(values).map(([dtype, value]) => [`${dtype}_${suffix}`, value]));
    expect(await runner.run(named('in'), Object.keys(named('out')))).toEqual(named('out'));
  });

  test('runs If within If over captured weights', async () => {
    const runner = await create(nestedIf(), backend);
    const graph = nestedIf();
    const y = graph.outputs[0]?.name ?? '';
    const x = floats([1, 32], ...Array.from({ length: 32 }, (_, i) => i));
    const run = async (outer: boolean, inner: boolean) =>
      Array.from((await runner.run({ x, outer: flag(outer), inner: flag(inner) }, [y]))[y]?.data ?? [], Number).slice(
        0,
        3,
      );
    expect(await run(true, true)).toEqual([0, 20, 40]);
    expect(await run(true, false)).toEqual([1, 21, 41]);
    expect(await run(false, true)).toEqual([0, 0, 0]);
  });

  test('returns only the fetched outputs, and reports its threads', async () => {
    const runner = await create(echo(), backend);
    expect(runner).toMatchObject({ backend, threads });
    const feeds = {
      float32_in: floats([0]),
      int32_in: { dtype: 'int32', dims: [0], data: new Int32Array(0) },
      int64_in: { dtype: 'int64', dims: [0], data: new BigInt64Array(0) },
      bool_in: { dtype: 'bool', dims: [0], data: new Uint8Array(0) },
    } as const;
    expect(await runner.run(feeds, ['float32_out'])).toEqual({ float32_out: floats([0]) });
  });

  test('refuses overlapping runs', async () => {
    const graph = nestedIf();
    const runner = await create(graph, backend);
    const feeds = { x: floats([1, 32], ...new Array<number>(32).fill(1)), outer: flag(true), inner: flag(true) };
    const fetches = [graph.outputs[0]?.name ?? ''];
    const first = runner.run(feeds, fetches);
    await expect(runner.run(feeds, fetches)).rejects.toThrow('internal: overlapping run');
    await first;
    await runner.run(feeds, fetches);
  });

  test('reports a broken model and a wrong feed as session-failed, with the cause', async () => {
    const broken = { model: Uint8Array.of(1, 2, 3), external: [] };
    await expect(createNodeRunner(broken, { backend, threads })).rejects.toMatchObject({
      code: 'session-failed',
      cause: expect.any(Error),
    });
    const runner = await create(echo(), backend);
    await expect(runner.run({}, ['float32_out'])).rejects.toMatchObject({ code: 'session-failed' });
  });
});

test('reports the size of the wasm heap', async () => {
  const runner = await create(nestedIf());
  expect(runner.heapBytes).toBeGreaterThanOrEqual(16 * 2 ** 20);
});

test('refuses another number of threads in the same process', async () => {
  await create(echo());
  await expect(createNodeRunner(serialise(echo()), { backend: 'node-wasm', threads: 1 })).rejects.toThrow(
    'needs a new process',
  );
});

test('derives error codes from the words of runtime errors', () => {
  const code = (text: string) => runtimeError('could not run the model', new Error(text));
  expect(code('std::bad_alloc')).toMatchObject({ code: 'out-of-memory' });
  expect(code('10582208')).toMatchObject({ code: 'out-of-memory' });
  expect(code('A valid external Instance reference no longer exists: device is lost')).toMatchObject({
    code: 'device-lost',
  });
  expect(code('ERROR_CODE: 1')).toMatchObject({ code: 'session-failed' });
  expect(code('internal: overlapping run')).toMatchObject({ message: 'internal: overlapping run' });
});
