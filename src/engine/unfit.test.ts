import { expect, it, vi } from 'vitest';
import { GraphBuilder } from '../graph/builder';
import { type Graph, int, subgraph } from '../graph/ir';
import { parse } from '../graph/parse';
import { bytesOf, serialise } from '../graph/serialise';
import { readFixture } from '../graph/test-support';
import { run } from '../inference/run';
import { StudioError } from '../lib/errors';
import { createRng } from '../lib/rng';
import { createNodeRunner } from '../runtime/ort-node';
import type { Runner } from '../runtime/types';
import { loadProgram } from './load';

const filesOf = (graph: Graph, config: object = {}) => {
  const { model, external } = serialise(graph);
  const weights = external.map((file) => [`onnx/${file.path}`, bytesOf(file)] as const);
  const text = new TextEncoder().encode(JSON.stringify(config));
  return { 'onnx/model.onnx': model, ...Object.fromEntries(weights), 'config.json': text };
};

const load = (graph: Graph, config: object = {}) =>
  loadProgram({ id: 'x', files: filesOf(graph, config), backend: 'node-wasm', threads: 1 }, createNodeRunner, () => {});

const refusal = async (graph: Graph, config: object = {}): Promise<string> => {
  const error = await load(graph, config).then(
    ({ program }) => program.runner.dispose().then(() => null),
    (cause: unknown) => cause,
  );
  if (!(error instanceof StudioError)) return error === null ? 'loaded' : `internal: ${error}`;
  return `${error.code}: ${error.message}`;
};

const HIDDEN = 8;
const TOKENS = 50;

/** Token embeddings, what `mix` makes of a row of them, and a head. */
function modelOf(mix: (g: GraphBuilder, embedded: string) => string, head = TOKENS, inputs: readonly string[] = []) {
  const rng = createRng(3);
  const g = new GraphBuilder({ ...new GraphBuilder().build(), opsets: { '': 18 } });
  const numbers = (n: number) => Array.from({ length: n }, () => rng.normal());
  const ids = g.input('input_ids', 'int64', ['batch', 'tokens']);
  const extra = inputs.map((name) => g.input(name, 'int64', ['batch', 'tokens']));
  const table = g.constant('float32', [TOKENS, HIDDEN], numbers(TOKENS * HIDDEN));
  let value = g.add('Gather', [table, ids], { attrs: { axis: int(0) } });
  const types = g.constant('float32', [2, HIDDEN], numbers(2 * HIDDEN));
  for (const name of extra) value = g.add('Add', [value, g.add('Gather', [types, name], { attrs: { axis: int(0) } })]);
  const weight = g.constant('float32', [HIDDEN, head], numbers(HIDDEN * head));
  g.add('MatMul', [mix(g, value), weight], { name: 'logits' });
  g.output('logits', 'float32', ['batch', 'tokens', head]);
  return g.build();
}

const tokenByToken = (g: GraphBuilder, value: string) => g.add('Tanh', [value]);

/** Each token also sees the mean over all, later ones included. */
const fromBothSides = (g: GraphBuilder, value: string) =>
  g.add('Add', [value, g.add('ReduceMean', [value, g.constant('int64', [1], [1])], { attrs: { keepdims: int(1) } })]);

it('closes the session of a model that cannot be run', async () => {
  const dispose = vi.fn(async () => {});
  const run = async () => {
    throw new StudioError('device-lost', 'gone');
  };
  const request = { id: 'x', files: filesOf(modelOf(tokenByToken)), backend: 'node-wasm', threads: 1 } as const;
  const loading = loadProgram(
    request,
    async () => ({ run, dispose }) as unknown as Runner,
    () => {},
  );
  await expect(loading).rejects.toThrow('gone');
  expect(dispose).toHaveBeenCalledTimes(1);
});

it('loads a model whose earlier answers do not depend on later tokens', async () => {
  expect(await refusal(modelOf(tokenByToken))).toBe('loaded');
});

it('refuses a model that reads from both sides by what it does, whatever it is called', async () => {
  expect(await refusal(modelOf(fromBothSides))).toMatch(
    /^model-unsupported: This is no causal language model: a later token/,
  );
  expect(await refusal(modelOf(fromBothSides), { model_type: 'llama' })).toContain('is no causal language model');
  for (const family of ['distilbert', 'modernbert'])
    expect(await refusal(modelOf(fromBothSides), { model_type: family })).toMatch(
      new RegExp(`^model-unsupported: This model \\(${family}\\) is an encoder: .+ Take a decoder-only language model`),
    );
});

it('refuses the head of a classifier, which has no vocabulary', async () => {
  expect(await refusal(modelOf(tokenByToken, 3))).toMatch(/answers with 3 numbers in place of its 50 tokens/);
});

it.each([
  ['t5', 'decoder_input_ids', 'an encoder and a decoder'],
  ['lfm2', 'past_conv.0', 'a convolutional state'],
  ['granitemoehybrid', 'past_ssm.0', 'a recurrent state'],
  ['mamba', 'x', 'a recurrent state'],
  ['qwen3_5', 'x', 'a recurrent state'],
  ['mixtral', 'x', 'a mixture of experts'],
  ['bert', 'token_type_ids', 'an encoder'],
])('names what a model of the family %s is, and what to take instead', async (family, input, is) => {
  const words = await refusal(modelOf(fromBothSides, TOKENS, [input]), { model_type: family });
  expect(words).toContain(`This model (${family}) is `);
  expect(words).toContain(is);
  expect(words).toContain('Take a decoder-only language model, such as SmolLM2-135M-Instruct');
});

