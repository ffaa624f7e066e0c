import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { GraphBuilder } from '../graph/builder';
import { type Graph, int, LINEAR, subgraph, withLayout } from '../graph/ir';
import { print } from '../graph/print';
import { prune, shareCommon } from '../graph/simplify';
import { StudioError } from '../lib/errors';
import { differentiate } from './differentiate';
import { llamaBlock } from './llama-block.test-support';
import { gradients, normal, relativeError, run, tensor, withOutputs } from './test-support';

const backwardOnly = (graph: Graph, forward: Graph): Graph => ({
  ...graph,
  nodes: graph.nodes.slice(forward.nodes.length),
  initializers: new Map(),
});

test('the backward graph of a Llama block equals this text', () => {
  const graph = llamaBlock();
  const both = differentiate(graph, { loss: 'loss', gradients: { x: 'dx' } });
  expect(both.nodes.slice(0, graph.nodes.length)).toEqual(graph.nodes);
  const constants = new Map(
    [...both.initializers].filter(([name]) => name.startsWith('grad/') || name.startsWith('const')),
  );
  expect(print({ ...backwardOnly(both, graph), initializers: constants, inputs: [] })).toMatchInlineSnapshot(`
    "%grad/Shape_0 = Shape(%Mul_2) : i64[3]
    %grad/ReduceProd_0 = ReduceProd(%grad/Shape_0) {keepdims=0} : i64[]
    %grad/Unsqueeze_0 = Unsqueeze(f32[]{1}, i64[3]{0,1,2}) : f32[1,1,1]
    %grad/Shape_1 = Shape(%Mul_2) : i64[3]
    %grad/Expand_0 = Expand(%grad/Unsqueeze_0, %grad/Shape_1) : f32[batch,tokens,8]
    %grad/Cast_0 = Cast(%grad/ReduceProd_0) {to=1} : f32[]
    %grad/Div_0 = Div(%grad/Expand_0, %grad/Cast_0) : f32[batch,tokens,8]
    %grad/Mul_0 = Mul(%grad/Div_0, %Add_2) : f32[batch,tokens,8]
    %grad/Mul_1 = Mul(%grad/Div_0, %Add_2) : f32[batch,tokens,8]
    %grad/Add_0 = Add(%grad/Mul_0, %grad/Mul_1) : f32[batch,tokens,8]
    %grad/Linear_0 = studio:Linear(%grad/Add_0, %down) {layout=columns} : f32[batch,tokens,12]
    %grad/Mul_2 = Mul(%grad/Linear_0, %Linear_5) : f32[batch,tokens,12]
    %grad/Mul_3 = Mul(%grad/Linear_0, %Mul_0) : f32[batch,tokens,12]
    %grad/Linear_1 = studio:Linear(%grad/Mul_3, %up) {layout=columns} : f32[batch,tokens,8]
    %grad/Mul_4 = Mul(%grad/Mul_2, %Sigmoid_0) : f32[batch,tokens,12]
    %grad/Mul_5 = Mul(%grad/Mul_2, %Linear_4) : f32[batch,tokens,12]
    %grad/Sub_0 = Sub(f32[]{1}, %Sigmoid_0) : f32[batch,tokens,12]
    %grad/Mul_6 = Mul(%Sigmoid_0, %grad/Sub_0) : f32[batch,tokens,12]
    %grad/Mul_7 = Mul(%grad/Mul_5, %grad/Mul_6) : f32[batch,tokens,12]
    %grad/Add_1 = Add(%grad/Mul_4, %grad/Mul_7) : f32[batch,tokens,12]
    %grad/Linear_2 = studio:Linear(%grad/Add_1, %gate) {layout=columns} : f32[batch,tokens,8]
    %grad/Add_2 = Add(%grad/Linear_1, %grad/Linear_2) : f32[batch,tokens,8]
    %grad/ReduceSumSquare_0 = ReduceSumSquare(%Add_1, i64[1]{-1}) {keepdims=1} : f32[batch,tokens,1]
    %grad/Add_3 = Add(%grad/ReduceSumSquare_0, f32[]{0.00008}) : f32[batch,tokens,1]
    %grad/Mul_8 = Mul(%grad/Add_2, %norm.2_times_2.8284271247461903) : f32[batch,tokens,8]
    %grad/Sqrt_0 = Sqrt(%grad/Add_3) : f32[batch,tokens,1]
    %grad/Div_1 = Div(%grad/Mul_8, %grad/Sqrt_0) : f32[batch,tokens,8]
    %grad/Mul_9 = Mul(%grad/Add_2, %SimplifiedLayerNormalization_1) : f32[batch,tokens,8]
    %grad/ReduceSum_0 = ReduceSum(%grad/Mul_9, i64[1]{-1}) {keepdims=1} : f32[batch,tokens,1]
    %grad/Div_2 = Div(%grad/ReduceSum_0, %grad/Add_3) : f32[batch,tokens,1]
    %grad/Mul_10 = Mul(%Add_1, %grad/Div_2) : f32[batch,tokens,8]
    %grad/Sub_1 = Sub(%grad/Div_1, %grad/Mul_10) : f32[batch,tokens,8]
    %grad/Add_4 = Add(%grad/Add_0, %grad/Sub_1) : f32[batch,tokens,8]
    %grad/Linear_3 = studio:Linear(%grad/Add_4, %output) {layout=columns} : f32[batch,tokens,8]
    %grad/Reshape_0 = Reshape(%grad/Linear_3, i64[4]{0,0,2,4}) : f32[batch,tokens,2,4]
    %grad/Transpose_0 = Transpose(%grad/Reshape_0) {perm=[0,2,1,3]} : f32[batch,2,tokens,4]
    %grad/Reshape_1 = Reshape(%grad/Transpose_0, i64[4]{0,1,-1,4}) : f32[batch,1,2*tokens,4]
    %grad/Transpose_1 = Transpose(%Transpose_3) {perm=[0,1,3,2]} : f32[batch,1,4,tokens]
    %grad/MatMul_0 = MatMul(%grad/Reshape_1, %grad/Transpose_1) : f32[batch,1,2*tokens,tokens]
    %grad/Transpose_2 = Transpose(%Softmax_0) {perm=[0,1,3,2]} : f32[batch,1,tokens,2*tokens]
    %grad/MatMul_1 = MatMul(%grad/Transpose_2, %grad/Reshape_1) : f32[batch,1,tokens,4]
    %grad/Mul_11 = Mul(%Softmax_0, %grad/MatMul_0) : f32[batch,1,2*tokens,tokens]
    %grad/ReduceSum_1 = ReduceSum(%grad/Mul_11, i64[1]{-1}) {keepdims=1} : f32[batch,1,2*tokens,1]
    %grad/Sub_2 = Sub(%grad/MatMul_0, %grad/ReduceSum_1) : f32[batch,1,2*tokens,tokens]
    %grad/Mul_12 = Mul(%Softmax_0, %grad/Sub_2) : f32[batch,1,2*tokens,tokens]
    %grad/MatMul_2 = MatMul(%grad/Mul_12, %RotaryEmbedding_1) : f32[batch,1,2*tokens,4]
    %grad/Transpose_3 = Transpose(%Reshape_1) {perm=[0,1,3,2]} : f32[batch,1,4,2*tokens]
    %grad/MatMul_3 = MatMul(%grad/Transpose_3, %grad/Mul_12) : f32[batch,1,4,tokens]
    %grad/Transpose_4 = Transpose(%grad/MatMul_1) {perm=[0,2,1,3]} : f32[batch,tokens,1,4]
    %grad/Reshape_2 = Reshape(%grad/Transpose_4, i64[3]{0,0,4}) : f32[batch,tokens,4]
    %grad/Linear_4 = studio:Linear(%grad/Reshape_2, %value) {layout=columns} : f32[batch,tokens,8]
    %grad/Transpose_5 = Transpose(%grad/Mul_12) {perm=[0,1,3,2]} : f32[batch,1,tokens,2*tokens]
    %grad/MatMul_4 = MatMul(%grad/Transpose_5, %Reshape_1) : f32[batch,1,tokens,4]
    %grad/RotaryEmbedding_0 = com.microsoft:RotaryEmbedding(%grad/MatMul_4, %positions, %cosines, %sines_times_-1) : f32[batch,1,tokens,4]
    %grad/Transpose_6 = Transpose(%grad/RotaryEmbedding_0) {perm=[0,2,1,3]} : f32[batch,tokens,1,4]
    %grad/Reshape_3 = Reshape(%grad/Transpose_6, i64[3]{0,0,4}) : f32[batch,tokens,4]
    %grad/Linear_5 = studio:Linear(%grad/Reshape_3, %key) {layout=columns} : f32[batch,tokens,8]
    %grad/Add_5 = Add(%grad/Linear_4, %grad/Linear_5) : f32[batch,tokens,8]
    %grad/Reshape_4 = Reshape(%grad/MatMul_2, i64[4]{0,2,-1,4}) : f32[batch,2,tokens,4]
    %grad/RotaryEmbedding_1 = com.microsoft:RotaryEmbedding(%grad/Reshape_4, %positions, %cosines, %sines_times_-1) : f32[batch,2,tokens,4]
    %grad/Transpose_7 = Transpose(%grad/RotaryEmbedding_1) {perm=[0,2,1,3]} : f32[batch,tokens,2,4]
    %grad/Reshape_5 = Reshape(%grad/Transpose_7, i64[3]{0,0,8}) : f32[batch,tokens,8]
    %grad/Linear_6 = studio:Linear(%grad/Reshape_5, %query) {layout=columns} : f32[batch,tokens,8]
    %grad/Add_6 = Add(%grad/Add_5, %grad/Linear_6) : f32[batch,tokens,8]
    %grad/ReduceSumSquare_1 = ReduceSumSquare(%x, i64[1]{-1}) {keepdims=1} : f32[batch,tokens,1]
    %grad/Add_7 = Add(%grad/ReduceSumSquare_1, f32[]{0.00008}) : f32[batch,tokens,1]
    %grad/Mul_13 = Mul(%grad/Add_6, %norm.1_times_2.8284271247461903) : f32[batch,tokens,8]
    %grad/Sqrt_1 = Sqrt(%grad/Add_7) : f32[batch,tokens,1]
    %grad/Div_3 = Div(%grad/Mul_13, %grad/Sqrt_1) : f32[batch,tokens,8]
    %grad/Mul_14 = Mul(%grad/Add_6, %SimplifiedLayerNormalization_0) : f32[batch,tokens,8]
    %grad/ReduceSum_2 = ReduceSum(%grad/Mul_14, i64[1]{-1}) {keepdims=1} : f32[batch,tokens,1]
    %grad/Div_4 = Div(%grad/ReduceSum_2, %grad/Add_7) : f32[batch,tokens,1]
    %grad/Mul_15 = Mul(%x, %grad/Div_4) : f32[batch,tokens,8]
    %grad/Sub_3 = Sub(%grad/Div_3, %grad/Mul_15) : f32[batch,tokens,8]
    %grad/Add_8 = Add(%grad/Add_4, %grad/Sub_3) : f32[batch,tokens,8]
    %dx = Identity(%grad/Add_8) : f32[batch,tokens,8]
    output %loss"
  `);
});

