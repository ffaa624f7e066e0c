import { describe, expect, test } from 'vitest';
import { GraphBuilder } from './builder';
import { encode } from './dtype';
import { float, type Graph, int, ints } from './ir';
import { recogniseLinear, tieEmbeddings } from './linear';
import { normalise, upgradeOpset, widen } from './normalise';
import { print } from './print';
import { splitSkipNorms } from './recognise';
import { replaceUses } from './rewrite';
import { foldConstants, prune, shareCommon, withOutputs } from './simplify';
import { f32, runGraph } from './test-support';

const weight = (b: GraphBuilder, name: string, dims: number[], start = 0) =>
  b.initializer({
    name,
    dtype: 'float32',
    dims,
    bytes: encode(
      'float32',
      Array.from({ length: dims.reduce((a, d) => a * d, 1) }, (_, i) => start + i),
    ),
  });
const numbers = (tensor: { data: unknown } | undefined) => [...((tensor?.data ?? []) as Float32Array)];

test('shareCommon merges equal sub-expressions and keeps the names of graph outputs', () => {
  const b = new GraphBuilder();
  const x = b.input('x', 'float32', ['n']);
  const one = b.add('Neg', [x]);
  const two = b.add('Neg', [x]);
  const other = b.add('LeakyRelu', [x], { attrs: { alpha: float(0.5) } });
  b.output(b.add('Sum', [one, two, other], { name: 'y' }), 'float32', null);
  b.output(b.add('Neg', [x], { name: 'z' }), 'float32', null);
  expect(print(shareCommon(b.build()))).toMatchInlineSnapshot(`
    "input %x : f32[n]
    %Neg_0 = Neg(%x)
    %LeakyRelu_0 = LeakyRelu(%x) {alpha=0.5}
    %y = Sum(%Neg_0, %Neg_0, %LeakyRelu_0)
    %z = Neg(%x)
    output %y
    output %z"
  `);
});

test('prune drops everything that no output needs', () => {
  const b = new GraphBuilder();
  const x = b.input('x', 'float32', ['n']);
  b.input('unused', 'float32', ['n']);
  b.add('Add', [x, weight(b, 'dead', [1])]);
  b.output(b.add('Abs', [x], { name: 'y' }), 'float32', null);
  const graph = prune(b.build(), { inputs: true });
  expect(graph.nodes.map((n) => n.op)).toEqual(['Abs']);
  expect([...graph.initializers.keys()]).toEqual([]);
  expect(graph.inputs.map((v) => v.name)).toEqual(['x']);
});

test('foldConstants computes shape arithmetic and gives weights only other dimensions', () => {
  const b = new GraphBuilder();
  const x = b.input('x', 'float32', ['n']);
  const w = weight(b, 'w', [128, 64]);
  const seen = b.add('Reshape', [w, b.constant('int64', [2], [-1, 32])]);
  const size = b.add('Gather', [b.add('Shape', [w]), b.constant('int64', [], [1])]);
  const half = b.add('Div', [size, b.constant('int64', [], [2])]);
  const shape = b.add(
    'Concat',
    [b.constant('int64', [1], [-1]), b.add('Unsqueeze', [half, b.constant('int64', [1], [0])])],
    { attrs: { axis: int(0) } },
  );
  b.output(b.add('Reshape', [x, shape], { name: 'y' }), 'float32', null);
  b.output(b.add('Add', [b.add('Identity', [x]), seen], { name: 'z' }), 'float32', null);
  const graph = prune(foldConstants(b.build()));
  expect(print(graph)).toMatchInlineSnapshot(`
    "input %x : f32[n]
    weight %Reshape_0 : f32[256,32]
    %y = Reshape(%x, i64[2]{-1,32})
    %z = Add(%x, %Reshape_0)
    output %y
    output %z"
  `);
  expect(graph.initializers.get(seen)?.bytes).toBe(b.build().initializers.get('w')?.bytes);
});

describe('upgradeOpset', () => {
  const old = (opset: number): Graph => {
    const b = new GraphBuilder();
    const x = b.input('x', 'float32', [2, 3]);
    const wide = b.add('Unsqueeze', [x], { attrs: { axes: ints([0]) } });
    const mean = b.add('ReduceMean', [wide], { attrs: { axes: ints([-1]), keepdims: int(0) } });
    const [left] = b.add('Split', [mean], { outputs: 2, attrs: { axis: int(1) } });
    b.output(b.add('Squeeze', [left ?? ''], { name: 'y', attrs: { axes: ints([0]) } }), 'float32', null);
    return { ...b.build(), opsets: { '': opset } };
  };

  test('keeps the results of older graphs', async () => {
    const feeds = { x: f32([2, 3], [1, 2, 3, 4, 5, 6]) };
    const want = await runGraph(old(11), feeds);
    const graph = upgradeOpset(old(11));
    expect(graph.opsets['']).toBe(18);
    expect(numbers((await runGraph(graph, feeds)).y)).toEqual(numbers(want.y));
  });

  test('refuses opsets that are too old', () => {
    expect(() => upgradeOpset(old(9))).toThrow('exported for ONNX opset 9');
  });
});

