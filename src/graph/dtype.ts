import { assert } from '../lib/assert';
import type { DType, Initializer } from './ir';

/** Number in TensorProto.DataType, and bits of an element. */
const types = {
  float32: [1, 32],
  uint8: [2, 8],
  int8: [3, 8],
  uint16: [4, 16],
  int16: [5, 16],
  int32: [6, 32],
  int64: [7, 64],
  string: [8, 0],
  bool: [9, 8],
  float16: [10, 16],
  float64: [11, 64],
  uint32: [12, 32],
  uint64: [13, 64],
  bfloat16: [16, 16],
  uint4: [21, 4],
  int4: [22, 4],
} as const satisfies Record<DType, readonly [code: number, bits: number]>;

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

/** Little-endian; int64 takes bigints or safe integers. */
export function encode(dtype: PlainDType, values: readonly (number | bigint)[]): Uint8Array {
  const numbers = () => values.map(Number);
  switch (dtype) {
    case 'float32':
      return new Uint8Array(Float32Array.from(numbers()).buffer);
    case 'float64':
      return new Uint8Array(Float64Array.from(numbers()).buffer);
    case 'int64':
      return new Uint8Array(BigInt64Array.from(values.map(BigInt)).buffer);
    case 'int32':
      return new Uint8Array(Int32Array.from(numbers()).buffer);
    case 'int8':
      return new Uint8Array(Int8Array.from(numbers()).buffer);
    case 'uint8':
    case 'bool':
      return Uint8Array.from(numbers());
  }
}

/** A view if the bytes are aligned already, else a copy. */
export function aligned(bytes: Uint8Array, align: number): { buffer: ArrayBufferLike; byteOffset: number } {
  if (bytes.byteOffset % align === 0) return { buffer: bytes.buffer, byteOffset: bytes.byteOffset };
  const copy = bytes.slice();
  return { buffer: copy.buffer, byteOffset: copy.byteOffset };
}

/** The number of the view's buffer, and where in that it begins. @param buffers the numbers so far */
export function viewKey({ buffer, byteOffset }: Uint8Array, buffers: Map<ArrayBufferLike, number>): string {
  const id = buffers.get(buffer) ?? buffers.size;
  buffers.set(buffer, id);
  return `${id}+${byteOffset}`;
}

/** For small tensors: axes, shapes, scalars. int64 must be safe integers or the int64 extremes. */
export function toNumbers(tensor: Initializer): number[] {
  const { bytes, dims, dtype } = tensor;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const read: Partial<Record<DType, (i: number) => number>> = {
    float32: (i) => view.getFloat32(4 * i, true),
    float64: (i) => view.getFloat64(8 * i, true),
    int64: (i) => Number(view.getBigInt64(8 * i, true)),
    int32: (i) => view.getInt32(4 * i, true),
    uint32: (i) => view.getUint32(4 * i, true),
    int16: (i) => view.getInt16(2 * i, true),
    uint16: (i) => view.getUint16(2 * i, true),
    int8: (i) => view.getInt8(i),
    uint8: (i) => view.getUint8(i),
    bool: (i) => view.getUint8(i),
    float16: (i) => halfToFloat(view.getUint16(2 * i, true)),
    bfloat16: (i) => bfloatToFloat(view.getUint16(2 * i, true)),
  };
  const at = read[dtype];
  assert(at, `cannot read ${dtype} values of ${tensor.name}`);
  return Array.from({ length: sizeOf(dims) }, (_, i) => at(i));
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
