/**
 * The embedded model in jax-js: keys and values of texts, and the mean loss of vectors after them with its gradient. The texts of
 * a batch have one length. jax-js uses up every array that it is given, unless it is given as `ref`.
 */

import { parseModel } from '../../../src/engine/load';
import type { ModelFiles } from '../../../src/engine/types';
import { toFloat32 } from '../../../src/graph/dequantise';
import { normalise } from '../../../src/graph/normalise';
import { present } from '../../../src/lib/assert';

/** What is used of jax-js, which is not installed with this project. */
interface Tensor {
  readonly ref: Tensor;
  add(other: Tensor | number): Tensor;
  sub(other: Tensor): Tensor;
  mul(other: Tensor | number): Tensor;
  div(other: Tensor): Tensor;
  mean(axis?: number, options?: { keepdims: boolean }): Tensor;
  sum(axis?: number): Tensor;
  reshape(shape: readonly number[]): Tensor;
  transpose(axes?: readonly number[]): Tensor;
  slice(...ranges: ([] | [number, number])[]): Tensor;
  data(): Promise<Float32Array>;
}

export interface Jax {
  readonly numpy: {
    array(values: Float32Array, options: { shape: readonly number[] }): Tensor;
    matmul(a: Tensor, b: Tensor): Tensor;
    concatenate(parts: readonly Tensor[], axis: number): Tensor;
    sqrt(x: Tensor): Tensor;
    square(x: Tensor): Tensor;
  };
  readonly nn: {
    silu(x: Tensor): Tensor;
    softmax(x: Tensor, axis: number): Tensor;
    logsumexp(x: Tensor, axis: number): Tensor;
  };
  jit<F>(f: F): F;
  valueAndGrad<Rest extends unknown[]>(
    f: (x: Tensor, ...rest: Rest) => Tensor,
  ): (x: Tensor, ...rest: Rest) => [value: Tensor, gradient: Tensor];
}

/** Keys and values of a layer, `[batch, kv heads, tokens, head]` each. */
type Past = readonly [keys: Tensor, values: Tensor];

const [LAYERS, HIDDEN, HEADS, KV_HEADS, HEAD, EPSILON] = [30, 576, 9, 3, 64, 1e-5];

/** Which heads of the file's one matrix are whose: the first, and how many. */
const QKV = [
  ['q', 0, HEADS],
  ['k', HEADS, KV_HEADS],
  ['v', HEADS + KV_HEADS, KV_HEADS],
] as const;

