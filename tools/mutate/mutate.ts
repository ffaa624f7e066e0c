/**
 * `npm run mutate -- [--seed N] [--per-room N] [--room NAME]... [--file PATH]... [--resume]`: makes small wrong changes
 * in the rooms that decide a number or a verdict, and counts how many of them a Node test notices. A seeded sample, the
 * same number from each room, spread over its files; with `--file`, every change of these files. `--resume` continues a
 * run that was stopped (same sample, tests unchanged). It prints the survivors and the score.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import type { Plugin } from 'vite';
import { createVitest, type Vitest } from 'vitest/node';
import { createRng } from '../../src/lib/rng.ts';
import { importsOf, target } from '../../test/parse.ts';
import { equivalent } from './equivalent.ts';
import { instrument, type Mutant, mutantsOf } from './mutants.ts';
import type { Job, Line } from './runner.ts';
import { scored } from './score.ts';

const root = join(import.meta.dirname, '../..');

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    'per-room': { type: 'string', default: '75' },
    room: { type: 'string', multiple: true },
    file: { type: 'string', multiple: true },
    resume: { type: 'boolean', default: false },
  },
});

/** What is known so far, for `--resume`. */
const state = join(
  root,
  '.cache/mutate',
  values.file ? 'files' : [values.seed, values['per-room'], ...(values.room ?? [])].join('-'),
);

const ROOMS: Readonly<Record<string, (path: string) => boolean>> = {
  evaluation: (path) => path.startsWith('evaluation/'),
  workflow: (path) => path.startsWith('workflow/'),
  split: (path) => /^dataset\/split(?:-\w+)*\.ts$/.test(path),
  interchange: (path) => path.startsWith('interchange/'),
};
/** The nearest test files (by imports) that a mutant is shown to where it acts while a file is imported. */
const NEAREST = 10;
/** A worker without news for so long hangs in a mutant. */
const HANGS_MS = 120_000;
/** Rooms whose tests take minutes, load a model or drive a screen: a mutant that only they notice counts as a survivor. */
const OTHER_ROOMS = /^(?:app|cli|engine|store|worker)\//;

const sources = new Map(
  readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.tsx?$/.test(path) && !path.endsWith('.d.ts'))
    .map((path) => [path, readFileSync(join(root, 'src', path), 'utf8')] as const),
);
const isProduct = (path: string) => !/(?:\.test|test-support)\.tsx?$/.test(path);
const isTest = (path: string) => /\.test\.tsx?$/.test(path) && !path.includes('.browser.test.');

const roomOf = (file: string): string => Object.keys(ROOMS).find((room) => ROOMS[room]?.(file)) ?? '';

const all = [...sources]
  .filter(([path]) => isProduct(path) && roomOf(path) !== '')
  .sort(([a], [b]) => (a < b ? -1 : 1))
  .flatMap(([path, text]) => mutantsOf(path, text));

/** Every n-th mutant of a room from a random one on, in the order of its files: each file gets its share. */
function sample(): Mutant[] {
  if (values.file) return all.filter(({ file }) => values.file?.some((path) => path.endsWith(file)));
  return Object.keys(ROOMS).flatMap((room, place) => {
    if (values.room && !values.room.includes(room)) return [];
    const here = all.filter(({ file, ...mutant }) => roomOf(file) === room && !equivalent({ file, ...mutant }));
    const n = Math.min(Number(values['per-room']), here.length);
    const first = createRng(100 * Number(values.seed) + place).next();
    return Array.from({ length: n }, (_, i) => here[Math.floor(((i + first) * here.length) / n)]).filter(
      (m) => m !== undefined,
    );
  });
}

const fileOf = (path: string | null): string | undefined =>
  ['', '.ts', '.tsx', '/index.ts'].map((end) => `${path}${end}`).find((file) => sources.has(file));