test('all rotations share one negated sine table, and sharing leaves no duplicates', () => {
  const graph = llamaBlock();
  const both = differentiate(graph, { loss: 'loss', gradients: { x: 'dx' } });
  expect([...both.initializers.keys()].filter((name) => name.includes('_times_-1'))).toEqual(['sines_times_-1']);
  const slim = prune(
    shareCommon({ ...both, outputs: [...both.outputs, { name: 'dx', dtype: 'float32', shape: null }] }),
  );
  expect(slim.nodes.length).toBeLessThanOrEqual(both.nodes.length);
});

describe('differentiate refuses, naming node, operator and path,', () => {
  const refusal = (build: (g: GraphBuilder, x: string) => string): StudioError => {
    const g = new GraphBuilder();
    const x = g.add('Mul', [g.input('soft_prompt', 'float32', [2, 3]), g.constant('float32', [], [2])], {
      name: 'scaled',
    });
    g.add('ReduceSum', [build(g, x)], { name: 'loss', attrs: { keepdims: int(0) } });
    try {
      differentiate(g.build(), { loss: 'loss', gradients: { soft_prompt: 'd' } });
    } catch (error) {
      if (error instanceof StudioError) return error;
      throw error;
    }
    throw new Error('it was not refused');
  };

  test('an operator without a gradient', () => {
    const error = refusal((g, x) => g.add('CumSum', [x, g.constant('int64', [], [0])], { name: 'running' }));
    expect(error.code).toBe('model-unsupported');
    expect(error.message).toBe(
      'This model cannot be tuned: the operator CumSum (node running) is between soft_prompt and loss, and it has no gradient rule. Path: soft_prompt → Mul scaled → CumSum running → ReduceSum loss → loss.',
    );
    expect(error.data).toMatchObject({ node: 'running', op: 'CumSum' });
  });

  test('control flow that captures the value', () => {
    const branch = (x: string): Graph => {
      const inner = new GraphBuilder(undefined, 'branch/');
      const y = inner.add('Neg', [x]);
      inner.output(y, 'float32', [2, 3]);
      return inner.build();
    };
    const error = refusal((g, x) =>
      g.add('If', [g.constant('bool', [], [1])], {
        name: 'choice',
        attrs: { then_branch: subgraph(branch(x)), else_branch: subgraph(branch(x)) },
      }),
    );
    expect(error.message).toContain('the control flow operator If (node choice)');
  });

  test('an input that has no gradient', () => {
    const error = refusal((g, x) =>
      g.add(LINEAR, [g.constant('float32', [1, 2], [1, 2]), x], { attrs: withLayout('columns') }),
    );
    expect(error.message).toContain('it has no gradient for input 1');
  });

  test('a slice that runs backwards', () => {
    const i = (g: GraphBuilder, n: number) => g.constant('int64', [1], [n]);
    const error = refusal((g, x) => g.add('Slice', [x, i(g, -1), i(g, -4), i(g, 1), i(g, -1)]));
    expect(error.message).toContain('it takes steps backwards');
  });

  test('a loss that does not depend on the prompt', () => {
    const g = new GraphBuilder();
    g.input('soft_prompt', 'float32', [2]);
    g.add('Neg', [g.constant('float32', [], [1])], { name: 'loss' });
    expect(() => differentiate(g.build(), { loss: 'loss', gradients: { soft_prompt: 'd' } })).toThrow(
      'does not depend on soft_prompt',
    );
  });
});

