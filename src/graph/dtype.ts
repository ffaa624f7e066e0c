import { assert } from '../lib/assert';
import type { DType, Initializer } from './ir';

/** TensorProto.DataType numbers of the element types that we know. */
const codes = {
  float32: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  string: 8,
  bool: 9,
  float16: 10,
  float64: 11,
  uint32: 12,
  uint64: 13,
  bfloat16: 16,
  uint4: 21,
  int4: 22,
} as const satisfies Record<DType, number>;

const byCode = new Map<number, DType>(Object.entries(codes).map(([name, code]) => [code, name as DType]));

/** ONNX's number for an element type, e.g. in the `to` attribute of Cast. */
export const dtypeCode = (dtype: DType): number => codes[dtype];

/** The element type for an ONNX number; undefined for types that we do not read (complex, float8, …). */
export const maybeDType = (code: number): DType | undefined => byCode.get(code);

const bits: Readonly<Record<DType, number>> = {
  float32: 32,
  uint8: 8,
  int8: 8,
  uint16: 16,
  int16: 16,
  int32: 32,
  int64: 64,
  string: 0,
  bool: 8,
  float16: 16,
  float64: 64,
  uint32: 32,
  uint64: 64,
  bfloat16: 16,
  uint4: 4,
  int4: 4,
};

/** Number of elements of a tensor with these dimensions; 1 for a scalar. */
export const sizeOf = (dims: readonly number[]): number => dims.reduce((n, d) => n * d, 1);

/** Bytes of a dense tensor; two 4-bit elements share a byte. */
export const byteLengthOf = (dtype: DType, dims: readonly number[]): number =>
  Math.ceil((sizeOf(dims) * bits[dtype]) / 8);

export const isFloat = (dtype: DType): boolean =>
  dtype === 'float32' || dtype === 'float16' || dtype === 'bfloat16' || dtype === 'float64';

/** Element types that `encode` can write. */
export type PlainDType = 'float32' | 'float64' | 'int64' | 'int32' | 'uint8' | 'int8' | 'bool';

/** Little-endian bytes of plain values; int64 takes bigints or safe integers. */
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

/** The bytes at an address that is a multiple of `align`: a view if they are already aligned, else a copy. */
export function aligned(bytes: Uint8Array, align: number): { buffer: ArrayBufferLike; byteOffset: number } {
  if (bytes.byteOffset % align === 0) return { buffer: bytes.buffer, byteOffset: bytes.byteOffset };
  const copy = bytes.slice();
  return { buffer: copy.buffer, byteOffset: copy.byteOffset };
}

/** Names a view: the number of its buffer, and where in that it begins. @param buffers the numbers so far */
export function viewKey({ buffer, byteOffset }: Uint8Array, buffers: Map<ArrayBufferLike, number>): string {
  const id = buffers.get(buffer) ?? buffers.size;
  buffers.set(buffer, id);
  return `${id}+${byteOffset}`;
}

/** All values as numbers, for small tensors: axes, shapes, scalars. int64 must be safe integers or the int64 extremes. */
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

/** IEEE 754 binary16 bits to a number. */
export function halfToFloat(h: number): number {
  const sign = h & 0x8000 ? -1 : 1;
  const exponent = (h >> 10) & 0x1f;
  const fraction = h & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** bfloat16 bits (the upper half of a float32) to a number. */
export function bfloatToFloat(b: number): number {
  scratch.setUint32(0, b << 16);
  return scratch.getFloat32(0);
}
