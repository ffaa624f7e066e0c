import { afterAll, describe, expect, it } from 'vitest';
import { shapesOf } from '../autodiff/operators/table';
import { normalise } from '../graph/normalise';
import { parse } from '../graph/parse';
import { takesPast } from '../inference/program';
import { TextCache } from '../inference/text-cache';
import { uninterrupted } from '../lib/control';
import { whyUncovered } from '../runtime/fused/plan';
import { createWebRunner } from '../runtime/ort-web';
import { batchGradient } from '../training/objective';
import { FIXTURES, type Fixture, readFixture, readOracle } from './browser-test-support';
import { forwardAndBackward } from './build-program';
import { placed, relativeError, rowsOf, softOf } from './conform';
import { type LoadedProgram, loadProgram } from './load';

/** ORT writes its log through the console as it found it when it was loaded. */
let lines: string[] = [];
const { console: terminal } = globalThis;
const METHODS = ['log', 'warn', 'error', 'info', 'debug'] as const;
const original = METHODS.map((method) => [method, terminal[method]] as const);
for (const method of METHODS) terminal[method] = (...args: unknown[]) => lines.push(args.join(' '));

/** By `writeBuffer`, from all runs. */
let sentBytes = 0;
const { writeBuffer } = GPUQueue.prototype;
GPUQueue.prototype.writeBuffer = function (buffer, offset, data, ...range) {
  sentBytes += data.byteLength;
  writeBuffer.call(this, buffer, offset, data, ...range);
};

/**
 * Kernels of our own ask for a device for each model, and a device compiles its shaders itself, which takes most of this file's
 * time. Here they all get the same device, so that a shader that several models run is compiled once. ORT asks for features.
 */
let ownDevice: Promise<GPUDevice> | null = null;
const { requestDevice } = GPUAdapter.prototype;
GPUAdapter.prototype.requestDevice = function (descriptor) {
  if (descriptor?.requiredFeatures) return requestDevice.call(this, descriptor);
  ownDevice ??= requestDevice.call(this, descriptor);
  return ownDevice;
};

/** Sessions stay until the end: the last one takes the device with it, and the shaders that were compiled so far. */
const open: LoadedProgram[] = [];
afterAll(async () => {
  for (const [method, value] of original) terminal[method] = value;
  GPUQueue.prototype.writeBuffer = writeBuffer;
  GPUAdapter.prototype.requestDevice = requestDevice;
  for (const { program } of open) await program.runner.dispose();
});

interface Placed {
  readonly provider: string;
  readonly op: string;
  readonly node: string;
}

/** The fixture on WebGPU as the page loads it, or with options of ORT, which kernels of our own do not take. */
async function onDevice(fixture: Fixture, session?: Readonly<Record<string, unknown>>): Promise<LoadedProgram> {
  const loaded = await loadProgram(
    { id: fixture.name, files: await readFixture(fixture), backend: 'webgpu', threads: 1 },
    (model, options) => createWebRunner(model, { ...options, ...(session && { session }) }),
    () => {},
  );
  open.push(loaded);
  return loaded;
}

/** The fixture on ORT's WebGPU, and which execution provider it gave each node to. */
async function load(fixture: Fixture) {
  lines = [];
  const loaded = await onDevice(fixture, { logSeverityLevel: 0, logVerbosityLevel: 1 });
  const placed: Placed[] = [];
  let provider = '';
  for (const line of lines) {
    provider = /placed on \[(\w+)\]/.exec(line)?.[1] ?? provider;
    const [, op, node] = /VerifyEachNodeIsAssignedToAnEp\]\s+(\S+) \((.*)\)$/.exec(line) ?? [];
    if (op && node) placed.push({ provider, op, node });
  }
  return { ...loaded, placed };
}

/** The graph that ORT was given, its backward part not in an `If`: nodes have the same names. */
async function graphOf(fixture: Fixture) {
  const files = await readFixture(fixture);
  const path = fixture.paths.find((each) => each.endsWith('.onnx')) ?? '';
  const external = new Map(Object.entries(files).map(([each, bytes]) => [each.replace('onnx/', ''), bytes]));
  return forwardAndBackward(normalise(parse(files[path] as Uint8Array, external)));
}

const on = (placed: readonly Placed[], provider: string) => placed.filter((node) => node.provider === provider);

/** `Gather 3, Shape 12` */
function tally(nodes: readonly Placed[]): string {
  const counts = new Map<string, number>();
  for (const { op } of nodes) counts.set(op, (counts.get(op) ?? 0) + 1);
  return [...counts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([op, count]) => `${op} ${count}`)
    .join(', ');
}

