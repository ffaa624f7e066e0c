import { assert } from '../lib/assert';
import { aligned, bfloatToFloat, halfToFloat, sizeOf, toNumbers } from './dtype';
import type { Initializer, Packing } from './ir';

let halfs: Float32Array | null = null;

/** By the 65,536 half-precision bit patterns. */
export function halfTable(): Float32Array {
  halfs ??= Float32Array.from({ length: 65536 }, (_, bits) => halfToFloat(bits));
  return halfs;
}

/** A view for float32, else a converted copy. */
export function toFloat32(tensor: Initializer): Float32Array {
  const { bytes, dims, packing } = tensor;
  if (packing && packing !== 'float16') {
    const [rows = 0, columns = 0] = dims;
    return dequantiseBlocks({ packed: bytes, rows, columns, ...packing });
  }
  const dtype = packing ?? tensor.dtype;
  const size = sizeOf(dims);
  switch (dtype) {
    case 'float32': {
      const { buffer, byteOffset } = aligned(bytes, 4);
      return new Float32Array(buffer, byteOffset, size);
    }
    case 'float64': {
      const { buffer, byteOffset } = aligned(bytes, 8);
      return Float32Array.from(new Float64Array(buffer, byteOffset, size));
    }
    case 'float16':
    case 'bfloat16': {
      const { buffer, byteOffset } = aligned(bytes, 2);
      const source = new Uint16Array(buffer, byteOffset, size);
      const out = new Float32Array(size);
      if (dtype === 'bfloat16') for (let i = 0; i < size; i++) out[i] = bfloatToFloat(source[i] ?? 0);
      else {
        const table = halfTable();
        for (let i = 0; i < size; i++) out[i] = table[source[i] as number] as number;
      }
      return out;
    }
    default:
      assert(false, `${tensor.name} is ${dtype}, not a float type`);
  }
}

/** In blocks along the last axis, as MatMulNBits and GatherBlockQuantized store them. */
export interface BlockQuantised extends Packing {
  /** `[rows, blocks per row x blockSize x bits / 8]` bytes, low nibble first; rows may also end where the columns do. */
  readonly packed: Uint8Array;
  readonly rows: number;
  readonly columns: number;
}

/** w = (q - zeroPoint) * scale, `[rows x columns]`. */
export function dequantiseBlocks(source: BlockQuantised): Float32Array {
  const { packed, rows, columns, bits, blockSize, scales, zeroPoints } = source;
  const blocks = Math.ceil(columns / blockSize);
  const stride = packed.length / rows;
  const out = new Float32Array(rows * columns);
  const one = typeof zeroPoints === 'number' ? zeroPoints : 0;
  const many = typeof zeroPoints === 'number' ? null : zeroPoints;
  let o = 0;
  for (let row = 0; row < rows; row++) {
    for (let block = 0; block < blocks; block++) {
      const scale = scales[row * blocks + block] as number;
      const zero = many ? (many[row * blocks + block] as number) : one;
      const width = Math.min(blockSize, columns - block * blockSize);
      let at = row * stride + (block * blockSize * bits) / 8;
      if (bits === 8) for (let i = 0; i < width; i++) out[o++] = ((packed[at++] as number) - zero) * scale;
      else {
        const end = o + (width & ~1);
        for (; o < end; o += 2) {
          const byte = packed[at++] as number;
          out[o] = ((byte & 15) - zero) * scale;
          out[o + 1] = ((byte >> 4) - zero) * scale;
        }
        if (width & 1) out[o++] = (((packed[at] as number) & 15) - zero) * scale;
      }
    }
  }
  return out;
}

/** Blocks as they are in the file; null where they do not fill whole bytes and blocks. */
export function packBlocks(source: BlockQuantised): Pick<Initializer, 'bytes' | 'packing'> | null {
  const { packed: bytes, rows, columns, bits, blockSize, scales, zeroPoints } = source;
  if (columns % blockSize !== 0 || bytes.length * 8 !== rows * columns * bits) return null;
  // Copied, because another file may be gone when the matrix is read.
  const zeros = typeof zeroPoints === 'number' ? zeroPoints : zeroPoints.slice();
  return { bytes, packing: { bits, blockSize, scales: scales.slice(), zeroPoints: zeros } };
}

/**
 * Zero points as whole numbers, such that the integers minus them are int8, and offsets for the rest unless all are 0:
 * value = (q - zero point) * scale + offset, whose rounding differs in the last bit where there are offsets.
 */
export function splitZeroPoints({ bits, scales, zeroPoints }: Packing) {
  const zeros = typeof zeroPoints === 'number' ? [zeroPoints] : zeroPoints;
  if (bits === 4 && zeros.every((zero) => Number.isInteger(zero) && zero >= -112 && zero <= 128))
    return { zeroPoints, offsets: null };
  const centre = 2 ** (bits - 1);
  const offsets = scales.map((scale, block) => (centre - (zeros[zeros.length === 1 ? 0 : block] as number)) * scale);
  return { zeroPoints: centre, offsets: offsets.some((offset) => offset !== 0) ? offsets : null };
}

