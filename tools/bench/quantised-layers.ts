/**
 * What a weight costs in each way to hold it, forward and backward, on wasm in Node: layers of the embedded model's MLP (576 to
 * 1536 and back, blocks of 32) in one session for each way, run by turns.
 *
 *     npx tsx tools/bench/quantised-layers.ts [--rows 80] [--turns 9] [--layers 6]
 *
 * Prints the median CPU nanoseconds a weight on one thread (wall time says nothing where other work runs), their ratio to
 * float32 by turns, and the relative difference from float32's output.
 */
import { GraphBuilder } from '../../src/graph/builder';
import { dequantiseBlocks } from '../../src/graph/dequantise';
import { dtypeCode } from '../../src/graph/dtype';
import { type Initializer, int } from '../../src/graph/ir';
import { serialise } from '../../src/graph/serialise';
import { createRng } from '../../src/lib/rng';
import { createNodeRunner } from '../../src/runtime/ort-node';
import type { Runner } from '../../src/runtime/types';
import { readOptions } from './read-options.mjs';

const { values } = readOptions({ rows: 80, turns: 9, layers: 6 });
const [ROWS, TURNS, LAYERS] = [values.rows, values.turns, values.layers];
const [HIDDEN, INNER, BLOCK] = [576, 1536, 32];

/** One matrix `[rows, columns]`, quantised in blocks along its columns. */
interface Matrix {
  readonly rows: number;
  readonly columns: number;
  /** Two values a byte, low nibble first. */
  readonly packed: Uint8Array;
  /** One value a byte. */
  readonly wide: Uint8Array;
  /** `[rows, columns / BLOCK]` */
  readonly scales: Float32Array;
  readonly float: Float32Array;
}

const random = createRng(1).next;

function matrix(rows: number, columns: number): Matrix {
  const packed = Uint8Array.from({ length: (rows * columns) / 2 }, () => Math.floor(random() * 256));
  const wide = Uint8Array.from({ length: rows * columns }, (_, i) => {
    const byte = packed[i >> 1] as number;
    return i & 1 ? byte >> 4 : byte & 15;
  });
  const scales = Float32Array.from({ length: (rows * columns) / BLOCK }, () => 0.005 + 0.005 * random());
  const float = dequantiseBlocks({ packed, rows, columns, bits: 4, blockSize: BLOCK, scales, zeroPoints: 8 });
  return { rows, columns, packed, wide, scales, float };
}

const bytes = (array: Float32Array | Uint8Array) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
const tensor = (
  name: string,
  dtype: Initializer['dtype'],
  dims: readonly number[],
  data: Float32Array | Uint8Array,
) => ({
  name,
  dtype,
  dims,
  bytes: bytes(data),
});

/** Adds a matrix in float32, `[rows, columns]`, and names it. */
type Weight = (b: GraphBuilder, w: Matrix, name: string) => string;

const scaled = (b: GraphBuilder, { rows, columns, scales }: Matrix, name: string) =>
  b.initializer(tensor(`${name}/scales`, 'float32', [rows, columns / BLOCK], scales));

const linear =
  (dtype: 'uint4' | 'uint8'): Weight =>
  (b, w, name) => {
    const dims = [w.rows, w.columns / BLOCK];
    const count = (w.rows * w.columns) / BLOCK;
    const zero = dtype === 'uint4' ? new Uint8Array(count / 2).fill(0x88) : new Uint8Array(count).fill(8);
    const inputs = [
      b.initializer(tensor(name, dtype, [w.rows, w.columns], dtype === 'uint4' ? w.packed : w.wide)),
      scaled(b, w, name),
      b.initializer(tensor(`${name}/zero`, dtype, dims, zero)),
    ];
    return b.add('DequantizeLinear', inputs, { attrs: { axis: int(1), block_size: int(BLOCK) } });
  };

/** int8 values times scales, and an offset for each block if the zero points are no integers. */
const plain =
  (offset: boolean): Weight =>
  (b, w, name) => {
    const blocks = (w.rows * w.columns) / BLOCK;
    const q = b.initializer(
      tensor(
        name,
        'int8',
        [blocks, BLOCK],
        w.wide.map((value) => value - (offset ? 7 : 8)),
      ),
    );
    const scales = b.initializer(tensor(`${name}/scales`, 'float32', [blocks, 1], w.scales));
    const product = b.add('Mul', [b.add('Cast', [q], { attrs: { to: int(dtypeCode('float32')) } }), scales]);
    const offsets = tensor(
      `${name}/offsets`,
      'float32',
      [blocks, 1],
      w.scales.map((scale) => -scale),
    );
    const sum = offset ? b.add('Add', [product, b.initializer(offsets)]) : product;
    return b.add('Reshape', [sum, b.constant('int64', [2], [w.rows, w.columns])]);
  };