/** How many imports are between each test file and the nearest mutated file; test files that reach none are left out. */
function testFiles(mutated: ReadonlySet<string>): string[] {
  const edges = new Map(
    [...sources].map(([path, text]) => [
      path,
      importsOf(path, text)
        .filter(({ kind }) => kind === 'value')
        .map(({ request }) => fileOf(target(path, request)))
        .filter((to) => to !== undefined),
    ]),
  );
  const distance = (test: string): number => {
    let level = [test];
    const seen = new Set(level);
    for (let steps = 0; level.length > 0; steps++) {
      if (level.some((path) => mutated.has(path))) return steps;
      level = level.flatMap((path) => edges.get(path) ?? []).filter((path) => !seen.has(path) && seen.add(path));
    }
    return Number.POSITIVE_INFINITY;
  };
  return [...sources.keys()]
    .filter((path) => isTest(path) && !OTHER_ROOMS.test(path))
    .map((path) => ({ path, steps: distance(path) }))
    .filter(({ steps }) => steps < Number.POSITIVE_INFINITY)
    .sort((a, b) => a.steps - b.steps || (a.path < b.path ? -1 : 1))
    .map(({ path }) => path);
}

const mutants = sample();
const ids = [...mutants.keys()];

const switches = (): Plugin => ({
  name: 'mutants',
  enforce: 'pre',
  transform(code, id) {
    const path = relative(join(root, 'src'), id.replace(/\?.*$/, ''));
    const here = ids.filter((i) => mutants[i]?.file === path);
    if (here.length === 0) return null;
    return { code: instrument(code, new Map(here.map((i) => [i, mutants[i] as Mutant]))), map: null };
  },
});

const lines = (): Line[] => {
  const path = join(state, 'results.jsonl');
  const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Line);
};

/** Runs one test file as the job says. A worker that hangs is ended: true where that happened. */
async function run(vitest: Vitest, file: string, job: Job): Promise<{ ok: boolean; hangs: number | null }> {
  writeFileSync(join(state, 'job.json'), JSON.stringify(job));
  writeFileSync(join(state, 'now.json'), JSON.stringify({ pid: 0, id: -1 }));
  let hangs: number | null = null;
  let last = '';
  let since = Date.now();
  const watch = setInterval(() => {
    const now = readFileSync(join(state, 'now.json'), 'utf8');
    if (now !== last) [last, since] = [now, Date.now()];
    else if (Date.now() - since > HANGS_MS) {
      const { pid, id } = JSON.parse(now || '{"pid":0,"id":-1}') as { pid: number; id: number };
      if (pid === 0 || id < 0) return;
      hangs = id;
      process.kill(pid, 'SIGKILL');
      clearInterval(watch);
    }
  }, 500);
  const spec = vitest.getRootProject().createSpecification(join(root, 'src', file));
  const { testModules, unhandledErrors } = await vitest.runTestSpecifications([spec]);
  clearInterval(watch);
  return { ok: unhandledErrors.length === 0 && testModules.every((module) => module.ok()), hangs };
}

const stored = <T>(name: string): T[] => {
  const path = join(state, name);
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as T[]) : [];
};

interface Reached {
  readonly file: string;
  /** Ids of tests that pass the mutant and were not called with it; null where it is passed outside the tests too. */
  readonly tests: string[] | null;
  /** Of the processor. */
  readonly ms: number;
}

