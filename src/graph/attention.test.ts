import { describe, expect, test } from 'vitest';
import { createRng } from '../lib/rng';
import { expandAttention } from './attention';
import { GraphBuilder } from './builder';
import { type Attr, float, type Graph, type Initializer, int } from './ir';
import { print } from './print';
import { prune } from './simplify';
import { type Feeds, f32, i32, i64, runGraph } from './test-support';

interface Shape {
  readonly heads: number;
  readonly kv: number;
  readonly d: number;
  readonly packed: boolean;
  /** Dimensions that are rotated; 0 for no rotation. */
  readonly rotated: number;
  readonly attrs?: Record<string, Attr>;
  /** Heads of a bias of the model's own. */
  readonly ownBias?: number;
  readonly sink?: boolean;
}

const noise = (n: number, seed: number) => {
  const rng = createRng(seed);
  return Array.from({ length: n }, () => rng.normal());
};

function attention({ heads, kv, d, packed, rotated, attrs = {}, ownBias, sink = false }: Shape): Graph {
  const b = new GraphBuilder();
  const q = b.input('q', 'float32', ['b', 't', (packed ? heads + 2 * kv : heads) * d]);
  const [k, v] = packed
    ? ['', '']
    : [b.input('k', 'float32', ['b', 't', kv * d]), b.input('v', 'float32', ['b', 't', kv * d])];
  const past = ['past_key_values.0.key', 'past_key_values.0.value'].map((name) =>
    b.input(name, 'float32', ['b', kv, 'p', 'kv_cache_dim']),
  );
  const lengths = b.input('seqlens_k', 'int32', ['b']);
  const total = b.input('total', 'int32', []);
  const angles = Array.from({ length: 32 * (rotated / 2) }, (_, i) => 0.1 * i);
  const tables =
    rotated === 0
      ? []
      : [Math.cos, Math.sin].map((f, i) =>
          b.initializer({
            name: `table${i}`,
            dtype: 'float32',
            dims: [32, rotated / 2],
            bytes: new Uint8Array(Float32Array.from(angles, f).buffer),
          }),
        );
  const own = ownBias === undefined ? '' : b.input('own_bias', 'float32', ['b', ownBias, 't', 's']);
  const sinks = sink ? b.constant('float32', [heads], noise(heads, 7)) : '';
  const extras = own === '' && sinks === '' ? [] : ['', own, sinks];
  b.push({
    op: 'com.microsoft:GroupQueryAttention',
    name: 'attn',
    inputs: [q, k ?? '', v ?? '', ...past, lengths, total, ...tables, ...extras],
    outputs: ['y', 'present.0.key', 'present.0.value'],
    attrs: { num_heads: int(heads), kv_num_heads: int(kv), do_rotary: int(rotated ? 1 : 0), ...attrs },
  });
  b.output('y', 'float32', ['b', 't', heads * d]);
  for (const name of ['present.0.key', 'present.0.value']) b.output(name, 'float32', ['b', kv, 's', 'kv_cache_dim']);
  return b.build();
}

/** One row; the new tokens come after `past` cached ones. */
function feeds({ heads, kv, d, packed, ownBias }: Shape, tokens: number, past: number): { fused: Feeds; plain: Feeds } {
  const total = past + tokens;
  const shared: Feeds = {
    q: f32(
      [1, tokens, (packed ? heads + 2 * kv : heads) * d],
      noise(tokens * (heads + 2 * kv) * d, 1).slice(0, tokens * (packed ? heads + 2 * kv : heads) * d),
    ),
  };
  if (!packed)
    for (const [i, name] of ['k', 'v'].entries())
      shared[name] = f32([1, tokens, kv * d], noise(tokens * kv * d, 2 + i));
  if (ownBias !== undefined) shared.own_bias = f32([1, ownBias, tokens, total], noise(ownBias * tokens * total, 8));
  for (const [i, kind] of ['key', 'value'].entries())
    shared[`past_key_values.0.${kind}`] = f32([1, kv, past, d], noise(kv * past * d, 4 + i));
  const bias = Array.from({ length: tokens * total }, (_, i) => (i % total > past + Math.floor(i / total) ? -1e9 : 0));
  return {
    fused: { ...shared, seqlens_k: i32([1], [total - 1]), total: i32([], [total]) },
    plain: {
      ...shared,
      position_ids: i64(
        [1, tokens],
        Array.from({ length: tokens }, (_, i) => past + i),
      ),
      attention_bias: f32([1, 1, tokens, total], bias),
    },
  };
}

