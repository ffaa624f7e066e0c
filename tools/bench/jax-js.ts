/**
 * jax-js beside the engine, in one page of Chromium on WebAssembly, with the embedded model's weights as float32 on both sides:
 * products of 80 x 576 x 1536, and the loss and gradient of a training step (8 rows of 35 tokens, 10 vectors after them), by turns,
 * the first of each pair by turns too. jax-js is installed into .cache, not with this project, and starts a thread for each
 * core; the engine takes two.
 *
 *     npx tsx tools/bench/jax-js.ts [--turns 7] [--only ours|jax-js] [--port 4196]
 *
 * Prints a line for each measure: medians by the clock and in seconds of the processor, and jax-js's over ours with its quartiles;
 * then what opening and the first call took, the WebAssembly heaps, and how far the results are from each other. With `--only` the
 * process's largest memory is that side's.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { relativeError } from '../../src/engine/conform';
import { openDevPage } from './dev-page';
import type { JaxBench } from './jax-page/main';
import { PRODUCT, type Side } from './jax-page/task';
import type { Ask } from './jax-page/worker';
import { readOptions } from './read-options.mjs';

const VERSION = '0.1.25';
const root = join(import.meta.dirname, '../..');
const { values } = readOptions({ turns: 7, only: null, port: 4196 });

function installed(): string {
  const folder = join(root, '.cache/jax-js');
  const module = join(folder, 'node_modules/@jax-js/jax/dist/index.js');
  if (existsSync(module)) return module;
  mkdirSync(folder, { recursive: true });
  const list = ['install', '--prefix', folder, '--no-save', '--ignore-scripts', `@jax-js/jax@${VERSION}`];
  if (spawnSync('npm', list, { stdio: ['ignore', 'ignore', 'inherit'] }).status !== 0)
    throw new Error(`npm could not install @jax-js/jax ${VERSION}`);
  return module;
}

const jaxUrl = `/@fs${installed()}`;
const { page, peakMB, cpuSeconds, close } = await openDevPage('jax-page', values.port);
await page.waitForFunction(() => 'jaxBench' in globalThis);

async function ask(side: string, what: Ask) {
  const before = cpuSeconds();
  const answer = await page.evaluate(
    ([of, each]) => (globalThis as unknown as { jaxBench: JaxBench }).jaxBench(of, each),
    [side, what] as const,
  );
  return { ...answer, cpu: cpuSeconds() - before };
}

const sides = ['ours', 'jax-js'].filter((side) => !values.only || side === values.only);
const base = '/public/models/HuggingFaceTB/SmolLM2-135M-Instruct';
for (const side of sides) {
  const opened = await ask(side, { base, jaxUrl: side === 'ours' ? null : jaxUrl });
  console.log(`${side}: opened in ${opened.seconds.toFixed(1)} s, heap ${opened.heapMB} MB`);
}

const at = (list: readonly number[], share: number) =>
  [...list].sort((a, b) => a - b)[Math.floor(share * (list.length - 1))] ?? 0;

async function compare(what: keyof Side, count: number) {
  const taken = new Map<string, Awaited<ReturnType<typeof ask>>[]>();
  for (const side of sides) {
    const first = await ask(side, what);
    console.log(`${side}: first ${what} ${first.seconds.toFixed(2)} s`);
    taken.set(side, []);
  }
  for (let turn = 0; turn < values.turns; turn++)
    for (const side of turn % 2 ? sides : sides.toReversed()) taken.get(side)?.push(await ask(side, what));
  for (const [side, list] of taken) {
    const of = (measure: 'seconds' | 'cpu') =>
      (
        at(
          list.map((each) => each[measure]),
          0.5,
        ) / count
      ).toFixed(4);
    console.log(`${side}: ${what} ${of('seconds')} s, ${of('cpu')} s of the processor; heap ${list.at(-1)?.heapMB} MB`);
  }
  const [ours, theirs] = sides.map((side) => taken.get(side) ?? []);
  if (!ours || !theirs) return;
  for (const measure of ['seconds', 'cpu'] as const) {
    const ratios = theirs.map((each, i) => each[measure] / (ours[i]?.[measure] ?? 0));
    const [low, middle, high] = [0.25, 0.5, 0.75].map((share) => at(ratios, share).toFixed(2));
    console.log(`${what}, ${measure}: jax-js's over ours ${middle} (${low} to ${high})`);
  }
  const [a = [], b = []] = [ours.at(-1)?.result, theirs.at(-1)?.result];
  const differs = what === 'step' ? `loss ${a[0]} and ${b[0]}, gradient` : 'output';
  const [from, to] = what === 'step' ? [1, a.length] : [0, 5000];
  console.log(
    `${what}: ${differs} differs by ${relativeError(b.slice(from, to), a.slice(from, to)).toExponential(1)} of its norm`,
  );
}

await compare('products', PRODUCT.matrices);
await compare('step', 1);
console.log(`largest memory of the page's process: ${peakMB()} MB`);
await close();
