import { expect, test } from 'vitest';
import { onGpu } from './before-lowering';
import { GraphBuilder } from './builder';
import { dtypeCode, encode } from './dtype';
import { int } from './ir';
import { print } from './print';
import { f32, i64, runGraph } from './test-support';

test('rewrites softmax guards, integer casts and constant fills for the GPU, with the same result', async () => {
  const b = new GraphBuilder();
  const scores = b.input('scores', 'float32', ['rows', 3]);
  const positions = b.input('positions', 'int64', ['rows']);
  const p = b.add('Softmax', [scores], { attrs: { axis: int(-1) } });
  b.output(
    b.add('Where', [b.add('IsNaN', [p]), b.constant('float32', [], [0]), p], { name: 'share' }),
    'float32',
    null,
  );
  b.output(b.add('Cast', [positions], { name: 'angle', attrs: { to: int(dtypeCode('float32')) } }), 'float32', null);
  const rows = b.add('Shape', [positions]);
  const value = { name: '', dtype: 'float32' as const, dims: [1], bytes: encode('float32', [-1e9]) };
  b.output(
    b.add('ConstantOfShape', [rows], { name: 'hidden', attrs: { value: { type: 'tensor', value } } }),
    'float32',
    null,
  );
  b.output(b.add('ConstantOfShape', [rows], { name: 'zeros' }), 'float32', null);
  const before = b.build();
  const after = onGpu(before);
  expect(print(after)).not.toMatch(/IsNaN|ConstantOfShape/);
  const feeds = {
    scores: f32([2, 3], [0, 1, 2, ...new Array(3).fill(Number.NEGATIVE_INFINITY)]),
    positions: i64([2], [7, 1234567]),
  };
  const numbers = async (graph: typeof before) =>
    Object.values(await runGraph(graph, feeds)).map((tensor) => Array.from(tensor.data as Float32Array));
  const found = await numbers(after);
  expect(found).toEqual(await numbers(before));
  expect(found[0]?.slice(3)).toEqual([0, 0, 0]);
});

test('leaves other guards unchanged', () => {
  const b = new GraphBuilder();
  const x = b.input('x', 'float32', ['n']);
  b.output(b.add('Where', [b.add('IsNaN', [x]), b.constant('float32', [], [0]), x], { name: 'y' }), 'float32', null);
  expect(print(onGpu(b.build()))).toContain('IsNaN');
});
