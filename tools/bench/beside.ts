/**
 * softprompt/autodiff, @jax-js/onnx and transformers.js beside each other, in one page of Chromium on WebAssembly with two threads:
 * which operators and files @jax-js/onnx lacks; then, for the one file that two of them can differentiate (the GPT-2 fixture of
 * opset 13 as `normalise` writes it), seconds to load, run, differentiate and train, by turns; loading and running by transformers.js.
 *
 *     npx tsx tools/bench/beside.ts [--turns 9] [--steps 30] [--port 4197]
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Graph, normalise, parse, serialise } from '../../src/api/autodiff';
import { relativeError } from '../../src/engine/conform';
import { median } from '../../src/metrics/special';
import { openDevPage } from './dev-page';
import { readOptions } from './read-options.mjs';

const root = join(import.meta.dirname, '../..');
const { values } = readOptions({ turns: 9, steps: 30, port: 4197 });
const JAX = ['@jax-js/jax@0.1.25', '@jax-js/onnx@0.1.2'];

/** A module with both, so that they share one @jax-js/jax. */
function installed(): string {
  const folder = join(root, '.cache/jax-js');
  mkdirSync(folder, { recursive: true });
  if (!existsSync(join(folder, 'node_modules/@jax-js/onnx'))) {
    const list = ['install', '--prefix', folder, '--no-save', '--ignore-scripts', ...JAX];
    if (spawnSync('npm', list, { stdio: ['ignore', 'ignore', 'inherit'] }).status !== 0)
      throw new Error(`npm could not install ${JAX.join(' and ')}`);
  }
  const entry = join(folder, 'entry.mjs');
  writeFileSync(entry, "export * as jax from '@jax-js/jax';\nexport * as onnx from '@jax-js/onnx';\n");
  return entry;
}

const FIXTURES = 'test/fixtures/models';
const SMOLLM2 = 'public/models/HuggingFaceTB/SmolLM2-135M-Instruct';
const fixtures = readdirSync(join(root, FIXTURES), { withFileTypes: true }).filter((entry) => entry.isDirectory());
const models = [...fixtures.map(({ name }) => `${FIXTURES}/${name}`), SMOLLM2].map((folder) => {
  const files = readdirSync(join(root, folder, 'onnx')).map(
    (file) => [file, readFileSync(join(root, folder, 'onnx', file))] as const,
  );
  const [name, bytes] = files.find(([file]) => file.endsWith('.onnx')) ?? [];
  if (name === undefined || bytes === undefined) throw new Error(`${folder} has no model`);
  const chunks = files.length - 1;
  return {
    folder,
    chunks,
    url: `/${folder}/onnx/${name}`,
    graph: parse(bytes, { external: Object.fromEntries(files) }),
  };
});

const TOKENS = 9;
/** A text of nine tokens behind an empty past. Whole numbers are text. */
const inputsOf = ({ inputs }: Graph, batch: number) =>
  inputs.map(({ name, dtype, shape }) => {
    const isPast = name.startsWith('past');
    const dims = isPast ? [batch, Number(shape?.[1]), 0, 16] : [batch, TOKENS, ...(dtype === 'float32' ? [64] : [])];
    const length = dims.reduce((product, dim) => product * dim, 1);
    const at = (i: number) => (name === 'attention_mask' ? 1 : i % TOKENS);
    const data = Array.from({ length }, (_, i) => (dtype === 'float32' ? Math.sin(7 * i) : String(at(i))));
    return { name, dims, data };
  });

const opOf = (op: string) => op.split(':').at(-1) ?? op;
const ops = [...new Set(models.flatMap(({ graph }) => graph.nodes.map(({ op }) => op)))];
const single = (op: string): Graph => ({
  name: op,
  opsets: { '': 18, 'com.microsoft': 1 },
  inputs: [],
  outputs: [],
  initializers: new Map(),
  values: new Map(),
  nodes: [{ op, name: op, inputs: [], outputs: ['y'], attrs: {} }],
});

interface Measures {
  readonly load: number;
  readonly firstForward: number;
  readonly firstGradient: number;
  readonly loss: number;
  readonly after: number;
  readonly gradient: readonly number[];
  readonly forward: readonly number[];
  readonly step: readonly number[];
  readonly train: readonly number[];
}

const { page: first, close } = await openDevPage('beside-page', values.port);
let page = first;
const call = <Answer>(name: string, ...given: readonly unknown[]) =>
  page.evaluate(
    ([of, list]) =>
      (globalThis as unknown as { beside: Record<string, (...all: readonly unknown[]) => unknown> }).beside[of]?.(
        ...list,
      ),
    [name, given] as const,
  ) as Promise<Answer>;