const base: Shape = { heads: 4, kv: 2, d: 16, packed: true, rotated: 16 };
const cases: [string, Shape][] = [
  ['packed, rotated', base],
  ['separate', { ...base, packed: false }],
  ['interleaved rotation', { ...base, attrs: { rotary_interleaved: int(1) } }],
  ['half of the head rotated', { ...base, d: 32 }],
  ['no rotation', { ...base, packed: false, rotated: 0 }],
  ['one key head for all', { ...base, kv: 1 }],
  ['one key head per query head', { ...base, kv: 4 }],
  ['a window', { ...base, attrs: { local_window_size: int(3) } }],
  ['scale and softcap', { ...base, attrs: { scale: float(0.5), softcap: float(2) } }],
  ['a bias of its own', { ...base, ownBias: 1, attrs: { softcap: float(2) } }],
  ['a bias for each head', { ...base, ownBias: 4 }],
  ['a sink in each head', { ...base, sink: true }],
  ['a smooth softmax', { ...base, attrs: { smooth_softmax: int(1) } }],
];

describe('GroupQueryAttention as ONNX Runtime computes it', () => {
  test.each(cases)('%s, without and with a past', async (_, shape) => {
    for (const [tokens, past] of [
      [5, 0],
      [1, 4],
      [3, 2],
    ] as const) {
      const { fused, plain } = feeds(shape, tokens, past);
      const graph = prune(expandAttention(attention(shape)), { inputs: true });
      const given = Object.fromEntries(
        Object.entries(plain).filter(([name]) => graph.inputs.some((v) => v.name === name)),
      );
      const want = await runGraph(attention(shape), fused);
      const got = await runGraph(graph, given);
      for (const name of Object.keys(want)) {
        const [a, b] = [want[name]?.data, got[name]?.data] as [Float32Array, Float32Array];
        expect(got[name]?.dims).toEqual(want[name]?.dims);
        for (let i = 0; i < a.length; i++) expect(Math.abs((a[i] ?? 0) - (b[i] ?? Number.NaN))).toBeLessThan(1e-4);
      }
    }
  });
});

