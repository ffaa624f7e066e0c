import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { type RunnerTestCase, type RunnerTestFile, TestRunner } from 'vitest';

/**
 * Vitest's runner for mutation, in the worker. A test file is imported once, and each of its tests is called once as it
 * is and then once per mutant that it reaches, which costs as much as the test itself. What that leaves alive, and what
 * acts while a file is imported, is run again on its own with the mutant on from the start.
 */

/** What the parent wants, in `job.json` of the folder in `MUTATE_STATE`. */
export interface Job {
  /** The mutant that is on from the start, or null: each in turn. */
  readonly on: number | null;
  /** Turn by turn: the mutants still alive. */
  readonly alive: readonly number[];
  /** From the start: the only tests to run (ids), or null for all. */
  readonly tests: readonly string[] | null;
  /** How many mutants there are. */
  readonly mutants: number;
}

/** A line of `results.jsonl`. */
export type Line =
  | { readonly test: string; readonly ms: number; readonly reaches: readonly number[]; readonly tried: boolean }
  | { readonly spoilt: string }
  | { readonly outside: readonly number[] }
  | { readonly id: number; readonly killed: boolean; readonly by: string };

const state = process.env.MUTATE_STATE ?? '';
/** A test that takes more of the processor is kept for what nothing else kills. */
const SLOW_MS = 500;
const ENDLESS = 2e7;

// a property that fails has done its work: no smaller example is looked for
fc.configureGlobal({ endOnFailure: true });

let on = -1;
let limit = ENDLESS;
let counts = new Uint32Array(0);

/** At each mutant: whether it is the one that is on. Throws where it has been passed so often that a loop has no end. */
function isOn(id: number): boolean {
  const passed = (counts[id] ?? 0) + 1;
  counts[id] = passed;
  if (id !== on) return false;
  if (passed > limit) throw new Error('a mutant that never ends');
  return true;
}

export default class MutationRunner extends TestRunner {
  readonly #job: Job;
  #file = '';
  #failed = false;

  constructor(config: ConstructorParameters<typeof TestRunner>[0]) {
    super(config);
    this.#job = JSON.parse(readFileSync(join(state, 'job.json'), 'utf8')) as Job;
    counts = new Uint32Array(this.#job.mutants);
    on = this.#job.on ?? -1;
    Object.assign(globalThis, { __mutant: isOn });
    this.#now(on);
  }

  /** For the parent, which ends a worker that hangs. */
  #now(id: number): void {
    writeFileSync(join(state, 'now.json'), JSON.stringify({ pid: process.pid, id, file: this.#file }));
  }

  #write(line: Line): void {
    appendFileSync(join(state, 'results.jsonl'), `${JSON.stringify(line)}\n`);
  }

  /** The mutants passed since the counts were cleared. */
  #passed(): number[] {
    const ids = [...counts.keys()].filter((id) => (counts[id] ?? 0) > 0);
    return ids;
  }

  #outside(): void {
    const outside = this.#passed();
    if (outside.length > 0) this.#write({ outside });
    counts.fill(0);
  }

  override onCollectStart(file: RunnerTestFile): void {
    super.onCollectStart(file);
    this.#file = file.filepath;
  }

  override onAfterRunFiles(): void {
    if (this.#job.on === null) this.#outside();
    super.onAfterRunFiles();
  }

  async runTask(test: RunnerTestCase): Promise<void> {
    const call = TestRunner.getTestFn(test);
    if (this.#job.on !== null) return this.#fromTheStart(test, call);
    this.#outside();
    const before = process.cpuUsage();
    await call();
    const { user, system } = process.cpuUsage(before);
    const ms = Math.round((user + system) / 1000);
    const reaches = this.#passed();
    const base = counts.slice();
    const alive = new Set(this.#job.alive);
    const ids = reaches.filter((id) => alive.has(id) && !this.#killed.has(id));
    const tried = ids.length > 0 && ms < SLOW_MS && (await this.#inTurn(test.name, call, ids, base, ms));
    this.#write({ test: test.id, ms, reaches, tried });
    counts.fill(0);
  }

  readonly #killed = new Set<number>();

  /** False where the test cannot be called again and again. */
  async #inTurn(
    name: string,
    call: () => unknown,
    ids: readonly number[],
    base: Uint32Array,
    ms: number,
  ): Promise<boolean> {
    let fine = await isFine(call, ms);
    for (const id of fine ? ids : []) {
      this.#now(id);
      counts.fill(0);
      limit = 100 * (base[id] ?? 0) + 10_000;
      on = id;
      const killed = !(await isFine(call, ms));
      on = -1;
      limit = ENDLESS;
      // a test that now fails without a mutant was spoilt by one: neither this nor what follows says anything
      fine = !killed || (await isFine(call, ms));
      if (!fine) break;
      if (killed) this.#killed.add(id);
      if (killed) this.#write({ id, killed, by: `${this.#file}: ${name}` });
    }
    this.#now(-1);
    if (!fine) this.#write({ spoilt: name });
    return fine;
  }

  async #fromTheStart(test: RunnerTestCase, call: () => unknown): Promise<void> {
    if (this.#failed || (this.#job.tests && !this.#job.tests.includes(test.id))) return;
    try {
      await call();
    } catch (error) {
      this.#failed = true;
      throw error;
    }
  }
}

/** Whether a test passes, within fifty times what it took and some seconds. */
async function isFine(call: () => unknown, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), 10_000 + 50 * ms);
  });
  const done = (async () => {
    await call();
    return true;
  })().catch(() => false);
  const fine = await Promise.race([done, late]);
  clearTimeout(timer);
  return fine;
}