test('integer paths have no gradient', async () => {
  const g = new GraphBuilder();
  g.input('x', 'float32', ['n', 3]);
  const rows = g.add('Cast', [g.add('Gather', [g.add('Shape', ['x']), g.constant('int64', [], [0])])], {
    attrs: { to: int(1) },
  });
  const mean = g.add('Div', [g.add('ReduceSum', ['x'], { attrs: { keepdims: int(0) } }), rows]);
  const graph = differentiate(g.build(), { loss: mean, gradients: { x: 'd' } });
  const [d] = await run(withOutputs(graph, ['d']), { x: tensor(normal([2, 3], 1)) }, ['d']);
  expect(Array.from(d?.data ?? [], Number)).toEqual([0.5, 0.5, 0.5, 0.5, 0.5, 0.5]);
});

test('sums gradients back to any broadcast shape, known or symbolic', async () => {
  const dims = fc.integer({ min: 1, max: 3 });
  const pair = fc
    .tuple(fc.array(dims, { minLength: 1, maxLength: 3 }), fc.nat(7), fc.nat(7), fc.nat(3))
    .map(([full, ones, twos, drop]) => {
      const masked = (mask: number) => full.map((d, i) => ((mask >> i) & 1 ? 1 : d));
      return { a: masked(ones), b: masked(twos).slice(drop) };
    });
  await fc.assert(
    fc.asyncProperty(pair, async ({ a, b }) => {
      const example = {
        name: '',
        op: 'Mul',
        inputs: { a: normal(a, 1), b: normal(b, 2) },
        build: (g: GraphBuilder) => g.add('Mul', ['a', 'b']),
      };
      const known = await gradients(example, 'known');
      const symbolic = await gradients(example, 'symbols');
      const expected = productGradient(example.inputs, known.weights);
      for (const wrt of ['a', 'b'] as const) {
        expect(relativeError(known.ours[wrt], expected[wrt])).toBeLessThan(1e-5);
        expect(relativeError(symbolic.ours[wrt], expected[wrt])).toBeLessThan(1e-5);
      }
    }),
    { numRuns: 40, seed: 20 },
  );
}, 60_000);