test('expands GroupQueryAttention into these nodes', () => {
  const graph = prune(expandAttention(attention(base)), { inputs: true });
  expect(print(graph)).toMatchInlineSnapshot(`
    "input %q : f32[b,t,128]
    input %past_key_values.0.key : f32[b,2,p,16]
    input %past_key_values.0.value : f32[b,2,p,16]
    input %position_ids : i64[batch,tokens]
    input %attention_bias : f32[batch,1,tokens,past + tokens]
    weight %table0 : f32[32,8]
    weight %table1 : f32[32,8]
    weight %table0_times_0.25 : f32[32,8]
    weight %table1_times_0.25 : f32[32,8]
    %attention/Shape_0 = Shape(%q) {start=0 end=-1}
    %attention/Concat_0 = Concat(%attention/Shape_0, i64[2]{8,16}) {axis=0}
    %attention/Reshape_0 = Reshape(%q, %attention/Concat_0)
    %attention/Transpose_0 = Transpose(%attention/Reshape_0) {perm=[0,2,1,3]}
    %attention/Split_0, %attention/Split_0.1, %attention/Split_0.2 = Split(%attention/Transpose_0, i64[3]{4,2,2}) {axis=1}
    %attention/RotaryEmbedding_0 = com.microsoft:RotaryEmbedding(%attention/Split_0, %position_ids, %table0_times_0.25, %table1_times_0.25) {interleaved=0}
    %attention/RotaryEmbedding_1 = com.microsoft:RotaryEmbedding(%attention/Split_0.1, %position_ids, %table0, %table1) {interleaved=0}
    %present.0.key = Concat(%past_key_values.0.key, %attention/RotaryEmbedding_1) {axis=2}
    %present.0.value = Concat(%past_key_values.0.value, %attention/Split_0.2) {axis=2}
    %attention/Reshape_1 = Reshape(%attention/RotaryEmbedding_0, i64[4]{0,2,-1,16})
    %attention/Transpose_1 = Transpose(%present.0.key) {perm=[0,1,3,2]}
    %attention/MatMul_0 = MatMul(%attention/Reshape_1, %attention/Transpose_1)
    %attention/Concat_1 = Concat(%attention_bias, %attention_bias) {axis=2}
    %attention/Add_0 = Add(%attention/MatMul_0, %attention/Concat_1)
    %attention/Softmax_0 = Softmax(%attention/Add_0) {axis=-1}
    %attention/MatMul_1 = MatMul(%attention/Softmax_0, %present.0.value)
    %attention/Reshape_2 = Reshape(%attention/MatMul_1, i64[4]{0,4,-1,16})
    %attention/Transpose_2 = Transpose(%attention/Reshape_2) {perm=[0,2,1,3]}
    %attention/Shape_1 = Shape(%q) {start=0 end=-1}
    %attention/Concat_2 = Concat(%attention/Shape_1, i64[1]{64}) {axis=0}
    %y = Reshape(%attention/Transpose_2, %attention/Concat_2)
    output %y
    output %present.0.key
    output %present.0.value"
  `);
});

test('norms queries and keys with their own weights before rotating them', () => {
  const source = attention(base);
  const weights = ['q_norm', 'k_norm'].map((name) => ({
    name,
    dtype: 'float32' as const,
    dims: [16],
    bytes: new Uint8Array(64).fill(name === 'q_norm' ? 1 : 2),
  }));
  const nodes = source.nodes.map((node) => ({
    ...node,
    inputs: [...node.inputs, '', '', '', '', '', 'q_norm', 'k_norm'],
    attrs: { ...node.attrs, qk_norm_epsilon: float(1e-5) },
  }));
  const initializers = new Map<string, Initializer>([
    ...source.initializers,
    ...weights.map((w) => [w.name, w] as const),
  ]);
  const text = print(prune(expandAttention({ ...source, nodes, initializers }), { inputs: true }));
  const norms = text.split('\n').filter((line) => /Normalization|Rotary/.test(line));
  expect(norms).toMatchInlineSnapshot(`
    [
      "%attention/SimplifiedLayerNormalization_0 = SimplifiedLayerNormalization(%attention/Split_0, %q_norm) {axis=-1 epsilon=0.00001}",
      "%attention/RotaryEmbedding_0 = com.microsoft:RotaryEmbedding(%attention/SimplifiedLayerNormalization_0, %position_ids, %table0_times_0.25, %table1_times_0.25) {interleaved=0}",
      "%attention/SimplifiedLayerNormalization_1 = SimplifiedLayerNormalization(%attention/Split_0.1, %k_norm) {axis=-1 epsilon=0.00001}",
      "%attention/RotaryEmbedding_1 = com.microsoft:RotaryEmbedding(%attention/SimplifiedLayerNormalization_1, %position_ids, %table0, %table1) {interleaved=0}",
      "%present.0.key = Concat(%past_key_values.0.key, %attention/RotaryEmbedding_1) {axis=2}",
      "%attention/Reshape_1 = Reshape(%attention/RotaryEmbedding_0, i64[4]{0,2,-1,16})",
    ]
  `);
});

test('refuses a bias with an unknown number of heads, by name', () => {
  const graph = attention({ ...base, ownBias: 4 });
  const inputs = graph.inputs.map((v) => (v.name === 'own_bias' ? { ...v, shape: null } : v));
  expect(() => expandAttention({ ...graph, inputs })).toThrow(
    'com.microsoft:GroupQueryAttention node attn has an attention_bias own_bias with an unknown number of heads',
  );
});
