import type * as ort from 'onnxruntime-web';
import { describe, expect, test } from 'vitest';
import { createRng } from '../lib/rng';
import { expandAttention } from './attention';
import { GraphBuilder } from './builder';
import { type Attr, type DType, float, type Graph, int } from './ir';
import { prune } from './simplify';
import { bools, type Feeds, f32, i32, i64, runGraph } from './test-support';

/** Two rows of three tokens after two of the past. */
const [B, T, P] = [2, 3, 2];
const S = P + T;

interface Case {
  readonly op: 'Attention' | 'com.microsoft:MultiHeadAttention' | 'RotaryEmbedding';
  /** Inputs in order; '' = left out. */
  readonly inputs: readonly (readonly [name: string, dims: readonly number[], dtype?: DType] | '')[];
  readonly attrs?: Record<string, Attr>;
  /** Presents are read too. */
  readonly outputs?: readonly string[];
}

function fused({ op, inputs, attrs = {}, outputs = ['y'] }: Case): Graph {
  const b = new GraphBuilder({ ...new GraphBuilder().build(), opsets: { '': 23 } });
  const names = inputs.map((input) => {
    if (input === '') return '';
    const [name, dims, dtype = 'float32'] = input;
    return b.input(name, dtype, dims);
  });
  b.push({ op, name: 'attn', inputs: names, outputs, attrs });
  for (const name of outputs) if (name !== '') b.output(name, 'float32', null);
  return b.build();
}

function feedsOf({ inputs }: Case): Feeds {
  const feeds: Feeds = {};
  for (const [i, input] of inputs.entries()) {
    if (input === '') continue;
    const [name, dims, dtype] = input;
    const rng = createRng(i + 1);
    const size = dims.reduce((n, d) => n * d, 1);
    // Every query sees its own key: a row without keys is undefined.
    const ones = Array.from({ length: size }, (_, at) => rng.next() < 0.6 || at % S >= P);
    if (dtype === 'bool') feeds[name] = bools(dims, ones);
    else if (dtype === 'int32') feeds[name] = i32(dims, ones.map(Number));
    else if (dtype === 'int64')
      feeds[name] = i64(
        dims,
        [...ones.keys()].map((at) => at % 8),
      );
    else
      feeds[name] = f32(
        dims,
        Array.from({ length: size }, () => rng.normal()),
      );
  }
  return feeds;
}

/** What our engine feeds: causal, nothing is padding. */
const causal = (keys: number) =>
  f32(
    [B, 1, T, keys],
    Array.from({ length: B * T * keys }, (_, i) => ((i % keys) - (keys - T) > Math.floor(i / keys) % T ? -1e9 : 0)),
  );

async function runExpanded(test: Case): Promise<Record<string, ort.Tensor>> {
  const graph = prune(expandAttention(fused(test)), { inputs: true });
  expect(graph.nodes.some(({ op }) => op === test.op)).toBe(false);
  const keys = test.inputs.some((input) => input[0] === 'past_k') ? S : T;
  const all: Feeds = { ...feedsOf(test), attention_bias: causal(keys) };
  return runGraph(graph, Object.fromEntries(graph.inputs.map(({ name }) => [name, all[name] as ort.Tensor])));
}

function expectClose(got: Record<string, ort.Tensor>, want: Record<string, ort.Tensor>): void {
  for (const [name, { dims, data }] of Object.entries(want)) {
    expect(got[name]?.dims).toEqual(dims);
    const ours = got[name]?.data as Float32Array;
    for (const [i, x] of (data as Float32Array).entries())
      expect(Math.abs(x - (ours[i] ?? Number.NaN))).toBeLessThan(1e-4);
  }
}

const past = (kv: number, d: number, dv = d) =>
  [
    ['past_k', [B, kv, P, d]],
    ['past_v', [B, kv, P, dv]],
  ] as const;
const presents = ['y', 'present_k', 'present_v'];
const flat = (h: number, kv: number, d: number, dv = d) =>
  [
    ['q', [B, T, h * d]],
    ['k', [B, T, kv * d]],
    ['v', [B, T, kv * dv]],
  ] as const;
const split = (h: number, kv: number, d: number, dv = d) =>
  [
    ['q', [B, h, T, d]],
    ['k', [B, kv, T, d]],
    ['v', [B, kv, T, dv]],
  ] as const;
