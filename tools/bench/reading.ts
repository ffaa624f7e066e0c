/**
 * What share of the processor's rate reading texts ahead reaches: the built-in model's products over those of one large matrix
 * product in the same runtime, by turns.
 *
 *     npx tsx tools/bench/reading.ts [--backend node-wasm] [--threads 2] [--rows 64] [--turns 7]
 *
 * Prints medians by the processor's time: tokens and 10⁹ operations a second, and the share (its quartiles).
 */
import { createLog, DEFAULT_MODEL, openHost } from '../../src/cli/node-host';
import { GraphBuilder } from '../../src/graph/builder';
import { int } from '../../src/graph/ir';
import { serialise } from '../../src/graph/serialise';
import { uninterrupted } from '../../src/lib/control';
import { createRng } from '../../src/lib/rng';
import { quantile } from '../../src/metrics/special';
import { createNodeRunner } from '../../src/runtime/ort-node';
import { readOptions } from './read-options.mjs';

const { values } = readOptions({ backend: 'node-wasm', threads: 2, rows: 64, turns: 7 });
const backend = values.backend === 'node-native' ? 'node-native' : 'node-wasm';
const { threads, turns, rows: ROWS } = values;
const TOKENS = 35;
/** Multiplications and additions of a token in 30 layers: queries and output, keys and values, and the three of the MLP. */
const A_TOKEN = 2 * 30 * (2 * 576 * 576 + 2 * 576 * 192 + 3 * 576 * 1536);
/** As many rows as a batch of texts has tokens, by the MLP's matrix four times as wide. */
const [M, K, N] = [512, 576, 6144];

const rng = createRng(0);
await using host = await openHost({ model: DEFAULT_MODEL, backend, threads }, createLog());
const b = new GraphBuilder({ ...new GraphBuilder().build(), opsets: { '': 21 } });
const numbers = (count: number) => Float32Array.from({ length: count }, () => rng.normal());
const bytes = new Uint8Array(numbers(K * N).buffer);
const weight = b.initializer({ name: 'w', dtype: 'float32', dims: [K, N], bytes });
const product = b.add('Gemm', [b.input('x', 'float32', [M, K]), weight], { attrs: { transB: int(0) }, name: 'y' });
b.output(product, 'float32', [M, N]);
const runner = await createNodeRunner(serialise(b.build()), { backend, threads });
const feeds = { x: { dtype: 'float32' as const, dims: [M, K], data: numbers(M * K) } };

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const begin = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(begin);
  return (user + system) / 1e6;
}

const texts = () =>
  Array.from({ length: ROWS }, (_, i) => ({
    rowId: String(i),
    ids: Int32Array.from({ length: TOKENS }, () => 300 + rng.int(4000)),
    cue: 3,
    label: i % 2,
  }));

const read = (turn: number) =>
  host.engine.readAhead(
    { train: texts(), validation: [], cacheKey: `turn ${turn}`, core: ROWS, tokens: ROWS * TOKENS * 2 },
    uninterrupted,
    () => {},
  );

const turnsOf: { readonly reading: number; readonly gemm: number; readonly share: number }[] = [];
for (let turn = 0; turn <= turns; turn++) {
  const reading = (ROWS * TOKENS) / (await seconds(() => read(turn)));
  const gemm =
    (20 * 2 * M * K * N) /
    (await seconds(async () => {
      for (let i = 0; i < 20; i++) await runner.run(feeds, ['y']);
    }));
  // the first meets cold memory
  if (turn > 0) turnsOf.push({ reading, gemm, share: (reading * A_TOKEN) / gemm });
}
const at = (key: 'reading' | 'gemm' | 'share', p: number) =>
  quantile(
    turnsOf.map((each) => each[key]).toSorted((x, y) => x - y),
    p,
  );
console.log(
  JSON.stringify({
    backend,
    threads,
    tokens: Math.round(at('reading', 0.5)),
    reading: Number(((at('reading', 0.5) * A_TOKEN) / 1e9).toFixed(1)),
    product: Number((at('gemm', 0.5) / 1e9).toFixed(1)),
    share: [0.5, 0.25, 0.75].map((p) => Number(at('share', p).toFixed(2))),
  }),
);
process.exit(0); // threads of the runtime would keep it alive