export function openLlama(jax: Jax, files: ModelFiles) {
  const { numpy, nn } = jax;
  const { graph, embeddingTable } = normalise(parseModel(files));
  const table = toFloat32(present(graph.initializers.get(embeddingTable.weight), 'embedding'));
  const weights = new Map<string, Tensor>();
  for (const [name, tensor] of graph.initializers) {
    if (!/^model\.layers|^(cos|sin)_cache$/.test(name)) continue;
    const [own, values] = [name.replace('.MatMul.weight_Q4/float', ''), toFloat32(tensor)];
    if (!own.endsWith('qkv_proj')) weights.set(own, numpy.array(values, { shape: tensor.dims }));
    else
      for (const [part, from, heads] of QKV) {
        const rows = values.slice(from * HEAD * HIDDEN, (from + heads) * HEAD * HIDDEN);
        weights.set(own.replace('qkv_proj', part), numpy.array(rows, { shape: [heads * HEAD, HIDDEN] }));
      }
  }
  const weight = (name: string) => present(weights.get(name), name).ref;

  /** `[ids, hidden]` */
  const embed = (ids: readonly number[]) =>
    numpy.array(Float32Array.from(ids.flatMap((id) => [...table.subarray(id * HIDDEN, (id + 1) * HIDDEN)])), {
      shape: [ids.length, HIDDEN],
    });

  const norm = (x: Tensor, name: string) => {
    const scale = numpy.sqrt(numpy.square(x.ref).mean(-1, { keepdims: true }).add(EPSILON));
    return x.div(scale).mul(weight(name));
  };

  /** Positions `before`, `before + 1`, … */
  function rotate(x: Tensor, tokens: number, before: number): Tensor {
    const [cos, sin] = ['cos_cache', 'sin_cache'].map((name) => weight(name).slice([before, before + tokens], [])) as [
      Tensor,
      Tensor,
    ];
    const [a, b] = [x.ref.slice([], [], [], [0, HEAD / 2]), x.slice([], [], [], [HEAD / 2, HEAD])];
    const first = a.ref.mul(cos.ref).sub(b.ref.mul(sin.ref));
    return numpy.concatenate([first, b.mul(cos).add(a.mul(sin))], 3);
  }

  /** A position sees itself and what is before it: `[heads of a group * tokens, before + tokens]`. */
  function mask(tokens: number, before: number): Tensor {
    const shape = [(HEADS / KV_HEADS) * tokens, before + tokens] as const;
    const values = Float32Array.from({ length: shape[0] * shape[1] }, (_, i) =>
      (i % shape[1]) - before > Math.floor(i / shape[1]) % tokens ? -1e9 : 0,
    );
    return numpy.array(values, { shape });
  }

  /** `x`, `[batch * tokens, hidden]`, through all layers. */
  function run(x: Tensor, batch: number, past: readonly Past[] | null, before: number, seen: Tensor, tokens: number) {
    const left: Past[] = [];
    let h = x;
    for (let n = 0; n < LAYERS; n++) {
      const linear = (input: Tensor, name: string) =>
        numpy.matmul(input, weight(`model.layers.${n}.${name}`).transpose());
      const input = norm(h.ref, `model.layers.${n}.input_layernorm.weight`);
      const heads = (from: Tensor, count: number, part: string) =>
        linear(from, `attn.${part}`).reshape([batch, tokens, count, HEAD]).transpose([0, 2, 1, 3]);
      const query = rotate(heads(input.ref, HEADS, 'q'), tokens, before).reshape([
        batch,
        KV_HEADS,
        (HEADS / KV_HEADS) * tokens,
        HEAD,
      ]);
      const own = [rotate(heads(input.ref, KV_HEADS, 'k'), tokens, before), heads(input, KV_HEADS, 'v')];
      const [keys, values] = own.map((part, i) =>
        past ? numpy.concatenate([present(past[n], 'past')[i] as Tensor, part], 2) : part,
      ) as [Tensor, Tensor];
      if (!past) left.push([keys.ref, values.ref]);
      const scores = numpy
        .matmul(query, keys.transpose([0, 1, 3, 2]))
        .mul(HEAD ** -0.5)
        .add(seen.ref);
      const mixed = numpy
        .matmul(nn.softmax(scores, -1), values)
        .reshape([batch, HEADS, tokens, HEAD])
        .transpose([0, 2, 1, 3])
        .reshape([batch * tokens, HIDDEN]);
      h = h.add(linear(mixed, 'attn.o_proj'));
      const inner = norm(h.ref, `model.layers.${n}.post_attention_layernorm.weight`);
      h = h.add(linear(nn.silu(linear(inner.ref, 'mlp.gate_proj')).mul(linear(inner, 'mlp.up_proj')), 'mlp.down_proj'));
    }
    return { left, hidden: norm(h, `model.layers.${LAYERS}.final_norm_layernorm.weight`) };
  }

  return {
    embed,
    /** Keys and values of texts. */
    read(ids: readonly (readonly number[])[]): readonly Past[] {
      const tokens = present(ids[0], 'text').length;
      const seen = mask(tokens, 0);
      const read = jax.jit((x: Tensor) => run(x, ids.length, null, 0, seen.ref, tokens).left);
      return read(embed(ids.flat()));
    },
    /**
     * The mean cross-entropy over the answer words, and its gradient for the vectors `[vectors, hidden]`; compiled when it is
     * first called.
     * @param gold `[batch, answers]`, 1 at the right one
     */
    step({ batch, vectors, before }: Record<'batch' | 'vectors' | 'before', number>, answers: Tensor) {
      const seen = mask(vectors, before);
      const loss = (soft: Tensor, past: readonly Past[], gold: Tensor) => {
        const x = numpy.concatenate(
          Array.from({ length: batch }, () => soft.ref),
          0,
        );
        const { hidden } = run(x, batch, past, before, seen, vectors);
        const last = hidden
          .reshape([batch, vectors, HIDDEN])
          .slice([], [vectors - 1, vectors])
          .reshape([batch, HIDDEN]);
        const logits = numpy.matmul(last, answers.ref.transpose());
        return nn.logsumexp(logits.ref, -1).sub(logits.mul(gold).sum(-1)).mean();
      };
      return jax.jit(jax.valueAndGrad(loss));
    },
  };
}