const mha = (inputs: Case['inputs'], attrs: Record<string, Attr> = {}, outputs?: readonly string[]): Case => ({
  op: 'com.microsoft:MultiHeadAttention',
  inputs,
  attrs: { num_heads: int(4), ...attrs },
  ...(outputs ? { outputs } : {}),
});
const standard = (inputs: Case['inputs'], attrs: Record<string, Attr> = {}, outputs?: readonly string[]): Case => ({
  op: 'Attention',
  inputs,
  attrs,
  ...(outputs ? { outputs } : {}),
});
const masked = (dims: readonly number[], dtype: DType, attrs: Record<string, Attr> = {}) =>
  standard([...split(4, 2, 8), ['mask', dims, dtype], ...past(2, 8)], attrs, presents);
const named = { q_num_heads: int(4), kv_num_heads: int(2) };

const CASES: Record<string, Case> = {
  'MultiHeadAttention with separate inputs': mha(flat(4, 4, 8)),
  'MultiHeadAttention with a bias and wider values': mha([...flat(4, 4, 8, 12), ['bias', [4 * (8 + 8 + 12)]]]),
  'MultiHeadAttention with a scale': mha(flat(4, 4, 8), { scale: float(0.7) }),
  'MultiHeadAttention with a bias for each head, after a past': mha(
    [...flat(4, 4, 8), '', '', ['added', [B, 4, T, S]], ...past(4, 8)],
    {},
    presents,
  ),
  'MultiHeadAttention with one bias for all heads': mha([...flat(4, 4, 8), '', '', ['added', [1, 1, T, T]]]),
  'MultiHeadAttention that is causal, after a past': mha(
    [...flat(4, 4, 8), '', '', '', ...past(4, 8)],
    { unidirectional: int(1) },
    presents,
  ),
  'MultiHeadAttention with a mask of the keys, after a past': mha(
    [...flat(4, 4, 8), '', ['mask', [B, S], 'int32'], '', ...past(4, 8)],
    {},
    presents,
  ),
  'MultiHeadAttention with a mask for each token, after a past': mha(
    [...flat(4, 4, 8), '', ['mask', [B, T, S], 'int32'], '', ...past(4, 8)],
    {},
    presents,
  ),
  'MultiHeadAttention with keys and values in heads': mha([
    ['q', [B, T, 32]],
    ['k', [B, 4, T, 8]],
    ['v', [B, 4, T, 8]],
  ]),
  'Attention of four axes': standard(split(4, 4, 8, 12)),
  'Attention of three axes': standard(flat(4, 4, 8), { q_num_heads: int(4), kv_num_heads: int(4) }),
  'Attention with a scale': standard(flat(4, 4, 8), { ...named, kv_num_heads: int(4), scale: float(0.7) }),
  'Attention with grouped queries, after a past': standard(
    [...split(4, 2, 8, 12), '', ...past(2, 8, 12)],
    {},
    presents,
  ),
  'Attention of three axes with grouped queries, after a past': standard(
    [...flat(4, 2, 8), '', ...past(2, 8)],
    named,
    presents,
  ),
  'Attention with a boolean mask': masked([T, S], 'bool'),
  'Attention with a boolean mask for each head': masked([B, 4, T, S], 'bool'),
  'Attention with an added mask': masked([B, 1, T, S], 'float32'),
  'Attention that is causal': standard(split(4, 2, 8), { is_causal: int(1) }),
  'Attention that is causal, with grouped queries, after a past': standard(
    [...flat(4, 2, 8), '', ...past(2, 8)],
    { ...named, is_causal: int(1) },
    presents,
  ),
  'Attention that is causal and has a mask': masked([T, S], 'bool', { is_causal: int(1) }),
  'Attention with a softcap before its mask': masked([T, S], 'bool', { softcap: float(0.8) }),
  'RotaryEmbedding of four axes': {
    op: 'RotaryEmbedding',
    inputs: [
      ['x', [B, 4, T, 8]],
      ['cos', [B, T, 4]],
      ['sin', [B, T, 4]],
    ],
  },
  'RotaryEmbedding of three axes': {
    op: 'RotaryEmbedding',
    inputs: [
      ['x', [B, T, 32]],
      ['cos', [B, T, 4]],
      ['sin', [B, T, 4]],
    ],
    attrs: { num_heads: int(4) },
  },
  'RotaryEmbedding of neighbours and half of the head': {
    op: 'RotaryEmbedding',
    inputs: [
      ['x', [B, 4, T, 16]],
      ['cos', [B, T, 4]],
      ['sin', [B, T, 4]],
    ],
    attrs: { interleaved: int(1), rotary_embedding_dim: int(8) },
  },
  'RotaryEmbedding with positions': {
    op: 'RotaryEmbedding',
    inputs: [
      ['x', [B, 4, T, 8]],
      ['cos', [8, 4]],
      ['sin', [8, 4]],
      ['positions', [B, T], 'int64'],
    ],
  },
  'RotaryEmbedding with positions, of half of the head': {
    op: 'RotaryEmbedding',
    inputs: [
      ['x', [B, 4, T, 32]],
      ['cos', [8, 8]],
      ['sin', [8, 8]],
      ['positions', [B, T], 'int64'],
    ],
    attrs: { rotary_embedding_dim: int(16) },
  },
};

