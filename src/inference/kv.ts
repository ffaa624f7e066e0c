import { halfTable } from '../graph/dequantise';
import { present as given } from '../lib/assert';
import type { SoftPrompt } from '../prompt/soft-prompt';
import type { HostTensor, KeptRow } from '../runtime/types';
import type { ProgramSpec } from './program';

/** float32, or the bits of float16. */
type KvArray = Float32Array | Uint16Array;

/** Of one sequence. */
export interface KvRow {
  /** Tokens in use, those of `before` included; may be fewer than stored. */
  readonly length: number;
  /** Tokens stored: each array is `[kvHeads, stride, headDim]`. */
  readonly stride: number;
  /** Of the first tokens, which other rows share. */
  readonly before?: KvRow;
  /** Position of the first token; undefined: 0. */
  readonly start?: number | undefined;
  /** Further runs will ask for it. */
  readonly reused?: boolean;
  readonly keys: readonly KvArray[];
  readonly values: readonly KvArray[];
}

type Shape = Pick<ProgramSpec, 'layers' | 'kvHeads' | 'headDim'>;

export const kvBytesPerToken = ({ layers, kvHeads, headDim }: Shape, bytesPerNumber = 4) =>
  2 * layers * kvHeads * headDim * bytesPerNumber;

/** The first `length` tokens, without a copy. */
export const truncated = (row: KvRow, length: number): KvRow => ({ ...row, length });

/** No token yet; the first one gets this position. */
export const startingAt = (start: number): KvRow => ({ length: 0, stride: 0, start, keys: [], values: [] });

/** With the prompt's own keys and values after it; without a copy. */
export function withTrained(before: KvRow, { vectors, virtualTokens, heads }: SoftPrompt): KvRow {
  const { layers, kvHeads, headDim } = given(heads, 'heads');
  const size = kvHeads * virtualTokens * headDim;
  const part = (i: number) => vectors.subarray(i * size, (i + 1) * size);
  const parts = (first: number) => Array.from({ length: layers }, (_, l) => part(2 * l + first));
  const { length, start } = before;
  return { length: length + virtualTokens, stride: virtualTokens, start, before, keys: parts(0), values: parts(1) };
}

/** The last tokens of a row that has no others before it, in the order of trained keys and values. */
export function lastOf({ length, stride, keys, values }: KvRow, tokens: number, { kvHeads, headDim }: Shape) {
  const size = kvHeads * tokens * headDim;
  const out = new Float32Array(2 * keys.length * size);
  keys.forEach((_, l) => {
    [keys[l], values[l]].forEach((array, i) => {
      for (let h = 0; h < kvHeads; h++)
        copy(
          given(array, 'keys or values'),
          (h * stride + length - tokens) * headDim,
          tokens * headDim,
          out,
          (2 * l + i) * size + h * tokens * headDim,
        );
    });
  });
  return out;
}

/** A sequence that begins with `before`, without its own copy. */
export function behind(before: KvRow, row: KvRow, { kvHeads, headDim }: Pick<Shape, 'kvHeads' | 'headDim'>): KvRow {
  const stride = row.length - before.length;
  const own = (array: KvArray) => {
    const out = new Float32Array(kvHeads * stride * headDim);
    for (let h = 0; h < kvHeads; h++) {
      const from = (h * row.stride + before.length) * headDim;
      copy(array, from, stride * headDim, out, h * stride * headDim);
    }
    return out;
  };
  return { length: row.length, stride, start: row.start, keys: row.keys.map(own), values: row.values.map(own), before };
}

const LARGEST_HALF = 65504;

/** A layer whose numbers are too large for float16 keeps float32: infinities give no score. */
export function halved(row: KvRow): KvRow {
  const half = (array: KvArray) =>
    array instanceof Float32Array && array.every((value) => Math.abs(value) <= LARGEST_HALF) ? toHalf(array) : array;
  return { ...row, keys: row.keys.map(half), values: row.values.map(half) };
}

/** Some numbers did not fit in float16. */
export const isWide = ({ keys, values }: KvRow): boolean =>
  [...keys, ...values].some((array) => array instanceof Float32Array);

