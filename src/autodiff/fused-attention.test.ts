import { describe, expect, test } from 'vitest';
import { expandAttention } from '../graph/attention';
import { GraphBuilder } from '../graph/builder';
import { type Attr, float, int } from '../graph/ir';
import type { HostTensor } from '../runtime/types';
import { bools, type FloatInput, finiteDifferences, gradients, normal, relativeError, tensor } from './test-support';

const [B, T, P] = [2, 3, 2];
const S = P + T;
const causal = tensor({
  dims: [B, 1, T, S],
  data: Array.from({ length: B * T * S }, (_, i) => (i % S > P + (Math.floor(i / S) % T) ? -1e9 : 0)),
});
/** Every query sees its own key. */
const mask = bools(
  [B, 4, T, S],
  Array.from({ length: B * 4 * T * S }, (_, i) => i % 3 > 0 || i % S >= P),
);

interface Example {
  readonly op: string;
  readonly inputs: Readonly<Record<string, FloatInput>>;
  readonly feeds?: Readonly<Record<string, HostTensor>>;
  /** Names in the operator's order; '' = left out. */
  readonly order: readonly string[];
  readonly attrs: Readonly<Record<string, Attr>>;
}

const past = (kv: number) => ({ pk: normal([B, kv, P, 4], 4), pv: normal([B, kv, P, 4], 5) });

const EXAMPLES: Record<string, Example> = {
  'MultiHeadAttention, causal, with a bias of its projection and after a past': {
    op: 'com.microsoft:MultiHeadAttention',
    inputs: {
      q: normal([B, T, 8], 1),
      k: normal([B, T, 8], 2),
      v: normal([B, T, 8], 3),
      ...past(2),
      c: normal([24], 6),
    },
    feeds: { attention_bias: causal },
    order: ['q', 'k', 'v', 'c', '', '', 'pk', 'pv'],
    attrs: { num_heads: int(2), unidirectional: int(1) },
  },
  'MultiHeadAttention of packed queries, keys and values': {
    op: 'com.microsoft:MultiHeadAttention',
    inputs: { qkv: normal([B, T, 2, 3, 4], 1) },
    order: ['qkv'],
    attrs: { num_heads: int(2) },
  },
  'Attention with grouped queries, a softcap and a mask, after a past': {
    op: 'Attention',
    inputs: { q: normal([B, 4, T, 4], 1), k: normal([B, 2, T, 4], 2), v: normal([B, 2, T, 4], 3), ...past(2) },
    feeds: { mask },
    order: ['q', 'k', 'v', 'mask', 'pk', 'pv'],
    attrs: { softcap: float(2) },
  },
  'Attention that is causal, of three axes, after a past': {
    op: 'Attention',
    inputs: { q: normal([B, T, 16], 1), k: normal([B, T, 8], 2), v: normal([B, T, 8], 3), ...past(2) },
    feeds: { attention_bias: causal },
    order: ['q', 'k', 'v', '', 'pk', 'pv'],
    attrs: { is_causal: int(1), q_num_heads: int(4), kv_num_heads: int(2), scale: float(0.7) },
  },
  ...Object.fromEntries(
    [0, 1].map((interleaved): [string, Example] => [
      `RotaryEmbedding, interleaved ${interleaved}`,
      {
        op: 'RotaryEmbedding',
        inputs: { x: normal([B, T, 16], 1), cos: normal([B, T, 2], 2), sin: normal([B, T, 2], 3) },
        order: ['x', 'cos', 'sin'],
        attrs: { num_heads: int(2), rotary_embedding_dim: int(4), interleaved: int(interleaved) },
      },
    ]),
  ),
};

/** The operator as `normalise` writes it. */
function expanded(g: GraphBuilder, { op, order, attrs }: Example): string {
  const fused = new GraphBuilder(g.build());
  fused.push({ op, name: 'attn', inputs: order, outputs: ['y'], attrs });
  const graph = fused.build();
  const inputs = graph.inputs.filter(({ name }) => name !== 'attention_bias');
  const plain = expandAttention({ ...graph, inputs, outputs: [{ name: 'y', dtype: 'float32', shape: null }] });
  for (const constant of plain.initializers.values()) g.initializer(constant);
  for (const node of plain.nodes) g.push(node);
  return 'y';
}

describe.each(Object.entries(EXAMPLES))('the gradient of %s', (name, example) => {
  test('equals central differences', async () => {
    const { inputs, feeds } = example;
    const whole = {
      name,
      inputs,
      ...(feeds ? { feeds } : {}),
      opset: 23,
      build: (g: GraphBuilder) => expanded(g, example),
    };
    const known = await gradients(whole, 'known');
    const expected = await finiteDifferences(whole, known.weights);
    for (const wrt of Object.keys(inputs))
      expect(relativeError(known.ours[wrt], expected[wrt]), wrt).toBeLessThan(2e-4);
  });
});