describe('in plain operators as ONNX Runtime computes it', () => {
  test.each(Object.entries(CASES))('%s', async (_, test) => {
    expectClose(await runExpanded(test), await runGraph(fused(test), feedsOf(test)));
  });
});

/** The CPU has no kernel for packed inputs, so they are compared with separate ones. */
test.each([
  ['queries, keys and values', 3],
  ['keys and values', 2],
])('MultiHeadAttention of packed %s equals that of separate ones', async (_, parts) => {
  const packed = ['packed', [B, T, 4, parts, 8]] as const;
  const query = ['q', [B, T, 32]] as const;
  const bias = ['bias', [96]] as const;
  const whole = mha(parts === 3 ? [packed, '', '', bias] : [query, packed, '', bias]);
  const alone = mha([...flat(4, 4, 8), bias]);
  const feeds = feedsOf(alone);
  const given = parts === 3 ? ['q', 'k', 'v'] : ['k', 'v'];
  const data = Array.from({ length: B * T * 4 * parts * 8 }, (_, i) => {
    const [token, head, part, at] = [
      Math.floor(i / (32 * parts)),
      Math.floor(i / (8 * parts)) % 4,
      Math.floor(i / 8) % parts,
      i % 8,
    ];
    return Number(feeds[given[part] ?? '']?.data[token * 32 + head * 8 + at]);
  });
  const graph = prune(expandAttention(fused(whole)), { inputs: true });
  const all: Feeds = { ...feeds, packed: f32(packed[1], data) };
  const got = await runGraph(
    graph,
    Object.fromEntries(graph.inputs.map(({ name }) => [name, all[name] as ort.Tensor])),
  );
  expectClose(got, await runGraph(fused(alone), feeds));
});

test.each<[string, Case]>([
  ['outputs its attention scores', standard(split(4, 4, 8), {}, ['y', '', '', 'scores'])],
  ['outputs its attention scores', mha(flat(4, 4, 8), {}, ['y', '', '', 'scores'])],
  ['a cache of a fixed length', standard([...split(4, 4, 8), '', '', '', ['lengths', [B], 'int64']])],
  ['a sliding window', standard(split(4, 4, 8), { left_window_size: int(3) })],
  ['does not say how many heads', standard(split(4, 3, 8))],
  ['does not say how many heads', standard(flat(4, 4, 8))],
  ['does not say how many heads', standard(flat(4, 4, 8), { q_num_heads: int(0), kv_num_heads: int(4) })],
  ['its 5 heads do not divide', mha(flat(4, 4, 8), { num_heads: int(5) })],
  ['shares a buffer', mha([...flat(4, 4, 8), '', '', '', ...past(4, 8), ['length', [1], 'int32']])],
  ['key_padding_mask mask that is not', mha([...flat(4, 4, 8), '', ['mask', [B], 'int32']])],
  [
    'of a width that is not known',
    {
      op: 'RotaryEmbedding',
      inputs: [
        ['x', [B, T, 30]],
        ['cos', [B, T, 4]],
        ['sin', [B, T, 4]],
      ],
      attrs: { num_heads: int(4) },
    },
  ],
])('refuses, by name: %s', (message, test) => {
  expect(() => expandAttention(fused(test))).toThrow(message);
});

test.each([
  ['causality', [1], true],
  ['a window of 4 tokens', [4], false],
])('our own bias replaces one that says only %s and padding', (_, [step = 0], isReplaced) => {
  const b = new GraphBuilder();
  const mask = b.input('attention_mask', 'int64', ['b', 's']);
  const scalar = (value: number) => b.constant('int64', [], [value]);
  const keys = b.add('Range', [scalar(0), b.add('Squeeze', [b.add('Shape', [mask])]), scalar(1)]);
  const hidden = b.add('LessOrEqual', [keys, b.add('Add', [keys, scalar(step)])]);
  b.add('Where', [hidden, b.constant('float32', [], [-65504]), b.add('Cast', [mask])], { name: 'added' });
  const attention = fused(mha([...flat(4, 4, 8)]));
  for (const { name, dtype, shape } of attention.inputs) b.input(name, dtype, shape);
  for (const node of attention.nodes) b.push({ ...node, inputs: [...node.inputs, '', '', 'added'] });
  b.output('y', 'float32', null);
  const { inputs } = prune(expandAttention(b.build()), { inputs: true });
  expect(inputs.some(({ name }) => name === 'attention_bias')).toBe(isReplaced);
});