it('names models without token ids, and without a vocabulary', async () => {
  const g = new GraphBuilder();
  const given = g.input('inputs_embeds', 'float32', ['batch', 'tokens', HIDDEN]);
  g.output(g.add('Identity', [given], { name: 'logits' }), 'float32', ['batch', 'tokens', HIDDEN]);
  expect(await refusal(g.build())).toContain('takes inputs_embeds in place of token ids');
  const vectors = modelOf(tokenByToken, 3);
  const outputs = vectors.outputs.map((v) => ({ ...v, name: 'last_hidden_state' }));
  const nodes = vectors.nodes.map((node) =>
    node.outputs[0] === 'logits' ? { ...node, outputs: ['last_hidden_state'] } : node,
  );
  expect(await refusal({ ...vectors, outputs, nodes })).toContain('is an embedding model');
});

const fixture = (name: string): Graph => {
  const { model, external } = readFixture(name);
  return parse(model, external);
};

/** Logits of the next token after some ids. */
async function logitsOf(graph: Graph): Promise<number[]> {
  const { program } = await load(graph);
  const rows = [{ tokens: Int32Array.of(5, 9, 300, 17), past: null, reads: [3] }];
  const { logits } = await run(program, rows, { soft: null, candidates: [1, 2, 3], keepPresent: false });
  await program.runner.dispose();
  return [...logits];
}

it.each(['num_logits_to_keep', 'logits_to_keep'])('answers %s by itself', async (name) => {
  const plain = fixture('llama-optimum-fp32');
  const g = new GraphBuilder(plain);
  const keep = g.input(name, 'int64', []);
  const kept = g.build();
  const head = kept.nodes.find(({ outputs }) => outputs.includes('logits'));
  if (!head) throw new Error('no head');
  const b = GraphBuilder.rewrite(kept);
  for (const node of kept.nodes) {
    if (node !== head) b.push(node);
    else {
      const from = b.add('Unsqueeze', [b.add('Neg', [keep]), b.constant('int64', [1], [0])]);
      const to = b.constant('int64', [1], [2n ** 63n - 1n]);
      const last = b.add('Slice', [head.inputs[0] ?? '', from, to, b.constant('int64', [1], [1])]);
      b.push({ ...head, inputs: [last, head.inputs[1] ?? ''] });
    }
  }
  expect(await logitsOf(b.build())).toEqual(await logitsOf(plain));
});

it('takes the table for short texts where an If chooses between rotary tables', async () => {
  const plain = fixture('llama-genai-fp32');
  const empty = new GraphBuilder().build();
  const table = (name: string) => {
    const tensor = plain.initializers.get(name);
    if (!tensor) throw new Error(`no ${name}`);
    return tensor;
  };
  /** Both tables, twice as long and wrong for texts that are short. */
  const branch = (isLong: boolean): Graph => {
    const tensors = ['cos_cache', 'sin_cache'].map((name) => {
      const { bytes, dims, ...rest } = table(name);
      const long = new Uint8Array(2 * bytes.length);
      const doubled = { bytes: long, dims: [2 * (dims[0] ?? 0), dims[1] ?? 0] };
      return { ...rest, ...(isLong ? doubled : { bytes, dims }), name: `${name}_${isLong ? 'large' : 'small'}` };
    });
    return {
      ...empty,
      initializers: new Map(tensors.map((tensor) => [tensor.name, tensor])),
      outputs: tensors.map(({ name }) => ({ name, dtype: 'float32', shape: null })),
    };
  };
  const initializers = new Map([...plain.initializers].filter(([name]) => !/^(?:cos|sin)_cache$/.test(name)));
  const total = { op: 'ReduceSum', name: 'total', inputs: ['attention_mask'], outputs: ['total'], attrs: {} };
  const most = {
    name: 'most',
    dtype: 'int64' as const,
    dims: [],
    bytes: new Uint8Array(BigInt64Array.of(256n).buffer),
  };
  const isLong = { op: 'Greater', name: 'is_long', inputs: ['total', 'most'], outputs: ['is_long'], attrs: {} };
  const choose = {
    op: 'If',
    name: 'tables',
    inputs: ['is_long'],
    outputs: ['cos_cache', 'sin_cache'],
    attrs: { then_branch: subgraph(branch(true)), else_branch: subgraph(branch(false)) },
  };
  const graph = {
    ...plain,
    initializers: new Map([...initializers, ['most', most]]),
    nodes: [total, isLong, choose, ...plain.nodes],
  };
  expect(await logitsOf(graph)).toEqual(await logitsOf(plain));
  const { program, info } = await load(graph);
  await program.runner.dispose();
  expect(info.contextLength).toBe(256);
});

it('refuses keys and values of different sizes at loading', async () => {
  const plain = fixture('llama-optimum-fp32');
  const inputs = plain.inputs.map((v) =>
    v.name === 'past_key_values.1.value' ? { ...v, shape: [...(v.shape ?? []).slice(0, 3), 24] } : v,
  );
  expect(await refusal({ ...plain, inputs })).toMatch(
    /keeps 2 heads of 16 numbers in some layers or values and 2 of 24 in past_key_values\.1\.value/,
  );
});
