import { cpus } from 'node:os';
import { type Log, type ModelOptions, openHost } from '../../src/cli/node-host';
import { MODEL, orElse, whole } from '../../src/cli/options';
import { command, runProgram } from '../../src/cli/program';
import { GraphBuilder } from '../../src/graph/builder';
import { sizeOf } from '../../src/graph/dtype';
import { lower } from '../../src/graph/lower';
import { serialise } from '../../src/graph/serialise';
import { uninterrupted } from '../../src/lib/control';
import { median } from '../../src/metrics/special';
import type { Placement } from '../../src/prompt/soft-prompt';
import { createNodeRunner } from '../../src/runtime/ort-node';
import type { TokenRow } from '../../src/tokens/tokenizer';
import { STANDARD } from '../../src/training/settings';
import type { Host, HostEngine } from '../../src/workflow/host';

const SIZE = 1024;
const REPEATS = 3;
/** Length of the shared prefix, in tokens: about eight examples. */
const PREFIX = 260;
const NEW_TOKENS = 16;

/** Times on this machine as JSON: medians, and as calibration the milliseconds of a 1024^3 product. */
const bench = command({
  summary: 'measure this machine',
  takes: {},
  options: {
    rows: orElse(whole('rows'), 32),
    length: orElse(whole('tokens a row'), 35),
    steps: orElse(whole('training steps'), 9),
    ...MODEL,
  },
  run: async ({ rows, length, steps, ...options }, log) => {
    await using host = await openHost(options, log);
    return { json: await measured(host, { rowCount: rows, length, steps, options }, log) };
  },
});

interface Asked {
  readonly rowCount: number;
  readonly length: number;
  readonly steps: number;
  readonly options: ModelOptions;
}

async function measured(host: Host, { rowCount, length, steps, options }: Asked, log: Log): Promise<object> {
  const { engine } = host;
  const rows = syntheticRows(rowCount, length, engine.info.vocabulary);
  log.progress('Training steps, vectors after the text');
  const product = await openGemm(options, SIZE, SIZE, SIZE);
  await product.rate(); // warms up
  const rates: number[] = [];
  // Alternating, because the speed of a shared machine changes from second to second.
  const suffix = await trainingTimes(engine, rows, 'suffix', steps, async () => rates.push(await product.rate()));
  await product.close();
  const gflops = median(rates);
  log.progress('Training steps, vectors before the text');
  const prefix = await trainingTimes(engine, rows, 'prefix', Math.min(steps, REPEATS));
  log.progress('Scoring');
  const scoring = await scoringTimes(engine, rowCount, length);
  log.progress('Generating');
  const writing = await writingTimes(engine, rows);
  const { id, dtype, backend, threads, heapBytes, loadSeconds } = engine.info;
  return {
    model: { id, dtype },
    machine: { cores: cpus().length, processor: cpus()[0]?.model ?? '', backend, threads },
    calibration: { gemm1024Ms: (2 * SIZE ** 3) / gflops / 1e6, gflops },
    loadSeconds,
    heapMiB: heapBytes === null ? null : heapBytes / 2 ** 20,
    rows: { count: rowCount, tokens: length },
    suffix: {
      ...suffix,
      overGemm: (suffix.secondsPerStep * gflops) / stepGflop(engine.info),
    },
    prefix,
    scoring,
    writing,
  };
}

/** A product `[m, k] x [k, n]` on the same runtime; each call measures one, in GFLOP per second. */
async function openGemm({ backend, threads }: ModelOptions, m: number, k: number, n: number) {
  const b = new GraphBuilder();
  const dims = { a: [m, k], b: [k, n], c: [m, n] };
  b.input('a', 'float32', dims.a);
  b.input('b', 'float32', dims.b);
  b.add('MatMul', ['a', 'b'], { name: 'c' });
  b.output('c', 'float32', dims.c);
  const runner = await createNodeRunner(serialise(lower(b.build())), {
    backend,
    ...(threads === null ? {} : { threads }),
  });
  const matrix = (shape: readonly number[]) => ({
    dtype: 'float32' as const,
    dims: shape,
    data: new Float32Array(sizeOf(shape)).fill(0.5),
  });
  const feeds = { a: matrix(dims.a), b: matrix(dims.b) };
  return {
    rate: async () => {
      const begin = performance.now();
      await runner.run(feeds, ['c']);
      return (2 * m * k * n) / (performance.now() - begin) / 1e6;
    },
    close: () => runner.dispose(),
  };
}

