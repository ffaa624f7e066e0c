import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { halfTable } from '../graph/dequantise';
import { behind, halved, packPast, toHalf, truncated } from './kv';

const round = (value: number) => halfTable()[toHalf(Float32Array.of(value))[0] ?? 0] ?? Number.NaN;

describe('half precision', () => {
  it.each([
    [0, 0x0000],
    [-0, 0x8000],
    [1, 0x3c00],
    [-2, 0xc000],
    [65504, 0x7bff],
    [65519.996, 0x7bff],
    [65520, 0x7c00],
    [1e30, 0x7c00],
    [-Infinity, 0xfc00],
    [2 ** -14, 0x0400],
    [2 ** -24, 0x0001],
    [2 ** -25, 0x0000],
    [2 ** -25 * 1.0001, 0x0001],
    [3 * 2 ** -25, 0x0002],
    [1 + 2 ** -11, 0x3c00],
    [1 + 3 * 2 ** -11, 0x3c02],
    [1e-40, 0x0000],
  ])('%f is 0x%s', (value, bits) => {
    expect(toHalf(Float32Array.of(value))[0]).toBe(bits);
  });

  it('keeps NaN', () => {
    expect(round(Number.NaN)).toBeNaN();
  });

  it('keeps every half', () => {
    const table = halfTable();
    const back = toHalf(table);
    for (let bits = 0; bits < 65536; bits++) if (!Number.isNaN(table[bits] ?? 0)) expect(back[bits]).toBe(bits);
  });

  it('rounds to the nearest half', () => {
    fc.assert(
      fc.property(fc.float({ min: -65000, max: 65000, noNaN: true }), (value) => {
        const exponent = Math.max(Math.floor(Math.log2(Math.abs(value) || 1)), -14);
        expect(Math.abs(round(value) - value)).toBeLessThanOrEqual(2 ** (exponent - 11));
      }),
    );
  });
});

it('keeps float32 where a number is too large for float16, so that no infinity reaches a score', () => {
  const [fits, large] = [Float32Array.of(1, -65504), Float32Array.of(1, 70_000)];
  const { keys, values } = halved({ length: 1, stride: 1, keys: [fits, large], values: [large, fits] });
  expect([keys[0], values[1]]).toEqual([toHalf(fits), toHalf(fits)]);
  expect([keys[1], values[0]]).toEqual([large, large]);
});

describe('rows that share their beginning', () => {
  const sizes = { layers: 1, kvHeads: 2, headDim: 1 };
  const numbers = (length: number) => Float32Array.from({ length: 2 * length }, (_, i) => i + 1);
  const whole = { length: 5, stride: 5, keys: [numbers(5)], values: [numbers(5)] };
  const before = {
    length: 3,
    stride: 3,
    keys: [Float32Array.of(1, 2, 3, 6, 7, 8)],
    values: [Float32Array.of(1, 2, 3, 6, 7, 8)],
  };
  const pack = (row: Parameters<typeof packPast>[0][number]) => packPast([row], 0, 6, sizes, new Float32Array(12));

  it('keep the rest, and are packed as if they had all of it', () => {
    const row = behind(before, whole, sizes);
    expect(row.keys).toEqual([Float32Array.of(4, 5, 9, 10)]);
    expect(pack(row)).toEqual(pack(whole));
  });

  it('can be cut inside the beginning and behind it', () => {
    const row = behind(before, whole, sizes);
    for (const length of [0, 2, 3, 4]) expect(pack(truncated(row, length))).toEqual(pack(truncated(whole, length)));
  });
});
