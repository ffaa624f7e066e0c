import { afterAll, expect, it } from 'vitest';
import { Shapes } from '../autodiff/shapes';
import { normalise } from '../graph/normalise';
import { parse } from '../graph/parse';
import { createWebRunner } from '../runtime/ort-web';
import { forwardAndBackward } from './build-program';
import { loadProgram } from './load';

/** ORT writes its log through the console as it found it when it was loaded. */
let lines: string[] = [];
const { console: terminal } = globalThis;
const METHODS = ['log', 'warn', 'error', 'info', 'debug'] as const;
const original = METHODS.map((method) => [method, terminal[method]] as const);
for (const method of METHODS) terminal[method] = (...args: unknown[]) => lines.push(args.join(' '));
afterAll(() => {
  for (const [method, value] of original) terminal[method] = value;
});

const bytes = async (path: string) => new Uint8Array(await (await fetch(path)).arrayBuffer());

/** Which execution provider ORT gave each node to. */
async function placements(name: string, paths: readonly string[]) {
  const url = (path: string) => `/test/fixtures/models/${name}/${path}`;
  const read = async () =>
    Object.fromEntries(await Promise.all(paths.map(async (path) => [path, await bytes(url(path))] as const)));
  lines = [];
  const verbose = { logSeverityLevel: 0, logVerbosityLevel: 1 };
  const { program } = await loadProgram(
    { id: name, files: await read(), backend: 'webgpu', threads: 1 },
    (model, options) => createWebRunner(model, { ...options, session: verbose }),
    () => {},
  );
  await program.runner.dispose();
  const placed: { provider: string; op: string; node: string }[] = [];
  let provider = '';
  for (const line of lines) {
    provider = /placed on \[(\w+)\]/.exec(line)?.[1] ?? provider;
    const [, op, node] = /VerifyEachNodeIsAssignedToAnEp\]\s+(\S+) \((.*)\)$/.exec(line) ?? [];
    if (op && node) placed.push({ provider, op, node });
  }
  return { placed, files: await read() };
}

it.each([
  ['llama-genai-int4', ['onnx/model_q4.onnx', 'onnx/model_q4.onnx_data']],
  ['qwen2-genai-int4', ['onnx/model_q4.onnx', 'onnx/model_q4.onnx_data']],
  ['llama-optimum-fp32', ['onnx/model.onnx']],
  ['llama-torch-dynamo-fp32', ['onnx/model.onnx']],
  ['gpt2-optimum-fp32', ['onnx/model.onnx']],
])('on WebGPU no float of the training graph passes through the CPU: %s', async (name, paths) => {
  const { placed, files } = await placements(name, paths);
  const [path = '', data] = paths;
  const external = new Map(data ? [[data.replace('onnx/', ''), files[data] as Uint8Array]] : []);
  const graph = forwardAndBackward(normalise(parse(files[path] as Uint8Array, external)));
  const shapes = new Shapes(graph);
  const byName = new Map(graph.nodes.map((node) => [node.name, node]));
  const on = (provider: string) => placed.filter((node) => node.provider === provider);
  const [cpu, gpu] = [on('CPUExecutionProvider'), on('WebGpuExecutionProvider')];
  const floats = cpu.filter(({ node }) => {
    const found = byName.get(node);
    const types = [...(found?.inputs ?? []), ...(found?.outputs ?? [])].map((value) => shapes.of(value)?.dtype);
    return types.some((type) => type?.startsWith('float'));
  });
  expect(gpu.length).toBeGreaterThan(200);
  expect(floats).toEqual([]);
});