test('splits a fused residual norm into an Add and a norm', async () => {
  const make = () => {
    const b = new GraphBuilder();
    const inputs = [b.input('x', 'float32', ['n', 4]), b.input('skip', 'float32', ['n', 4]), weight(b, 'w', [4], 1)];
    b.push({
      op: 'com.microsoft:SkipSimplifiedLayerNormalization',
      name: 'rms',
      inputs,
      outputs: ['y', '', '', 'sum'],
      attrs: { epsilon: float(1e-5) },
    });
    b.push({
      op: 'com.microsoft:SkipLayerNormalization',
      name: 'ln',
      inputs: [...inputs, weight(b, 'beta', [4]), weight(b, 'bias', [4], 2)],
      outputs: ['z'],
      attrs: { epsilon: float(1e-5) },
    });
    for (const name of ['y', 'sum', 'z']) b.output(name, 'float32', ['n', 4]);
    return b.build();
  };
  const feeds = { x: f32([1, 4], [1, -2, 3, 5]), skip: f32([1, 4], [0.5, 1, 2, -1]) };
  const graph = splitSkipNorms(make());
  const [want, got] = [await runGraph(make(), feeds), await runGraph(graph, feeds)];
  for (const name of ['y', 'sum', 'z'])
    for (const [i, v] of numbers(want[name]).entries()) expect(numbers(got[name])[i]).toBeCloseTo(v, 5);
  expect(graph.nodes.map((n) => n.op)).toEqual([
    'Add',
    'SimplifiedLayerNormalization',
    'Add',
    'Add',
    'LayerNormalization',
  ]);
});

test('widen turns half precision into float32 and drops casts between floats', () => {
  const b = new GraphBuilder();
  const x = b.input('x', 'float16', ['n', 2]);
  const w = b.initializer({ name: 'w', dtype: 'float16', dims: [2], bytes: new Uint8Array([0x00, 0x3c, 0x00, 0xc0]) });
  const up = b.add('Cast', [b.add('Mul', [x, w])], { attrs: { to: int(1) } });
  const flags = b.add('Cast', [b.add('Greater', [up, up])], { attrs: { to: int(10) } });
  b.output(b.add('Cast', [b.add('Add', [up, flags])], { name: 'y', attrs: { to: int(10) } }), 'float16', null);
  expect(print(widen(b.build()))).toMatchInlineSnapshot(`
    "input %x : f32[n,2]
    %Mul_0 = Mul(%x, f32[2]{1,-2})
    %Greater_0 = Greater(%Mul_0, %Mul_0)
    %Cast_1 = Cast(%Greater_0) {to=1}
    %Add_0 = Add(%Mul_0, %Cast_1)
    %y = Identity(%Add_0)
    output %y"
  `);
});

test('widen computes in float32 what an exporter wrote in double precision', () => {
  const b = new GraphBuilder();
  const up = b.add('Cast', [b.input('x', 'float32', ['n', 2])], { attrs: { to: int(11) } });
  const isNumber = b.add('Greater', [up, b.constant('float64', [], [-1.5])]);
  const flags = b.add('Cast', [isNumber], { attrs: { to: int(11) } });
  b.output(b.add('Mul', [up, flags], { name: 'y' }), 'float64', null);
  expect(print(widen(b.build()))).toMatchInlineSnapshot(`
    "input %x : f32[n,2]
    %Greater_0 = Greater(%x, f32[]{-1.5})
    %Cast_1 = Cast(%Greater_0) {to=1}
    %y = Mul(%x, %Cast_1)
    output %y"
  `);
});

