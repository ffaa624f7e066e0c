import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { sizeOf } from '../graph/dtype';
import { LINEAR } from '../graph/ir';
import { normalise } from '../graph/normalise';
import { writePacked } from '../graph/packed';
import { parse } from '../graph/parse';
import { serialise } from '../graph/serialise';
import { planKernels, whyUncovered } from '../runtime/fused/plan';
import { createNodeRunner } from '../runtime/ort-node';
import { buildProgram, readEarly, specOf, splice } from './build-program';
import { conform, type Oracle } from './conform';
import { parseModel } from './load';
import { FIXTURES, modelFolders, readModel, SMOLLM2 } from './test-support';

const linears = async (name: string, path: string) => {
  const files = await readModel(`${FIXTURES}/${name}`);
  const external = new Map(Object.entries(files).map(([file, bytes]) => [file.replace('onnx/', ''), bytes]));
  const whole = splice(normalise(parse(files[path] as Uint8Array, external)));
  const early = readEarly(whole);
  const products = (graph: typeof whole) => graph.nodes.filter((node) => node.op === LINEAR);
  return { whole, early, before: products(whole), after: products(early) };
};

it.each([
  ['llama-optimum-fp32', 'onnx/model.onnx'],
  ['llama-genai-fp32', 'onnx/model.onnx'],
  ['llama-torch-dynamo-fp32', 'onnx/model.onnx'],
])('computes projection and MLP behind the last attention for the read rows alone: %s', async (name, path) => {
  const { before, after, early } = await linears(name, path);
  expect(after).toHaveLength(before.length);
  const ofRows = after.filter((node) => node.inputs[0]?.startsWith('read/'));
  expect(ofRows).toHaveLength(4);
  // The last of the model: nothing of an earlier layer is read by the head alone.
  expect(ofRows.map((node) => after.indexOf(node))).toEqual([-4, -3, -2, -1].map((i) => after.length + i));
  const gathers = early.nodes.filter((node) => node.inputs[1] === 'read_index');
  expect(gathers).toHaveLength(2); // of the attention's output, and of the stream around it
});

it('readEarly leaves a graph alone that reads no rows', async () => {
  const { whole } = await linears('llama-optimum-fp32', 'onnx/model.onnx');
  const other = { ...whole, nodes: whole.nodes.filter((node) => node.inputs[1] !== 'read_index') };
  expect(readEarly(other)).toBe(other);
});

it.each([
  'qwen2-genai-int4', // no offsets
  'llama-optimum-q4float', // offsets
  'llama-optimum-fp16', // halves
])('writes a large matrix out some rows at a time, with PyTorch’s losses and gradients: %s', async (name) => {
  const folder = modelFolders().find((model) => model.name === name)?.folder ?? '';
  const decoder = normalise(parseModel(await readModel(folder)));
  // The head of most has 512 rows of 64 numbers, the smallest layer 64 rows of 32.
  const program = buildProgram(decoder);
  const graph = writePacked(program, 4 * 32 * 40);
  expect(/"packed\/Slice_/.test(JSON.stringify(graph.nodes))).toBe(true);
  const runner = await createNodeRunner({ ...serialise(graph), packed: true }, { backend: 'node-wasm', threads: 1 });
  const oracle: Oracle = JSON.parse(readFileSync(`${folder}/oracle.json`, 'utf8'));
  for (const { name: way, loss, gradient, logits } of await conform({ spec: specOf(decoder, program), runner }, oracle))
    expect(Math.max(loss ?? 0, gradient ?? 0, logits ?? 0), way).toBeLessThan(1e-4);
  await runner.dispose();
});

/** 8 texts of 30 tokens that are cached, 10 vectors after each. */
const STEP: Readonly<Record<string, number>> = {
  batch: 8,
  tokens: 10,
  past: 30,
  'past + tokens': 40,
  virtual: 10,
  reads: 8,
  candidates: 3,
  candidate_ids: 3,
};

it('launches at most 740 kernels for a training step of the embedded model', async () => {
  const decoder = normalise(parseModel(await readModel(SMOLLM2)));
  const graph = buildProgram(decoder);
  const { pastKeys, pastValues, bias } = specOf(decoder, graph).inputs;
  const past = [...pastKeys, ...pastValues];
  const made = (name: string) => ({
    ...(past.includes(name) && { kept: past.indexOf(name) }),
    ...(name === bias && { seen: -1e9 }),
  });
  const shapes = graph.inputs.map(({ name, dtype, shape }) => {
    const dims = (shape ?? []).map((dim) => (typeof dim === 'number' ? dim : (STEP[dim ?? ''] ?? 1)));
    return [
      name,
      { dims, dtype, ...(dtype === 'bool' && { known: [name === 'with_grad' ? 1 : 0] }), ...made(name) },
    ] as const;
  });
  const { kernels, feeds, fetches } = planKernels(graph, new Map(shapes), ['read_logits', 'loss', 'soft_grad']);
  expect(kernels.length).toBeLessThanOrEqual(740);
  // Layers share their code: what a device has to compile.
  expect(new Set(kernels.map(({ code }) => code)).size).toBeLessThanOrEqual(50);
  // Little more than the vectors and their gradient is sent and fetched, as texts stay on the device.
  const bytes = [...feeds.values(), ...fetches.values()].reduce((sum, { dims }) => sum + 4 * sizeOf(dims), 0);
  const vectorBytes = 4 * 10 * decoder.hidden;
  expect(bytes).toBeLessThan(1.2 * 2 * vectorBytes);
});

it('has a kernel for every operator of these fixtures; the others run on ONNX Runtime', async () => {
  const covered = await Promise.all(
    modelFolders().map(async ({ name, folder }) => {
      const graph = buildProgram(normalise(parseModel(await readModel(folder))));
      return whyUncovered(graph) === null ? [name] : [];
    }),
  );
  expect(covered.flat()).toEqual([
    'llama-genai-fp32',
    'llama-genai-int4',
    'qwen2-genai-int4',
    'granite-genai-fp32',
    'qwen3-genai4e-int4',
  ]);
});