/** Its angles are computed from positions on the CPU, and ORT then keeps the branches that read them there: slower, not wrong. */
const FLOATS_ON_CPU: Readonly<Record<string, readonly string[]>> = {
  'qwen3-dynamo23-fp32': ['Cos', 'If', 'If', 'If', 'Sin'],
};

describe.each(FIXTURES)('$name on WebGPU', (fixture) => {
  let loading: ReturnType<typeof load> | null = null;
  /** On kernels of our own where they cover it. */
  let own: Promise<LoadedProgram> | null = null;
  const loaded = () => {
    loading ??= load(fixture);
    return loading;
  };

  it('passes no float through the CPU, and no more integers than it did', async () => {
    const { placed } = await loaded();
    const graph = await graphOf(fixture);
    const shapes = shapesOf(graph);
    const byName = new Map(graph.nodes.map((node) => [node.name, node]));
    const cpu = on(placed, 'CPUExecutionProvider');
    const gpu = on(placed, 'WebGpuExecutionProvider');
    const floats = cpu.filter(({ node, op }) => {
      const found = byName.get(node.replace('/GatherSliceToSplitFusion', ''));
      // ORT makes these of its own, out of Shapes and their elements.
      if (!found) return op !== 'Gather' && op !== 'Squeeze';
      return [...found.inputs, ...found.outputs].some((value) => shapes.of(value)?.dtype.startsWith('float'));
    });
    const text = `WebGPU: ${gpu.length} nodes\nCPU: ${cpu.length} nodes: ${tally(cpu)}\n`;
    await expect(text).toMatchFileSnapshot(`../../test/golden/webgpu/${fixture.name}.txt`);
    expect(floats.map(({ op }) => op).sort()).toEqual(FLOATS_ON_CPU[fixture.name] ?? []);
  });

  it('has PyTorch’s losses and gradients of keys and values', async () => {
    const oracle = await readOracle(fixture);
    const keys = placed(oracle).find(({ soft }) => soft.placement === 'kv');
    if (!keys) return;
    const ours = whyUncovered(await graphOf(fixture)) === null;
    own ??= ours ? onDevice(fixture) : loaded();
    const { program } = await own;
    const labels = oracle.labelTokenIds.map((id) => ({ label: String(id), word: String(id), tokenIds: [id] }));
    const batch = { rows: keys.rows, labels, soft: keys.soft, cached: null };
    const found = await batchGradient(program, batch);
    const most = ours ? 1e-5 : 2e-3;
    expect(Math.abs(found.loss - keys.expected.labelLoss) / keys.expected.labelLoss).toBeLessThan(most);
    expect(relativeError(found.gradient, keys.expected.labelGrad.flat(6))).toBeLessThan(most);
  });

  it.each(['prefix', 'suffix'] as const)('has PyTorch’s losses and gradients, %s', async (placement) => {
    const ours = whyUncovered(await graphOf(fixture)) === null;
    own ??= ours ? onDevice(fixture) : loaded();
    const { program, info } = await own;
    expect(info.backend).toBe('webgpu');
    const most = ours ? 1e-5 : 2e-3;
    const oracle = await readOracle(fixture);
    const labels = oracle.labelTokenIds.map((id) => ({ label: String(id), word: String(id), tokenIds: [id] }));
    const expected = oracle.placements[placement];
    for (const loss of ['label', 'full'] as const) {
      const wholeVocabulary = loss === 'full';
      const batch = { rows: rowsOf(oracle), labels, soft: softOf(oracle, placement), cached: null, wholeVocabulary };
      const found = await batchGradient(program, batch);
      const right = expected[`${loss}Loss`];
      expect(Math.abs(found.loss - right) / right, `${loss} loss`).toBeLessThan(most);
      expect(relativeError(found.gradient, expected[`${loss}Grad`].flat()), `${loss} gradient`).toBeLessThan(most);
      if (!ours || placement === 'prefix' || loss === 'full') continue;
      // What is repeated is launched as it was: recorded bindings and pipelines, other contents.
      expect(await batchGradient(program, batch)).toEqual(found);
      if (!takesPast(program.spec)) continue;
      const cache = new TextCache(program.spec, { storage: 'float32' });
      const cached = { cache, plan: cache.plan('rows', [batch.rows]), control: uninterrupted };
      await batchGradient(program, { ...batch, cached, rows: batch.rows.toReversed() });
      sentBytes = 0;
      const behind = await batchGradient(program, { ...batch, cached });
      expect(Math.abs(behind.loss - right) / right, `${loss} loss, cached`).toBeLessThan(most);
      expect(relativeError(behind.gradient, expected[`${loss}Grad`].flat()), `${loss} gradient, cached`).toBeLessThan(
        most,
      );
      // Texts are on the device by now: what is sent is less than their keys and values.
      expect(sentBytes, 'bytes sent').toBeLessThan(cache.bytes / 2);
    }
  });
});
