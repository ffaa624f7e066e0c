import { expect, test } from 'vitest';
import { GraphBuilder } from './builder';
import { conditional, zerosLike } from './conditional';
import { encode } from './dtype';
import { HEAD, HEAD_GRAD, withLayout } from './ir';
import { lower } from './lower';
import { print } from './print';
import { bool, f32, i32, runGraph } from './test-support';

/** y = head(2 x); g = headGrad(y): the backward part reads values of the forward part, and has an If of its own. */
function program() {
  const b = new GraphBuilder();
  const x = b.input('x', 'float32', ['r', 2]);
  const ids = b.input('ids', 'int32', ['c']);
  const full = b.input('full', 'bool', []);
  b.input('with_grad', 'bool', []);
  const w = b.initializer({ name: 'w', dtype: 'float32', dims: [3, 2], bytes: encode('float32', [1, 2, 3, 4, 5, 6]) });
  const hidden = b.add('Mul', [x, b.constant('float32', [], [2])]);
  const y = b.add(HEAD, [hidden, w, ids, full], { name: 'y', attrs: withLayout('rows') });
  const scaled = b.add('Mul', [y, b.constant('float32', [], [10])]);
  const g = b.add(HEAD_GRAD, [scaled, w, ids, full], { name: 'g', attrs: withLayout('rows') });
  b.output(y, 'float32', ['r', 'k']);
  b.output(g, 'float32', ['r', 2]);
  return conditional(lower(b.build()), {
    condition: 'with_grad',
    outputs: ['g'],
    otherwise: (branch) => [zerosLike(branch, 'x')],
  });
}

const numbers = (tensor: { data: unknown } | undefined) => [...((tensor?.data ?? []) as Float32Array)];
const feeds = (full: boolean, grad: boolean, ids: number[]) => ({
  x: f32([1, 2], [1, 1]),
  ids: i32([ids.length], ids),
  full: bool(full),
  with_grad: bool(grad),
});

test('a conditional graph runs only the branch that the condition selects, with an If inside it', async () => {
  const graph = program();
  const all = await runGraph(graph, feeds(true, true, []));
  expect(numbers(all.y)).toEqual([6, 14, 22]);
  // dHidden = 10 y W
  expect(numbers(all.g)).toEqual([60 + 3 * 140 + 5 * 220, 2 * 60 + 4 * 140 + 6 * 220]);
  const some = await runGraph(graph, feeds(false, true, [2, 0]));
  expect(numbers(some.y)).toEqual([22, 6]);
  expect(numbers(some.g)).toEqual([5 * 220 + 60, 6 * 220 + 2 * 60]);
  const none = await runGraph(graph, feeds(false, false, [2, 0]));
  expect(numbers(none.y)).toEqual([22, 6]);
  expect(none.g?.dims).toEqual([1, 2]);
  expect(numbers(none.g)).toEqual([0, 0]);
});

test('moves nodes into the branch unless other outputs need them', () => {
  expect(print(program())).toMatchInlineSnapshot(`
    "input %x : f32[r,2]
    input %ids : i32[c]
    input %full : bool[]
    input %with_grad : bool[]
    %Mul_0 = Mul(%x, f32[]{2})
    %y = If(%full)
      then_branch:
        %lower/head_0/full/Gemm_0 = Gemm(%Mul_0, f32[3,2]{1,2,3,4,5,6}) {transB=1}
        output %lower/head_0/full/Gemm_0
      else_branch:
        %lower/head_0/selected/Gather_0 = Gather(f32[3,2]{1,2,3,4,5,6}, %ids) {axis=0}
        %lower/head_0/selected/Gemm_0 = Gemm(%Mul_0, %lower/head_0/selected/Gather_0) {transB=1}
        output %lower/head_0/selected/Gemm_0
    %g = If(%with_grad)
      then_branch:
        %Mul_1 = Mul(%y, f32[]{10})
        %if/g/then_0 = If(%full)
          then_branch:
            %lower/head_1/full/Gemm_0 = Gemm(%Mul_1, f32[3,2]{1,2,3,4,5,6}) {transB=0}
            output %lower/head_1/full/Gemm_0
          else_branch:
            %lower/head_1/selected/Gather_0 = Gather(f32[3,2]{1,2,3,4,5,6}, %ids) {axis=0}
            %lower/head_1/selected/Gemm_0 = Gemm(%Mul_1, %lower/head_1/selected/Gather_0) {transB=0}
            output %lower/head_1/selected/Gemm_0
        output %if/g/then_0
      else_branch:
        %if/otherwise_0/Shape_0 = Shape(%x)
        %if/otherwise_0/Expand_0 = Expand(f32[]{0}, %if/otherwise_0/Shape_0)
        output %if/otherwise_0/Expand_0
    output %y
    output %g"
  `);
});

test('refuses to make a value conditional that is needed otherwise', () => {
  const b = new GraphBuilder();
  const x = b.input('x', 'float32', [1]);
  b.input('c', 'bool', []);
  const y = b.add('Neg', [x], { name: 'y' });
  b.output(y, 'float32', [1]);
  b.output(b.add('Abs', [y], { name: 'z' }), 'float32', [1]);
  const options = { condition: 'c', outputs: ['y'], otherwise: () => ['x'] };
  expect(() => conditional(b.build(), options)).toThrow('internal: conditional value y is also needed');
});
