import { expect, test } from 'vitest';
import { GraphBuilder } from './builder';
import { float } from './ir';
import { print } from './print';
import { recogniseSilu, writeSilu } from './recognise';
import { f32, runGraph } from './test-support';

const numbers = (tensor: { readonly data: unknown } | undefined) => Array.from((tensor?.data ?? []) as Float32Array);

test('turns x times its sigmoid into one operator, from either side, and back', async () => {
  const b = new GraphBuilder();
  const x = b.input('x', 'float32', ['n']);
  b.output(b.add('Mul', [x, b.add('Sigmoid', [x])], { name: 'left' }), 'float32', null);
  b.output(b.add('Mul', [b.add('Sigmoid', [x]), x], { name: 'right' }), 'float32', null);
  const graph = b.build();
  const found = recogniseSilu(graph);
  expect(found.nodes.filter(({ op }) => op === 'com.microsoft:QuickGelu').map(({ outputs }) => outputs[0])).toEqual([
    'left',
    'right',
  ]);
  const written = writeSilu(found);
  expect(print(written)).not.toContain('QuickGelu');
  const feeds = { x: f32([5], [-30, -1, 0, 0.5, 30]) };
  const expected = await runGraph(graph, feeds);
  const given = await runGraph(written, feeds);
  for (const name of ['left', 'right']) expect(numbers(given[name])).toEqual(numbers(expected[name]));
});

test('leaves a gate by another value and QuickGelu with another alpha unchanged', () => {
  const b = new GraphBuilder();
  const [x, y] = [b.input('x', 'float32', ['n']), b.input('y', 'float32', ['n'])];
  b.output(b.add('Mul', [y, b.add('Sigmoid', [x])], { name: 'gated' }), 'float32', null);
  const alpha = { alpha: float(1.702) };
  b.output(b.add('com.microsoft:QuickGelu', [x], { name: 'quick', attrs: alpha }), 'float32', null);
  const graph = b.build();
  expect(recogniseSilu(graph).nodes).toEqual(graph.nodes);
  expect(writeSilu(graph).nodes).toEqual(graph.nodes);
});
