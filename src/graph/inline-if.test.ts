import { expect, test } from 'vitest';
import { GraphBuilder } from './builder';
import { type Graph, subgraph, type ValueInfo } from './ir';
import { inlineIf } from './normalise';
import { f32, runGraph } from './test-support';

const output = (name: string): ValueInfo => ({ name, dtype: 'float32', shape: null });

/** x -> 2 x, with a weight of its own; and x -> x + past. */
const branches = () => {
  const empty = new GraphBuilder().build();
  const two = { name: 'two', dtype: 'float32' as const, dims: [], bytes: new Uint8Array(Float32Array.of(2).buffer) };
  const node = (op: string, b: string, y: string) => ({ op, name: y, inputs: ['x', b], outputs: [y], attrs: {} });
  const without: Graph = {
    ...empty,
    initializers: new Map([['two', two]]),
    nodes: [node('Mul', 'two', 'a')],
    outputs: [output('a')],
  };
  const withPast: Graph = { ...empty, nodes: [node('Add', 'past', 'b')], outputs: [output('b')] };
  return { without, withPast };
};

function merged(condition: (g: GraphBuilder) => string, kept: 'then' | 'else'): Graph {
  const g = new GraphBuilder();
  g.input('x', 'float32', ['n']);
  g.input('past', 'float32', ['n']);
  const { without, withPast } = branches();
  const attrs = {
    then_branch: subgraph(kept === 'then' ? without : withPast),
    else_branch: subgraph(kept === 'then' ? withPast : without),
  };
  g.output(g.add('If', [condition(g)], { attrs, name: 'y' }), 'float32', ['n']);
  return g.build();
}

test.each(['then', 'else'] as const)(
  'of a model with and without a past, the %s branch without is taken',
  async (kept) => {
    const graph = inlineIf(merged((g) => g.input('use_cache_branch', 'bool', [1]), kept));
    expect(graph.inputs.map((v) => v.name)).toEqual(['x']);
    expect(graph.nodes.map((node) => node.op)).toEqual(['Mul', 'Identity']);
    const { y } = await runGraph(graph, { x: f32([2], [3, 4]) });
    expect([...((y?.data ?? []) as Float32Array)]).toEqual([6, 8]);
  },
);

test('inlines the branch of a constant condition', () => {
  const graph = inlineIf(merged((g) => g.constant('bool', [], [1]), 'else'));
  expect(graph.nodes.map((node) => node.op)).toEqual(['Add', 'Identity']);
});

test('keeps an If with a computed condition', () => {
  const graph = merged((g) => g.add('Not', [g.constant('bool', [], [1])]), 'then');
  expect(inlineIf(graph)).toBe(graph);
});