const WAYS: Readonly<Record<string, Weight | null>> = {
  'float32 Gemm': (b, w, name) => b.initializer(tensor(name, 'float32', [w.rows, w.columns], w.float)),
  /** Forward only. */
  MatMulNBits: null,
  'DequantizeLinear uint4 + Gemm': linear('uint4'),
  'DequantizeLinear uint8 + Gemm': linear('uint8'),
  'Cast int8, Mul + Gemm': plain(false),
  'Cast int8, Mul, Add + Gemm': plain(true),
  'GatherBlockQuantized + Gemm': (b, w, name) => {
    const table = b.initializer(tensor(name, 'uint4', [w.rows, w.columns], w.packed));
    const zero = new Uint8Array((w.rows * w.columns) / BLOCK / 2).fill(0x88);
    const zeros = b.initializer(tensor(`${name}/zero`, 'uint4', [w.rows, w.columns / BLOCK], zero));
    const attrs = { gather_axis: int(0), quantize_axis: int(1), block_size: int(BLOCK) };
    const ids = w.rows === HIDDEN ? 'ids_hidden' : 'ids_inner';
    return b.add('com.microsoft:GatherBlockQuantized', [table, ids, scaled(b, w, name), zeros], { attrs });
  },
};

/** y = x W^T in every layer; backward: y = x W. */
function build(weight: Weight | null, backward: boolean) {
  const empty = new GraphBuilder().build();
  const b = new GraphBuilder({ ...empty, opsets: { '': 21 } });
  let x = b.input('x', 'float32', [ROWS, HIDDEN]);
  b.input('ids_hidden', 'int32', [HIDDEN]);
  b.input('ids_inner', 'int32', [INNER]);
  const inOrder = MATRICES.flatMap(([up, down]) => (backward ? [down, up] : [up, down]));
  const weights = inOrder.map((w, i) => weight?.(b, w, `w${i}`) ?? '');
  for (const [i, w] of inOrder.entries())
    x = weight
      ? b.add('Gemm', [x, weights[i] ?? ''], { attrs: { transB: int(backward ? 0 : 1) } })
      : b.add(
          'com.microsoft:MatMulNBits',
          [
            x,
            b.initializer(tensor(`w${i}`, 'uint8', [w.rows, w.columns / BLOCK, BLOCK / 2], w.packed)),
            scaled(b, w, `w${i}`),
          ],
          { attrs: { K: int(w.columns), N: int(w.rows), bits: int(4), block_size: int(BLOCK) } },
        );
  b.output(b.add('Identity', [x], { name: 'y' }), 'float32', [ROWS, HIDDEN]);
  return serialise(b.build());
}

const MATRICES = Array.from({ length: LAYERS }, () => [matrix(INNER, HIDDEN), matrix(HIDDEN, INNER)] as const);
const ids = (n: number) => ({ dtype: 'int32' as const, dims: [n], data: Int32Array.from({ length: n }, (_, i) => i) });
const feeds = {
  x: {
    dtype: 'float32' as const,
    dims: [ROWS, HIDDEN],
    data: Float32Array.from({ length: ROWS * HIDDEN }, () => random() - 0.5),
  },
  ids_hidden: ids(HIDDEN),
  ids_inner: ids(INNER),
};
const median = (list: readonly number[]) => [...list].sort((a, b) => a - b)[list.length >> 1] as number;

for (const backward of [false, true]) {
  const runners: { name: string; runner: Runner; times: number[]; y: Float32Array }[] = [];
  for (const [name, way] of Object.entries(WAYS)) {
    if (backward && name === 'MatMulNBits') continue;
    try {
      const runner = await createNodeRunner(build(way, backward), {
        backend: 'node-wasm',
        threads: 1,
        session: {
          extra: {
            session: { disable_prepacking: '1' },
            optimization: { disable_specified_optimizers: 'ConstantFolding' },
          },
        },
      });
      const { y } = await runner.run(feeds, ['y']);
      runners.push({ name, runner, times: [], y: y?.data as Float32Array });
    } catch (error) {
      console.log(`${name}: ${error instanceof Error ? error.message : error}`);
    }
  }
  for (let turn = 0; turn < TURNS; turn++)
    for (const { runner, times } of runners) {
      const begin = process.cpuUsage();
      await runner.run(feeds, ['y']);
      times.push((process.cpuUsage(begin).user * 1e3) / (2 * LAYERS * HIDDEN * INNER));
    }
  const [plain] = runners;
  const norm = Math.hypot(...(plain?.y ?? []));
  console.log(`${backward ? 'backward' : 'forward'}, ${ROWS} rows: CPU ns a weight, over float32, relative difference`);
  for (const { name, times, y, runner } of runners) {
    const ratio = median(times.map((time, i) => time / (plain?.times[i] ?? 1)));
    const difference = Math.hypot(...y.map((v, i) => v - (plain?.y[i] ?? 0))) / norm;
    console.log(
      `  ${name.padEnd(32)} ${median(times).toFixed(2).padStart(6)} ${ratio.toFixed(2).padStart(6)}  ${difference.toExponential(1)}`,
    );
    await runner.dispose();
  }
}