/** First every test file once, then what is still alive one by one. */
async function main(): Promise<void> {
  const started = Date.now();
  const seconds = () => Math.round((Date.now() - started) / 1000);
  process.env.MUTATE_STATE = state;
  process.env.CI = '1'; // golden files are never written
  process.env.FUZZ ??= '20';
  if (!values.resume) rmSync(state, { recursive: true, force: true });
  mkdirSync(state, { recursive: true });
  writeFileSync(join(state, 'sample.json'), JSON.stringify(mutants));
  const vitest = await createVitest(
    'test',
    {
      config: false,
      root,
      watch: false,
      reporters: [{}],
      runner: join(root, 'tools/mutate/runner.ts'),
      include: ['src/**/*.test.{ts,tsx}'],
      exclude: ['**/*.browser.test.*', 'node_modules'],
      pool: 'forks',
      maxWorkers: 1,
      testTimeout: 60_000,
      update: false,
      silent: true,
    },
    { plugins: [switches()], resolve: { conditions: ['node', 'module', 'development|production'] } },
  );
  await vitest.standalone();
  const files = testFiles(new Set(mutants.map(({ file }) => file)));
  const killed = new Map<number, string>(stored('killed.json'));
  const reached = new Map<number, Reached[]>(stored('reached.json'));
  const done = join(state, 'done.json');
  const before = stored<string>('done.json');
  const finished = [...before];
  console.log(`${mutants.length} mutants of ${all.length}; ${files.length} test files reach them`);
  for (const file of files) {
    if (before.includes(file)) continue;
    for (let hangs: number | null = -1; hangs !== null; ) {
      const alive = ids.filter((id) => !killed.has(id));
      rmSync(join(state, 'results.jsonl'), { force: true });
      ({ hangs } = await run(vitest, file, { on: null, alive, tests: null, mutants: mutants.length }));
      collect(file, lines(), killed, reached);
      if (hangs !== null) killed.set(hangs, `${file}: never ends`);
    }
    finished.push(file);
    for (const line of lines()) if ('spoilt' in line) console.log(`  called once only: ${line.spoilt}`);
    writeFileSync(done, JSON.stringify(finished));
    writeFileSync(join(state, 'killed.json'), JSON.stringify([...killed]));
    writeFileSync(join(state, 'reached.json'), JSON.stringify([...reached]));
    console.log(`${seconds()} s  ${finished.length}/${files.length} ${file}: ${killed.size} killed`);
  }
  await oneByOne(vitest, killed, reached, seconds);
  await vitest.close();
  report(killed, reached, seconds());
}

function collect(file: string, results: readonly Line[], killed: Map<number, string>, reached: Map<number, Reached[]>) {
  const tests = results.filter((line) => 'test' in line);
  const outside = new Set(results.flatMap((line) => ('outside' in line ? line.outside : [])));
  for (const line of results) if ('id' in line && line.killed) killed.set(line.id, line.by);
  for (const id of ids) {
    const through = tests.filter(({ reaches }) => reaches.includes(id));
    if (!outside.has(id) && through.length === 0) continue;
    const untried = outside.has(id) ? tests : through.filter(({ tried }) => !tried);
    const ms = untried.reduce((sum, test) => sum + test.ms, 0);
    const found: Reached = { file, tests: outside.has(id) ? null : untried.map(({ test }) => test), ms };
    reached.set(id, [...(reached.get(id) ?? []), found]);
  }
}

async function oneByOne(
  vitest: Vitest,
  killed: Map<number, string>,
  reached: Map<number, Reached[]>,
  seconds: () => number,
): Promise<void> {
  const alive = ids.filter((id) => !killed.has(id) && reached.has(id));
  console.log(`${seconds()} s  ${alive.length} are alive and run alone`);
  for (const id of alive) {
    const near = (reached.get(id) ?? [])
      .filter(({ tests }) => tests?.length !== 0)
      .slice(0, NEAREST)
      .sort((a, b) => a.ms - b.ms);
    for (const { file, tests } of near) {
      const { ok, hangs } = await run(vitest, file, { on: id, alive: [], tests, mutants: mutants.length });
      if (ok && hangs === null) continue;
      // on a busy machine a test may fail, or take too long, without a mutant
      const control = await run(vitest, file, { on: mutants.length, alive: [], tests, mutants: mutants.length + 1 });
      if (!control.ok || control.hangs !== null) continue;
      killed.set(id, `${file}: ${hangs === null ? 'from the start' : 'never ends'}`);
      break;
    }
    writeFileSync(join(state, 'killed.json'), JSON.stringify([...killed]));
  }
}

function report(killed: ReadonlyMap<number, string>, reached: ReadonlyMap<number, Reached[]>, seconds: number): void {
  const outcomes = ids.map((id) => ({
    mutant: mutants[id] as Mutant,
    room: roomOf(mutants[id]?.file ?? ''),
    killed: killed.get(id) ?? null,
    isReached: reached.has(id),
  }));
  writeFileSync(join(state, 'outcomes.json'), JSON.stringify(outcomes, null, 1));
  for (const { mutant, isReached } of outcomes.filter((o) => o.killed === null))
    console.log(`${mutant.file}:${mutant.line} ${isReached ? 'survived' : 'is reached by no test'}: ${mutant.says}`);
  const total = (room: string) => all.filter(({ file }) => roomOf(file) === room).length;
  console.log(`\n${scored(outcomes, total)}\n\nseed ${values.seed}, ${seconds} s`);
}

await main();
