/**
 * Steps of training with the embedded model on ONNX Runtime as it is published and with faster products, in two processes by
 * turns, the first of each pair by turns too.
 *
 *     npx tsx tools/bench/faster-products.ts [--threads 1] [--steps 15] [--placement suffix]
 *
 * Prints a line for each measure: medians, and published over faster with its quartiles, in CPU time (the one to read on one
 * thread where other work runs) and by the clock; then whether all losses had the same bits.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import * as ort from 'onnxruntime-web';
import { createLog, DEFAULT_MODEL, openHost } from '../../src/cli/node-host';
import { uninterrupted } from '../../src/lib/control';
import { STANDARD } from '../../src/training/settings';
import { readOptions } from './read-options.mjs';

const { values } = readOptions({ threads: 1, steps: 15, placement: 'suffix', only: null });
const [threads, steps] = [values.threads, values.steps];

interface Step {
  readonly cpu: number;
  readonly clock: number;
  readonly loss: number;
}

/** A step for each message. */
async function child(): Promise<void> {
  if (values.only === 'published') {
    const file = createRequire(import.meta.url).resolve('onnxruntime-web/ort-wasm-simd-threaded.wasm');
    ort.env.wasm.wasmBinary = new Uint8Array(readFileSync(file));
  }
  const { engine } = await openHost({ model: DEFAULT_MODEL, backend: 'node-wasm', threads }, createLog());
  const train = Array.from({ length: STANDARD.batchSize }, (_, row) => ({
    rowId: String(row),
    ids: Int32Array.from({ length: 35 }, (_, t) => t * 37 + row * 101 + 50),
    label: row % 2,
  }));
  const placement = values.placement === 'prefix' ? ('prefix' as const) : ('suffix' as const);
  const request = {
    runId: 'bench',
    train,
    validation: [],
    resume: null,
    cacheKey: 'bench',
    labels: [11, 12].map((id) => ({ label: String(id), word: String(id), tokenIds: [id] })),
    settings: { ...STANDARD, placement, steps: steps + 2, patience: null },
    initTokenIds: Int32Array.from({ length: STANDARD.virtualTokens }, (_, i) => 20 + i),
  };
  process.send?.('ready');
  await once(process, 'message');
  let [begin, cpu] = [performance.now(), process.cpuUsage()];
  for await (const event of engine.train(request, uninterrupted)) {
    if (event.kind !== 'step') continue;
    const used = process.cpuUsage(cpu);
    const step = {
      cpu: (used.user + used.system) / 1e6,
      clock: (performance.now() - begin) / 1e3,
      loss: event.point.loss,
    };
    process.send?.(step satisfies Step);
    await once(process, 'message');
    [begin, cpu] = [performance.now(), process.cpuUsage()];
  }
}

async function parent(): Promise<void> {
  const kinds = ['published', 'faster'] as const;
  const open = (kind: string) => fork(process.argv[1] as string, [...process.argv.slice(2), '--only', kind]);
  const runs = kinds.map((kind) => ({ process: open(kind), steps: [] as Step[] }));
  await Promise.all(runs.map((run) => once(run.process, 'message')));
  for (let turn = 0; turn < steps; turn++)
    for (const run of turn % 2 ? runs : runs.toReversed()) {
      run.process.send('step');
      run.steps.push((await once(run.process, 'message'))[0]);
    }
  const [published = [], faster = []] = runs.map((run) => run.steps.slice(1)); // the first one reads the texts
  const at = (list: readonly number[], share: number) =>
    ([...list].sort((a, b) => a - b)[Math.floor(share * (list.length - 1))] as number).toFixed(3);
  for (const measure of ['cpu', 'clock'] as const) {
    const [a, b] = [published, faster].map((list) => list.map((step) => step[measure])) as [number[], number[]];
    const ratios = a.map((x, i) => x / (b[i] as number));
    console.log(
      `${measure}: ${at(a, 0.5)} s published, ${at(b, 0.5)} s faster; ratio ${at(ratios, 0.5)} (${at(ratios, 0.25)} to ${at(ratios, 0.75)})`,
    );
  }
  console.log(
    `losses ${published.every(({ loss }, i) => loss === faster[i]?.loss) ? 'equal' : 'NOT EQUAL'}, bit for bit`,
  );
  for (const run of runs) run.process.kill();
}

await (values.only ? child() : parent());
