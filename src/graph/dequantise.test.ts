import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRng } from '../lib/rng';
import { GraphBuilder } from './builder';
import { dequantiseBlocks, packBlocks, toFloat32 } from './dequantise';
import { encode, halfToFloat } from './dtype';
import { expandQuantised } from './expand-quantised';
import { type Attr, type DType, type Graph, int } from './ir';
import { lower } from './lower';
import { foldConstants } from './simplify';
import { f32, i64, runGraph } from './test-support';

const bytes = (n: number, seed: number) => {
  const rng = createRng(seed);
  return Uint8Array.from({ length: n }, () => rng.int(256));
};
const floats = (n: number, seed: number) => {
  const rng = createRng(seed);
  return Array.from({ length: n }, () => Math.fround(rng.normal()));
};
const numbers = (tensor: { data: unknown } | undefined) => [...((tensor?.data ?? []) as Float32Array)];

/** The graph as it is in ONNX Runtime, and after expansion. */
async function both(make: () => Graph, feeds: Parameters<typeof runGraph>[1]) {
  const want = await runGraph(make(), feeds);
  const expanded = expandQuantised(foldConstants(make()));
  expect(expanded.nodes.map((n) => n.op).join()).not.toMatch(/microsoft|Dequantize/);
  const got = await runGraph(lower(expanded), feeds);
  const [a, b] = [numbers(want.y), numbers(got.y)];
  expect(a.length).toBeGreaterThan(0);
  expect(b.length).toBe(a.length);
  for (const [i, value] of a.entries()) expect(Math.abs((b[i] ?? Number.NaN) - value)).toBeLessThan(2e-3);
}

test('dequantised blocks equal the definition, element by element', () => {
  const source = fc.record({
    rows: fc.integer({ min: 1, max: 5 }),
    columns: fc.integer({ min: 1, max: 70 }),
    bits: fc.constantFrom(4 as const, 8 as const),
    blockSize: fc.constantFrom(16, 32, 64),
    perBlock: fc.boolean(),
    seed: fc.integer(),
  });
  fc.assert(
    fc.property(source, ({ rows, columns, bits, blockSize, perBlock, seed }) => {
      const blocks = Math.ceil(columns / blockSize);
      const stride = (blocks * blockSize * bits) / 8;
      const packed = bytes(rows * stride, seed);
      const scales = Float32Array.from(floats(rows * blocks, seed + 1));
      const zeroPoints = perBlock ? Float32Array.from(floats(rows * blocks, seed + 2)) : 8;
      const source = { packed, rows, columns, bits, blockSize, scales, zeroPoints };
      const out = dequantiseBlocks(source);
      const kept = packBlocks(source);
      expect(kept === null).toBe(columns % blockSize !== 0);
      const again = kept ? toFloat32({ name: 'w', dtype: 'float32', dims: [rows, columns], ...kept }) : out;
      out.forEach((value, i) => {
        // One rounding of the product and one of the sum, both of numbers up to 256 scales; none where there is no offset.
        const isExact = !perBlock && bits === 4;
        expect(Math.abs((again[i] ?? Number.NaN) - value)).toBeLessThanOrEqual(isExact ? 0 : 1e-4);
      });
      for (let r = 0; r < rows; r++)
        for (let c = 0; c < columns; c++) {
          const byte = packed[r * stride + Math.floor((c * bits) / 8)] ?? 0;
          const q = bits === 8 ? byte : c % 2 === 0 ? byte & 15 : byte >> 4;
          const at = r * blocks + Math.floor(c / blockSize);
          const zero = typeof zeroPoints === 'number' ? zeroPoints : (zeroPoints[at] ?? 0);
          expect(out[r * columns + c]).toBe(Math.fround((q - zero) * (scales[at] ?? 0)));
        }
    }),
  );
});

test('reads every half-precision number exactly', () => {
  const view = new DataView(new ArrayBuffer(4));
  for (let h = 0; h < 65536; h += 7) {
    const [e, m] = [(h >> 10) & 31, h & 1023];
    if (e === 0 || e === 31) continue;
    // The same number written as binary32.
    view.setUint32(0, ((h & 0x8000) << 16) | ((e - 15 + 127) << 23) | (m << 13));
    expect(halfToFloat(h)).toBe(view.getFloat32(0));
  }
  expect([0x0001, 0x8000, 0x7c00, 0xfc00, 0x7e00].map(halfToFloat)).toEqual([2 ** -24, -0, Infinity, -Infinity, NaN]);
});

