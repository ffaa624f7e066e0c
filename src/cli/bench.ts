import { cpus } from 'node:os';
import type { Engine } from '../engine/engine';
import { GraphBuilder } from '../graph/builder';
import { lower } from '../graph/lower';
import { serialise } from '../graph/serialise';
import type { Placement } from '../prompt/types';
import { createNodeRunner } from '../runtime/ort-node';
import type { TokenRow } from '../tokens/types';
import { STANDARD } from '../training/settings';
import { createLog } from './log';
import { openModel } from './model-dir';
import { modelOptions, readModelOptions } from './options';
import { exactly, parseOptions, wholeNumber } from './usage';

export const BENCH_USAGE =
  'npm run bench -- [--rows 32] [--length 35] [--steps 9] [--model DIR] [--backend …] [--threads N]';

const SIZE = 1024;
const REPEATS = 3;

/**
 * Times on this machine, each a median, beside a calibration: milliseconds of a 1024^3 product in the same process, so that
 * figures of noisy machines can be compared. JSON on stdout.
 */
export async function bench(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseOptions(args, {
    ...modelOptions,
    rows: { type: 'string' },
    length: { type: 'string' },
    steps: { type: 'string' },
  });
  exactly(positionals, []);
  const options = readModelOptions(values);
  const rowCount = wholeNumber(values.rows, 'rows') ?? 32;
  const length = wholeNumber(values.length, 'length') ?? 35;
  const steps = wholeNumber(values.steps, 'steps') ?? 9;
  const log = createLog();
  const { engine } = await openModel(options, log);
  try {
    const calibration = await calibrationMs(options);
    const rows = syntheticRows(rowCount, length, engine.info.vocabulary);
    log.progress('Suffix');
    const suffix = await trainingTimes(engine, rows, 'suffix', steps);
    log.progress('Prefix');
    const prefix = await trainingTimes(engine, rows, 'prefix', Math.min(steps, REPEATS));
    log.progress('Scoring');
    const scoring = await scoringTimes(engine, rows);
    log.progress('Writing');
    const writing = await writingTimes(engine, rows);
    const { id, dtype, backend, threads, heapBytes, loadSeconds } = engine.info;
    const report = {
      model: { id, dtype },
      machine: { cores: cpus().length, processor: cpus()[0]?.model ?? '', backend, threads },
      calibration: { gemm1024Ms: calibration },
      loadSeconds,
      heapMiB: heapBytes === null ? null : heapBytes / 2 ** 20,
      rows: { count: rowCount, tokens: length },
      suffix,
      prefix,
      scoring,
      writing,
    };
    process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  } finally {
    await engine.dispose();
  }
}

/** Milliseconds of C = A B with 1024 x 1024 matrices, by the same runtime. */
async function calibrationMs({ backend, threads }: ReturnType<typeof readModelOptions>): Promise<number> {
  const b = new GraphBuilder();
  const shape = [SIZE, SIZE];
  b.input('a', 'float32', shape);
  b.input('b', 'float32', shape);
  b.add('MatMul', ['a', 'b'], { name: 'c' });
  b.output('c', 'float32', shape);
  const runner = await createNodeRunner(serialise(lower(b.build())), {
    backend,
    ...(threads === null ? {} : { threads }),
  });
  const matrix = { dtype: 'float32' as const, dims: shape, data: new Float32Array(SIZE * SIZE).fill(0.5) };
  const times: number[] = [];
  for (let i = 0; i <= REPEATS; i++) {
    const begin = performance.now();
    await runner.run({ a: matrix, b: matrix }, ['c']);
    if (i > 0) times.push(performance.now() - begin);
  }
  await runner.dispose();
  return median(times);
}

const syntheticRows = (count: number, length: number, vocabulary: number): TokenRow[] =>
  Array.from({ length: count }, (_, i) => ({
    rowId: String(i),
    ids: Int32Array.from({ length: length - 5 + (i % 11) }, (_, t) => (t * 37 + i * 101 + 50) % vocabulary),
    label: i % 2,
  }));

const LABELS = [11, 12].map((id) => ({ label: String(id), word: String(id), tokenIds: [id] }));

async function trainingTimes(engine: Engine, train: readonly TokenRow[], placement: Placement, steps: number) {
  const request = {
    runId: 'bench',
    train,
    validation: [],
    labels: LABELS,
    settings: { ...STANDARD, placement, steps },
    initTokenIds: Int32Array.from({ length: 10 }, (_, i) => 20 + i),
    cacheKey: placement,
    resume: null,
  };
  const stepMs: number[] = [];
  let cacheSeconds = 0;
  for await (const event of engine.train(request)) {
    if (event.kind === 'step') stepMs.push(event.point.ms);
    if (event.kind === 'done') cacheSeconds = event.cacheSeconds;
  }
  const tokens = train.reduce((sum, row) => sum + row.ids.length, 0);
  return {
    secondsPerStep: median(stepMs) / 1000,
    ...(placement === 'suffix' ? { cacheMsPerToken: (1000 * cacheSeconds) / tokens } : {}),
  };
}

async function scoringTimes(engine: Engine, rows: readonly TokenRow[]) {
  const request = { rows, labels: LABELS, soft: null, cacheKey: null };
  const tokens = rows.reduce((sum, row) => sum + row.ids.length, 0);
  const times: number[] = [];
  for (let i = 0; i < REPEATS; i++) times.push((await engine.score(request)).seconds);
  return { msPerToken: (1000 * median(times)) / tokens, rowMs: await engine.latency(request, 5) };
}

async function writingTimes(engine: Engine, rows: readonly TokenRow[]) {
  const times: number[] = [];
  let last = performance.now();
  const ids = rows[0]?.ids ?? Int32Array.of(1);
  const request = { ids, soft: null, maxNewTokens: 8, temperature: 0, topP: 1, seed: 0, endTokenIds: [] };
  await engine.generate(request, () => {
    times.push(performance.now() - last);
    last = performance.now();
  });
  // The first token also waits for the text.
  return { msPerToken: median(times.slice(1)) };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? 0;
}
