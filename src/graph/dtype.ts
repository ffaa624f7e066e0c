import { assert } from '../lib/assert';
import type { DType, Initializer } from './ir';

/** Number in TensorProto.DataType, bits of an element, and the array that holds such elements or, of halves, their bits. */
const types = {
  float32: [1, 32, Float32Array],
  uint8: [2, 8, Uint8Array],
  int8: [3, 8, Int8Array],
  uint16: [4, 16, Uint16Array],
  int16: [5, 16, Int16Array],
  int32: [6, 32, Int32Array],
  int64: [7, 64, BigInt64Array],
  string: [8, 0, null],
  bool: [9, 8, Uint8Array],
  float16: [10, 16, Uint16Array],
  float64: [11, 64, Float64Array],
  uint32: [12, 32, Uint32Array],
  uint64: [13, 64, BigUint64Array],
  bfloat16: [16, 16, Uint16Array],
  uint4: [21, 4, null],
  int4: [22, 4, null],
} as const;

const byCode = new Map<number, DType>(Object.entries(types).map(([name, [code]]) => [code, name as DType]));

export const dtypeCode = (dtype: DType): number => types[dtype][0];

/** Undefined for types that we do not read (complex, float8, …). */
export const maybeDType = (code: number): DType | undefined => byCode.get(code);

/** 1 for a scalar. */
export const sizeOf = (dims: readonly number[]): number => dims.reduce((n, d) => n * d, 1);

/** Two 4-bit elements share a byte. */
export const byteLengthOf = (dtype: DType, dims: readonly number[]): number =>
  Math.ceil((sizeOf(dims) * types[dtype][1]) / 8);

export const isFloat = (dtype: DType): boolean =>
  dtype === 'float32' || dtype === 'float16' || dtype === 'bfloat16' || dtype === 'float64';

export type PlainDType = 'float32' | 'float64' | 'int64' | 'int32' | 'uint8' | 'int8' | 'bool';

/** Little-endian; int64 takes bigints or safe integers, and halves their bits. */
export function encode(dtype: DType, values: readonly (number | bigint)[]): Uint8Array {
  const [, , Elements] = types[dtype];
  if (Elements === BigInt64Array || Elements === BigUint64Array)
    return new Uint8Array(Elements.from(values.map(BigInt)).buffer);
  return new Uint8Array(((Elements ?? Uint8Array) as typeof Uint8Array).from(values.map(Number)).buffer);
}

/** A view if the bytes are aligned already, else a copy. */
export function aligned(bytes: Uint8Array, align: number): { buffer: ArrayBufferLike; byteOffset: number } {
  if (bytes.byteOffset % align === 0) return { buffer: bytes.buffer, byteOffset: bytes.byteOffset };
  // Not `slice`, which is a view where the bytes are Node's Buffer.
  return { buffer: new Uint8Array(bytes).buffer, byteOffset: 0 };
}

/** The number of the view's buffer, and where in that it begins. @param buffers the numbers so far */
export function viewKey({ buffer, byteOffset }: Uint8Array, buffers: Map<ArrayBufferLike, number>): string {
  const id = buffers.get(buffer) ?? buffers.size;
  buffers.set(buffer, id);
  return `${id}+${byteOffset}`;
}

type ElementsOf = new (buffer: ArrayBufferLike, at: number, length: number) => Iterable<number | bigint>;

/** For small tensors: axes, shapes, scalars. int64 must be safe integers or the int64 extremes. */
export function toNumbers({ name, bytes, dims, dtype }: Initializer): number[] {
  const [, bits, Elements]: readonly [number, number, ElementsOf | null] = types[dtype];
  assert(Elements, `cannot read ${dtype} values of ${name}`);
  const { buffer, byteOffset } = aligned(bytes, bits / 8);
  const decode = dtype === 'float16' ? halfToFloat : dtype === 'bfloat16' ? bfloatToFloat : Number;
  return Array.from(new Elements(buffer, byteOffset, sizeOf(dims)), (v) => decode(Number(v)));
}

const scratch = new DataView(new ArrayBuffer(4));

export function halfToFloat(h: number): number {
  const sign = h & 0x8000 ? -1 : 1;
  const exponent = (h >> 10) & 0x1f;
  const fraction = h & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** The upper half of a float32. */
export function bfloatToFloat(b: number): number {
  scratch.setUint32(0, b << 16);
  return scratch.getFloat32(0);
}