/**
 * One layer's keys or values (`tensor`: their index, keys first) as `[batch, kvHeads, past, headDim]`. Left padding keeps
 * the past next to the new tokens, as windows and distances are counted in slots; it keeps the old content of `room`.
 */
export function packPast(
  rows: readonly (KvRow | null)[],
  tensor: number,
  past: number,
  { kvHeads, headDim }: Pick<Shape, 'kvHeads' | 'headDim'>,
  room: Float32Array,
): Float32Array {
  const data = room.subarray(0, rows.length * kvHeads * past * headDim);
  const put = ({ keys, values, before, stride }: KvRow, tokens: number, r: number, slot: number) => {
    const shared = Math.min(tokens, before?.length ?? 0);
    if (before) put(before, shared, r, slot);
    if (tokens === shared) return;
    const source = given(tensor < keys.length ? keys[tensor] : values[tensor - keys.length], 'keys or values');
    for (let h = 0; h < kvHeads; h++) {
      const at = ((r * kvHeads + h) * past + slot + shared) * headDim;
      copy(source, h * stride * headDim, (tokens - shared) * headDim, data, at);
    }
  };
  rows.forEach((row, r) => {
    if (row) put(row, row.length, r, past - row.length);
  });
  return data;
}

/** For a device that keeps rows. @param tensors how many are keys or values */
export function keptRow(row: KvRow, tensors: number, spec: Pick<Shape, 'kvHeads' | 'headDim'>): KeptRow {
  const tokens = row.stride + (row.before?.length ?? 0);
  const each = spec.kvHeads * tokens * spec.headDim;
  const numbers = () => {
    const out = new Float32Array(tensors * each);
    for (let i = 0; i < tensors; i++) packPast([truncated(row, tokens)], i, tokens, spec, out.subarray(i * each));
    return out;
  };
  return { id: row.keys, length: row.length, tokens, size: tensors * each, numbers };
}

function copy(source: KvArray, from: number, count: number, target: Float32Array, at: number): void {
  if (source instanceof Float32Array) {
    target.set(source.subarray(from, from + count), at);
    return;
  }
  const values = halfTable();
  for (let i = 0; i < count; i++) target[at + i] = values[source[from + i] as number] as number;
}

/**
 * Row `r` of the present outputs `[batch, kvHeads, past + tokens, headDim]`: the last `pastLength` of the `past` slots and
 * the first `tokens` new ones.
 */
export function unpackPresent(
  outputs: Readonly<Record<string, HostTensor>>,
  spec: Pick<ProgramSpec, 'kvHeads' | 'headDim' | 'presentKeys' | 'presentValues'>,
  { r, past, pastLength, tokens }: Readonly<Record<'r' | 'past' | 'pastLength' | 'tokens', number>>,
  start?: number,
): KvRow {
  const { kvHeads, headDim } = spec;
  const length = pastLength + tokens;
  const slice = (name: string): Float32Array => {
    const tensor = given(outputs[name], name);
    const source = tensor.data as Float32Array;
    const slots = tensor.dims[2] ?? 0;
    // A single row without padding is the tensor itself, so generation copies nothing.
    if (tensor.dims[0] === 1 && past === pastLength && slots === length) return source;
    const out = new Float32Array(kvHeads * length * headDim);
    for (let h = 0; h < kvHeads; h++) {
      const from = (r * kvHeads + h) * slots * headDim;
      const own = source.subarray(from + (past - pastLength) * headDim, from + (past + tokens) * headDim);
      out.set(own, h * length * headDim);
    }
    return out;
  };
  return { length, stride: length, start, keys: spec.presentKeys.map(slice), values: spec.presentValues.map(slice) };
}

/** IEEE 754, to nearest, ties to even. Not Float16Array: some engines lack it, and the bits must be the same everywhere. */
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
  // Subnormal half: the implicit one becomes explicit and shifts right.
  if (e < -10) return sign;
  return sign | roundedShift(mantissa | 0x800000, 14 - e);
}

/** x / 2^shift. A carry out of the mantissa correctly increments the exponent. */
function roundedShift(x: number, shift: number): number {
  const kept = x >>> shift;
  const rest = x & ((1 << shift) - 1);
  const half = 1 << (shift - 1);
  return rest > half || (rest === half && kept & 1) ? kept + 1 : kept;
}