describe('recogniseLinear', () => {
  test('covers MatMul, Gemm and transposed weights, with an Add as bias', () => {
    const b = new GraphBuilder();
    const x = b.input('x', 'float32', ['n', 't', 3]);
    const a = weight(b, 'a', [3, 5]);
    const biased = b.add('Add', [weight(b, 'bias', [5]), b.add('MatMul', [x, a])]);
    const back = b.add('MatMul', [biased, b.add('Transpose', [a], { attrs: { perm: ints([1, 0]) } })]);
    b.output(back, 'float32', null);
    const flat = b.input('flat', 'float32', ['n', 5]);
    b.output(b.add('Gemm', [flat, a, weight(b, 'c', [1, 3])], { attrs: { transB: int(1) } }), 'float32', null);
    const scaled = b.add('Gemm', [flat, a], { attrs: { transB: int(1), alpha: float(2) } });
    b.output(scaled, 'float32', null);
    expect(print(prune(recogniseLinear(b.build())))).toMatchInlineSnapshot(`
      "input %x : f32[n,t,3]
      input %flat : f32[n,5]
      weight %a : f32[3,5]
      %Add_0 = studio:Linear(%x, %a, f32[5]{0,1,2,3,4}) {layout=columns}
      %MatMul_1 = studio:Linear(%Add_0, %a) {layout=rows}
      %Gemm_0 = studio:Linear(%flat, %a, f32[3]{0,1,2}) {layout=rows rank=2}
      %Gemm_1 = Gemm(%flat, %a) {transB=1 alpha=2}
      output %MatMul_1
      output %Gemm_0
      output %Gemm_1"
    `);
  });

  test.each([true, false])(
    'a table read through a Transpose or equal to the head is one blob (Transpose: %s)',
    (viaTranspose) => {
      const b = new GraphBuilder();
      const ids = b.input('input_ids', 'int64', ['b', 't']);
      const head = b.initializer({
        name: 'head',
        dtype: 'float32',
        dims: [2, 3],
        bytes: encode('float32', [1, 2, 3, 4, 5, 6]),
      });
      const table = viaTranspose
        ? b.add('Transpose', [head], { attrs: { perm: ints([1, 0]) } })
        : b.initializer({
            name: 'table',
            dtype: 'float32',
            dims: [3, 2],
            bytes: encode('float32', [1, 4, 2, 5, 3, 6]),
          });
      const x = b.add('Gather', [table, ids]);
      b.output(b.add('MatMul', [b.add('Tanh', [x]), head], { name: 'logits' }), 'float32', null);
      const graph = prune(tieEmbeddings(recogniseLinear(b.build())));
      expect(graph.initializers.size).toBe(1);
      const [only] = graph.initializers.values();
      expect(only?.dims).toEqual([3, 2]);
      expect(new Float32Array(only?.bytes.slice().buffer ?? new ArrayBuffer())).toEqual(
        Float32Array.from([1, 4, 2, 5, 3, 6]),
      );
      expect(graph.nodes.at(-1)?.attrs.layout).toEqual({ type: 'string', value: 'rows' });
    },
  );
});

describe('rewriting a graph', () => {
  const graph = () => {
    const b = new GraphBuilder();
    const x = b.input('x', 'float32', ['n']);
    const a = b.add('Neg', [x], { name: 'a' });
    b.output(b.add('Abs', [a], { name: 'y' }), 'float32', null);
    b.output(b.add('Exp', [a], { name: 'z' }), 'float32', null);
    return b.build();
  };

  test('redirects the readers of a value and drops unneeded nodes', () => {
    const plain = graph();
    const given = { ...plain, inputs: [...plain.inputs, { name: 'instead', dtype: 'float32' as const, shape: ['n'] }] };
    const next = withOutputs(
      replaceUses(given, 'a', 'instead', (node) => node.op === 'Exp'),
      [{ name: 'y', dtype: 'float32', shape: null }],
    );
    expect(next.nodes.map((n) => [n.op, n.inputs])).toEqual([['Abs', ['instead']]]);
  });

  test('moves appended nodes before their readers', () => {
    const b = new GraphBuilder(graph());
    b.add('Sqrt', ['a'], { name: 'late' });
    const next = replaceUses(b.build(), 'a', 'late', (node) => node.op === 'Sqrt');
    expect(next.nodes.map((n) => n.op)).toEqual(['Neg', 'Sqrt', 'Abs', 'Exp']);
  });
});

describe('detect', () => {
  /** Gemma's ways: scaled embeddings, softcapped logits, a head that reads the last position only. */
  const gemma = (logitsOp = 'Mul') => {
    const b = new GraphBuilder();
    const scalar = (v: number) => b.constant('float32', [], [v]);
    const ids = b.input('input_ids', 'int64', ['b', 't']);
    const table = weight(b, 'table', [7, 4]);
    const x = b.add('Mul', [b.add('Gather', [table, ids]), scalar(2)], { name: 'embedded' });
    const hidden = b.add('Tanh', [x], { name: 'hidden' });
    const last = b.add('Slice', [
      hidden,
      b.constant('int64', [1], [-1]),
      b.constant('int64', [1], [9]),
      b.constant('int64', [1], [1]),
    ]);
    const raw = b.add('MatMul', [last, b.add('Transpose', [table], { attrs: { perm: ints([1, 0]) } })]);
    const capped = b.add('Tanh', [b.add('Div', [raw, scalar(30)])]);
    b.output(b.add(logitsOp, [capped, scalar(30)], { name: 'logits' }), 'float32', null);
    return b.build();
  };

  test('finds scale, softcap, and the hidden states of all positions', () => {
    expect(normalise(gemma())).toMatchObject({
      embeddings: 'embedded',
      finalHidden: 'hidden',
      embeddingTable: { weight: 'table', scale: 2 },
      head: { weight: 'table', layout: 'rows', softcap: 30, scale: null, bias: null },
      inputs: { ids: 'input_ids', mask: null, bias: null, positions: null },
      contextLength: null,
      hidden: 4,
      vocabulary: 7,
    });
  });

  test('refuses other models, naming operator and node', () => {
    expect(() => normalise(gemma('Max'))).toThrow('The logits come from Max node logits');
    const b = new GraphBuilder();
    b.output(b.add('com.microsoft:QMoE', [b.input('x', 'float32', [2, 2])], { name: 'experts' }), 'float32', null);
    expect(() => normalise(b.build())).toThrow('com.microsoft:QMoE node experts is a mixture of experts');
  });
});
