import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { LINEAR } from '../graph/ir';
import { normalise } from '../graph/normalise';
import { writePacked } from '../graph/packed';
import { parse } from '../graph/parse';
import { serialise } from '../graph/serialise';
import { createNodeRunner } from '../runtime/ort-node';
import { buildProgram, readEarly, specOf, splice } from './build-program';
import { conform, type Oracle } from './conform';
import { parseModel } from './load';
import { FIXTURES, modelFolders, readModel } from './test-support';

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
  const graph = writePacked(buildProgram(decoder), 4 * 32 * 40);
  expect(/"packed\/Slice_/.test(JSON.stringify(graph.nodes))).toBe(true);
  const runner = await createNodeRunner({ ...serialise(graph), packed: true }, { backend: 'node-wasm', threads: 1 });
  const oracle: Oracle = JSON.parse(readFileSync(`${folder}/oracle.json`, 'utf8'));
  for (const { name: way, loss, gradient, logits } of await conform({ spec: specOf(decoder), runner }, oracle))
    expect(Math.max(loss ?? 0, gradient ?? 0, logits ?? 0), way).toBeLessThan(1e-4);
  await runner.dispose();
});