/** One byte each. */
export function packedIntegers(bytes: Uint8Array, { bits, blockSize, zeroPoints }: Packing): Uint8Array {
  const out = new Int8Array((bytes.length * 8) / bits);
  for (let block = 0, i = 0; i < out.length; block++) {
    const zero = typeof zeroPoints === 'number' ? zeroPoints : (zeroPoints[block] as number);
    for (const end = i + blockSize; i < end; i++) {
      const byte = bytes[bits === 4 ? i >> 1 : i] as number;
      out[i] = (bits === 8 ? byte : i & 1 ? byte >> 4 : byte & 15) - zero;
    }
  }
  return new Uint8Array(out.buffer);
}

export const asBytes = ({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

export function rowsAsFloat32(tensor: Initializer, from: number, to: number): Float32Array {
  const [rows = 0, columns = 0] = tensor.dims;
  const cut = <A extends Uint8Array | Float32Array>(values: A) => {
    const each = values.length / rows;
    return values.subarray(from * each, to * each) as A;
  };
  const { bytes, packing } = tensor;
  const part = { ...tensor, dims: [to - from, columns], bytes: cut(bytes) };
  if (!packing || packing === 'float16') return toFloat32(part);
  const { scales, zeroPoints } = packing;
  const zeros = typeof zeroPoints === 'number' ? zeroPoints : cut(zeroPoints);
  return toFloat32({ ...part, packing: { ...packing, scales: cut(scales), zeroPoints: zeros } });
}

export function scaledTensor(tensor: Initializer, factor: number, name: string): Initializer {
  const values = toFloat32(tensor).map((value) => value * factor);
  return { name, dtype: 'float32', dims: tensor.dims, bytes: new Uint8Array(values.buffer) };
}

/** Packed integers, each row padded to whole bytes, as float32 `[rows x blocks]`. */
export function unpackZeroPoints(packed: Uint8Array, rows: number, blocks: number, bits: 4 | 8): Float32Array {
  if (bits === 8) return Float32Array.from(packed);
  const stride = Math.ceil(blocks / 2);
  const out = new Float32Array(rows * blocks);
  for (let row = 0; row < rows; row++)
    for (let block = 0; block < blocks; block++) {
      const byte = packed[row * stride + (block >> 1)] ?? 0;
      out[row * blocks + block] = block & 1 ? byte >> 4 : byte & 15;
    }
  return out;
}

/** bitsandbytes' 4-bit codes: quantiles of a normal distribution (Dettmers et al., 2023, QLoRA), scaled to [-1, 1]. */
const NF4 = [
  -1, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334,
  -0.09105003625154495, 0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
  0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1,
];
/** Sign, exponent of 2 bits, mantissa of 1 bit, as bitsandbytes numbers them. */
const FP4_POSITIVE = [0, 0.005208333333, 0.66666667, 1, 0.33333333, 0.5, 0.16666667, 0.25];
const FP4 = [...FP4_POSITIVE, ...FP4_POSITIVE.map((code) => -code)];

/** w = code[q] * absmax of the block. Blocks run over `[out, in]` as one list; the high nibble comes first. */
export function dequantiseBnb4(
  packed: Uint8Array,
  size: number,
  absmax: Float32Array,
  blockSize: number,
  kind: 'fp4' | 'nf4',
): Float32Array {
  const codes = kind === 'nf4' ? NF4 : FP4;
  return Float32Array.from({ length: size }, (_, i) => {
    const byte = packed[i >> 1] as number;
    return (codes[i & 1 ? byte & 15 : byte >> 4] as number) * (absmax[Math.floor(i / blockSize)] as number);
  });
}

/** 4-bit values are unpacked, low nibble first. */
export function integers(tensor: Initializer): Float32Array {
  const size = sizeOf(tensor.dims);
  const { buffer, byteOffset, byteLength } = tensor.bytes;
  if (tensor.dtype === 'uint8') return new Float32Array(tensor.bytes);
  if (tensor.dtype === 'int8') return new Float32Array(new Int8Array(buffer, byteOffset, byteLength));
  if (tensor.dtype !== 'uint4' && tensor.dtype !== 'int4') return Float32Array.from(toNumbers(tensor));
  const signed = tensor.dtype === 'int4';
  return Float32Array.from({ length: size }, (_, i) => {
    const byte = tensor.bytes[i >> 1] ?? 0;
    const nibble = i & 1 ? byte >> 4 : byte & 15;
    return signed && nibble > 7 ? nibble - 16 : nibble;
  });
}

/** Per tensor (one scale), per axis (a vector) or in blocks along `axis` (scales of the tensor's rank, `blockSize` > 0). */
export function dequantiseLinear(
  values: Float32Array,
  dims: readonly number[],
  scales: Float32Array,
  zeroPoints: Float32Array | null,
  axis: number,
  blockSize: number,
): Float32Array {
  const length = dims[axis] ?? 1;
  const inner = sizeOf(dims.slice(axis + 1));
  const blocks = blockSize > 0 ? Math.ceil(length / blockSize) : 0;
  const out = new Float32Array(values.length);
  const lanes = length * inner;
  const outer = lanes === 0 ? 0 : values.length / lanes;
  for (let o = 0; o < outer; o++)
    for (let l = 0; l < length; l++) {
      const start = (o * length + l) * inner;
      for (let i = 0; i < inner; i++) {
        const at = blockSize > 0 ? (o * blocks + Math.floor(l / blockSize)) * inner + i : scales.length === 1 ? 0 : l;
        out[start + i] =
          ((values[start + i] as number) - (zeroPoints ? (zeroPoints[at] as number) : 0)) * (scales[at] as number);
      }
    }
  return out;
}