/** d sum(w * a * b) by hand, walking every element of the broadcast result. */
function productGradient(inputs: Record<'a' | 'b', ReturnType<typeof normal>>, weights: readonly number[]) {
  const rank = Math.max(inputs.a.dims.length, inputs.b.dims.length);
  const padded = (dims: readonly number[]) => [...new Array<number>(rank - dims.length).fill(1), ...dims];
  const [a, b] = [padded(inputs.a.dims), padded(inputs.b.dims)];
  const out = a.map((d, i) => Math.max(d, b[i] ?? 1));
  const result = { a: inputs.a.data.map(() => 0), b: inputs.b.data.map(() => 0) };
  weights.forEach((w, flat) => {
    const index = indexOf(flat, out);
    const [i, j] = [offset(index, a), offset(index, b)];
    result.a[i] = (result.a[i] ?? 0) + w * (inputs.b.data[j] ?? 0);
    result.b[j] = (result.b[j] ?? 0) + w * (inputs.a.data[i] ?? 0);
  });
  return result;
}

const indexOf = (flat: number, dims: readonly number[]): number[] => {
  let rest = flat;
  return [...dims]
    .reverse()
    .map((d) => {
      const i = rest % d;
      rest = Math.floor(rest / d);
      return i;
    })
    .reverse();
};
const offset = (index: readonly number[], dims: readonly number[]) =>
  dims.reduce((at, d, i) => at * d + (d === 1 ? 0 : (index[i] ?? 0)), 0);