/** Work of a suffix step, in GFLOP per token: each weight of the layers once forward and once backward. */
const stepGflop = ({ parameters, vocabulary, hidden }: HostEngine['info']) =>
  (4 * (parameters - vocabulary * hidden) * STANDARD.batchSize * STANDARD.virtualTokens) / 1e9;

/** Of about `length` tokens. Rows of another `draw` are other rows: no answer to one is remembered. */
const syntheticRows = (count: number, length: number, vocabulary: number, draw = 0): TokenRow[] =>
  Array.from({ length: count }, (_, i) => ({
    rowId: `${draw}/${i}`,
    ids: Int32Array.from(
      { length: length - 5 + (i % 11) },
      (_, t) => (t * 37 + i * 101 + draw * 1009 + 50) % vocabulary,
    ),
    label: i % 2,
  }));

const LABELS = [11, 12].map((id) => ({ label: String(id), word: String(id), tokenIds: [id] }));

async function trainingTimes(
  engine: HostEngine,
  train: readonly TokenRow[],
  placement: Placement,
  steps: number,
  onStep: () => Promise<unknown> = async () => {},
) {
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
  for await (const event of engine.train(request, uninterrupted)) {
    if (event.kind === 'step') {
      stepMs.push(event.point.ms);
      await onStep();
    }
    if (event.kind === 'done') cacheSeconds = event.cacheSeconds;
  }
  const tokens = train.reduce((sum, row) => sum + row.ids.length, 0);
  return {
    secondsPerStep: median(stepMs) / 1000,
    ...(placement === 'suffix' ? { cacheMsPerToken: (1000 * cacheSeconds) / tokens } : {}),
  };
}

/** Tokens a second, plain and where all rows begin with the same ones, which are then counted with each row. */
async function scoringTimes(engine: HostEngine, count: number, length: number) {
  const { vocabulary } = engine.info;
  const speed = async (rows: (draw: number) => TokenRow[]) => {
    const speeds: number[] = [];
    for (let draw = 1; draw <= REPEATS; draw++) {
      const drawn = rows(draw);
      const { seconds } = await engine.score(
        { rows: drawn, labels: LABELS, soft: null, cacheKey: null },
        uninterrupted,
      );
      speeds.push(drawn.reduce((sum, { ids }) => sum + ids.length, 0) / seconds);
    }
    return median(speeds);
  };
  const plain = (draw: number) => syntheticRows(count, length, vocabulary, draw);
  const prefixed = (draw: number) =>
    plain(draw + REPEATS).map((row) => ({
      ...row,
      ids: Int32Array.from({ length: PREFIX + row.ids.length }, (_, t) =>
        t < PREFIX ? (t * 13 + draw) % vocabulary : (row.ids[t - PREFIX] ?? 0),
      ),
    }));
  const request = { rows: plain(0), labels: LABELS, soft: null, cacheKey: null };
  return {
    tokensPerSecond: await speed(plain),
    tokensPerSecondSharedPrefix: await speed(prefixed),
    rowMs: await engine.latency({ ...request, repeats: 5 }, uninterrupted),
  };
}

async function writingTimes(engine: HostEngine, rows: readonly TokenRow[]) {
  const times: number[] = [];
  let last = performance.now();
  const ids = rows[0]?.ids ?? Int32Array.of(1);
  const request = { ids, soft: null, maxNewTokens: NEW_TOKENS, temperature: 0, topP: 1, seed: 0, endTokenIds: [] };
  const onToken = () => {
    times.push(performance.now() - last);
    last = performance.now();
  };
  await engine.generate(request, uninterrupted, onToken);
  // The first token also waits for the text.
  return { tokensPerSecond: 1000 / median(times.slice(1)) };
}

// ORT's threads would keep the process alive.
process.exit(await runProgram({ engine: bench }, ['engine', ...process.argv.slice(2)]));