const ready = () => page.waitForFunction(() => 'beside' in globalThis, undefined, { timeout: 120_000 });
await ready();
const entry = `/@fs${installed()}`;

const nodes = ops.map((op) => ({ op, bytes: [...serialise(single(op)).model] }));
const files = models.map(({ url, graph }) => ({ url, inputs: inputsOf(graph, 1) }));
const jax = await call<{ lacking: string[]; outcomes: string[] }>('jaxRuns', entry, nodes, files);
for (const [i, { folder, graph }] of models.entries()) {
  const lacks = [...new Set(graph.nodes.map(({ op }) => op))].filter((op) => jax.lacking.includes(op)).map(opOf);
  console.log(
    `${folder}: @jax-js/onnx lacks ${lacks.join(', ') || 'nothing'}; running it: ${jax.outcomes[i] || 'works'}`,
  );
}

const gpt2 = models.find(({ folder }) => folder.endsWith('gpt2-optimum-opset13-fp32'));
if (!gpt2) throw new Error('the GPT-2 fixture is missing');
const oracle = JSON.parse(readFileSync(join(root, gpt2.folder, 'oracle.json'), 'utf8'));
const plain = normalise(gpt2.graph, { inputs: [oracle.embeddingTensor], outputs: ['logits'] });
const found = await call<Record<string, Measures>>('compare', entry, {
  bytes: [...serialise(plain, { externalFrom: Number.POSITIVE_INFINITY }).model],
  inputs: inputsOf(plain, 3),
  at: oracle.embeddingTensor,
  vectors: oracle.softPrompt.length,
  soft: oracle.softPrompt.flat(),
  last: oracle.targets.map((target: number) => oracle.labelTokenIds[target]),
  classes: 512,
  turns: values.turns,
  steps: values.steps,
});

/** Of each function of a side in sides.mjs, without its first and last. */
const source = readFileSync(join(import.meta.dirname, 'beside-page/sides.mjs'), 'utf8');
function linesOf(side: string) {
  const part = source.slice(source.indexOf(`export const ${side} `)).split('\n});')[0] ?? '';
  const steps = [...part.matchAll(/^ {2}(?:async )?(?<name>\w+)\(.*\{\n(?<body>[\s\S]*?)\n {2}\},?$/gm)];
  return steps.map(({ groups }) => `${groups?.name} ${groups?.body?.split('\n').length}`).join(', ');
}
for (const side of ['softprompt', 'jaxOnnx', 'transformersJs']) console.log(`${side}, lines: ${linesOf(side)}`);

for (const [name, m] of Object.entries(found)) {
  const [forward, step, train] = [m.forward, m.step, m.train].map((list) => median(list).toFixed(4));
  console.log(
    `${name}: load ${m.load.toFixed(2)} s, first forward ${m.firstForward.toFixed(2)}, first gradient ${m.firstGradient.toFixed(2)}; then forward ${forward}, gradient ${step}, ${values.steps} steps ${train}; loss ${m.loss} to ${m.after}`,
  );
}
const [ours, theirs] = [found.softprompt, found['@jax-js/onnx']];
if (ours && theirs) {
  for (const what of ['forward', 'step', 'train'] as const) {
    const ratio = median(theirs[what].map((seconds, i) => seconds / (ours[what][i] ?? Number.NaN)));
    console.log(`${what}: @jax-js/onnx over softprompt ${ratio.toFixed(2)}`);
  }
  console.log(`gradients differ by ${relativeError(theirs.gradient, ours.gradient).toExponential(1)} of their norm`);
}
const ids = Array.from({ length: TOKENS }, (_, i) => i + 5);
const DTYPES: Readonly<Record<string, string>> = { '': 'fp32', _fp16: 'fp16', _q4: 'q4', _q4f16: 'q4f16' };
for (const { folder, url: file, chunks } of models) {
  // A failed session fails all that follow it.
  const before = page;
  page = await before.context().newPage();
  await page.goto(before.url(), { timeout: 120_000 });
  await before.close();
  await ready();
  const [, parent, name] = /^(.*models)\/(.*)$/.exec(`/${folder}`) ?? [];
  const dtype = DTYPES[/model(\w*)\.onnx/.exec(file)?.[1] ?? ''];
  const given = [`${parent}/`, name, { dtype, use_external_data_format: chunks }, ids];
  const said = await call<Record<'load' | 'first' | 'forward', number>>('transformersRuns', ...given).then(
    (m) => `load ${m.load.toFixed(2)} s, first forward ${m.first.toFixed(3)}, then ${m.forward.toFixed(4)}`,
    (error: Error) => error.message.split('\n')[0],
  );
  console.log(`transformers.js, ${name}: ${said}`);
}
await close();
