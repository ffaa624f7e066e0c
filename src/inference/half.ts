/**
 * IEEE 754 half precision, as bits in a Uint16Array. Tables rather than Float16Array: not every engine has it, and the
 * bits must not depend on who has.
 */

/** float32 -> float16, round to nearest, ties to even. Beyond the largest half: infinity. */
export function toHalf(source: Float32Array): Uint16Array {
  const bits = new Uint32Array(source.buffer, source.byteOffset, source.length);
  const out = new Uint16Array(source.length);
  for (let i = 0; i < bits.length; i++) out[i] = halfBits(bits[i] as number);
  return out;
}

function halfBits(x: number): number {
  const sign = (x >>> 16) & 0x8000;
  const exponent = (x >>> 23) & 0xff;
  const mantissa = x & 0x7fffff;
  if (exponent === 0xff) return sign | 0x7c00 | (mantissa ? 0x200 : 0);
  const e = exponent - 112;
  if (e >= 31) return sign | 0x7c00;
  if (e > 0) return sign | roundedShift((e << 23) | mantissa, 13);
  // Subnormal half: the implicit one becomes explicit and moves right.
  if (e < -10) return sign;
  return sign | roundedShift(mantissa | 0x800000, 14 - e);
}

/** x / 2^shift, to nearest, ties to even. A carry out of the mantissa is the next exponent, as it should be. */
function roundedShift(x: number, shift: number): number {
  const kept = x >>> shift;
  const rest = x & ((1 << shift) - 1);
  const half = 1 << (shift - 1);
  return rest > half || (rest === half && kept & 1) ? kept + 1 : kept;
}

let table: Float32Array | null = null;

/** The float32 of every half: 65,536 entries, made on first use. */
export function halfTable(): Float32Array {
  table ??= Float32Array.from({ length: 65536 }, (_, bits) => halfValue(bits));
  return table;
}

function halfValue(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 0x1f;
  const mantissa = bits & 0x3ff;
  if (exponent === 31) return mantissa ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return exponent === 0 ? sign * mantissa * 2 ** -24 : sign * (1024 + mantissa) * 2 ** (exponent - 25);
}