describe('MatMulNBits gives the same as in ONNX Runtime', () => {
  const cases = [4, 8].flatMap((bits) =>
    [16, 32, 64, 128].flatMap((block) =>
      (['none', 'packed', ...(bits === 4 ? ['float'] : [])] as const).map((zero) => [bits, block, zero] as const),
    ),
  );
  test.each(cases)('%i bits, blocks of %i, zero points: %s', async (bits, block, zero) => {
    const [n, k] = [6, 3 * block];
    const blocks = k / block;
    const make = () => {
      const b = new GraphBuilder();
      const x = b.input('x', 'float32', ['b', 't', k]);
      const constant = (name: string, dtype: DType, dims: number[], data: Uint8Array) =>
        b.initializer({ name, dtype, dims, bytes: data });
      const zeroBytes = Math.ceil((blocks * bits) / 8);
      const inputs = [
        x,
        constant('w', 'uint8', [n, blocks, (block * bits) / 8], bytes((n * k * bits) / 8, block)),
        constant(
          's',
          'float32',
          [n * blocks],
          encode(
            'float32',
            floats(n * blocks, 1).map((v) => v * 0.01),
          ),
        ),
        ...(zero === 'packed' ? [constant('z', 'uint8', [n * zeroBytes], bytes(n * zeroBytes, 3))] : []),
        ...(zero === 'float' ? [constant('z', 'float32', [n * blocks], encode('float32', floats(n * blocks, 4)))] : []),
      ];
      const attrs = { K: int(k), N: int(n), bits: int(bits), block_size: int(block) };
      b.output(b.add('com.microsoft:MatMulNBits', inputs, { attrs, name: 'y' }), 'float32', null);
      return b.build();
    };
    await both(make, { x: f32([2, 3, k], floats(6 * k, 5)) });
  });

  test('with a partly filled last block, and a bias', async () => {
    const [n, k, block] = [5, 40, 32];
    const make = () => {
      const b = new GraphBuilder();
      const inputs = [
        b.input('x', 'float32', ['t', k]),
        b.initializer({ name: 'w', dtype: 'uint8', dims: [n, 2, 16], bytes: bytes(n * 32, 7) }),
        b.constant(
          'float32',
          [n * 2],
          floats(n * 2, 8).map((v) => v * 0.1),
        ),
        '',
        '',
        b.constant('float32', [n], floats(n, 9)),
      ];
      const attrs = { K: int(k), N: int(n), bits: int(4), block_size: int(block) };
      b.output(b.add('com.microsoft:MatMulNBits', inputs, { attrs, name: 'y' }), 'float32', null);
      return b.build();
    };
    await both(make, { x: f32([3, k], floats(3 * k, 10)) });
  });
});

describe('MatMulBnb4 gives the same as in ONNX Runtime', () => {
  test.each([
    ['nf4', 32],
    ['nf4', 64],
    ['fp4', 16],
  ] as const)('%s, blocks of %i', async (kind, block) => {
    const [n, k] = [6, 64];
    const make = () => {
      const b = new GraphBuilder();
      const inputs = [
        b.input('x', 'float32', ['t', k]),
        b.initializer({ name: 'w', dtype: 'uint8', dims: [(n * k) / 2], bytes: bytes((n * k) / 2, 20) }),
        b.constant(
          'float32',
          [(n * k) / block],
          floats((n * k) / block, 21).map((v) => Math.abs(v) * 0.1),
        ),
      ];
      const quant = int(kind === 'fp4' ? 0 : 1);
      const attrs = { K: int(k), N: int(n), block_size: int(block), quant_type: quant };
      b.output(b.add('com.microsoft:MatMulBnb4', inputs, { attrs, name: 'y' }), 'float32', null);
      return b.build();
    };
    await both(make, { x: f32([3, k], floats(3 * k, 22)) });
  });
});

describe('GatherBlockQuantized gives the same as in ONNX Runtime', () => {
  test.each([
    [4, false],
    [4, true],
    [8, false],
    [8, true],
  ] as const)('%i bits, zero points: %s', async (bits, zero) => {
    const [v, h, block] = [7, 64, 32];
    const make = () => {
      const b = new GraphBuilder();
      const packed = b.initializer({
        name: 'w',
        dtype: 'uint8',
        dims: [v, 2, (block * bits) / 8],
        bytes: bytes((v * h * bits) / 8, 11),
      });
      // The table is seen through a Reshape, as when it is shared with the head.
      const table = b.add('Reshape', [packed, b.constant('int64', [2], [v, (h * bits) / 8])]);
      const ids = b.input('ids', 'int64', ['b', 't']);
      const scales = b.constant(
        'float32',
        [v, 2],
        floats(v * 2, 12).map((s) => s * 0.1),
      );
      const zeros = zero
        ? [
            b.initializer({
              name: 'z',
              dtype: 'uint8',
              dims: [v, (2 * bits) / 8],
              bytes: bytes((v * 2 * bits) / 8, 13),
            }),
          ]
        : [];
      const attrs = { bits: int(bits), block_size: int(block), gather_axis: int(0), quantize_axis: int(1) };
      b.output(
        b.add('com.microsoft:GatherBlockQuantized', [table, ids, scales, ...zeros], { attrs, name: 'y' }),
        'float32',
        null,
      );
      return b.build();
    };
    await both(make, { ids: i64([2, 2], [0, 6, 3, 3]) });
  });
});

describe.each(['int4', 'uint4'] as const)('GatherBlockQuantized of %s as ONNX Runtime computes it', (dtype) => {
  test.each([false, true])('zero points: %s', async (zero) => {
    const [v, h, block] = [6, 64, 32];
    const make = () => {
      const b = new GraphBuilder();
      const table = b.initializer({ name: 'w', dtype, dims: [v, h], bytes: bytes((v * h) / 2, 31) });
      const scales = b.constant('float32', [v, h / block], floats((v * h) / block, 32));
      const zeros = zero ? [b.initializer({ name: 'z', dtype, dims: [v, h / block], bytes: bytes(v, 33) })] : [];
      const inputs = [table, b.input('ids', 'int64', ['n']), scales, ...zeros];
      const attrs = { block_size: int(block), gather_axis: int(0), quantize_axis: int(1) };
      b.output(b.add('com.microsoft:GatherBlockQuantized', inputs, { attrs, name: 'y' }), 'float32', null);
      return { ...b.build(), opsets: { '': 21, 'com.microsoft': 1 } };
    };
    await both(make, { ids: i64([3], [0, 5, 3]) });
  });
});

describe('DequantizeLinear of a constant gives the same as in ONNX Runtime', () => {
  const cases: [string, DType, number[], number[], Record<string, Attr>][] = [
    ['per tensor', 'int8', [4, 6], [], {}],
    ['per axis 0', 'uint8', [4, 6], [4], { axis: int(0) }],
    ['per axis -1', 'int8', [4, 6], [6], { axis: int(-1) }],
    ['in blocks', 'int8', [4, 6], [4, 2], { axis: int(1), block_size: int(3) }],
  ];
  test.each(cases)('%s', async (_, dtype, dims, scaleDims, attrs) => {
    const make = () => {
      const b = new GraphBuilder();
      const scales = scaleDims.reduce((a, d) => a * d, 1);
      const w = b.initializer({ name: 'w', dtype, dims, bytes: bytes(24, 14) });
      const s = b.constant('float32', scaleDims, floats(scales, 15));
      const z = b.initializer({ name: 'z', dtype, dims: scaleDims, bytes: bytes(scales, 16) });
      const dense = b.add('DequantizeLinear', [w, s, z], { attrs });
      b.output(b.add('MatMul', [b.input('x', 'float32', ['n', 4]), dense], { name: 'y' }), 'float32', null);
      return { ...b.build(), opsets: { '': 21 } };
    };
    await both(make, { x: f32([2, 4], floats(8, 17)) });
  });
});

describe('expandQuantised refuses', () => {
  const graphOf = (attrs: Record<string, Attr>, scales: number) => {
    const b = new GraphBuilder();
    const w = b.initializer({ name: 'w', dtype: 'uint8', dims: [2, 1, 16], bytes: new Uint8Array(32) });
    const s = b.constant('float32', [scales], floats(scales, 1));
    b.push({
      op: 'com.microsoft:MatMulNBits',
      name: 'proj',
      inputs: [b.input('x', 'float32', [1, 32]), w, s],
      outputs: ['y'],
      attrs: { K: int(32), N: int(2), bits: int(4), block_size: int(32), ...attrs },
    });
    b.output('y', 'float32', null);
    return b.build();
  };

  test('sizes that do not match and unknown bit widths', () => {
    expect(() => expandQuantised(graphOf({}, 3))).toThrow('MatMulNBits node proj has weights [2,1,16] and 3 scales');
    expect(() => expandQuantised(graphOf({ bits: int(2) }, 2))).toThrow('node proj has 2-bit weights');
  });
});
