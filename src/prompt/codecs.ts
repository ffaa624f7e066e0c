/** Vectors as files: NumPy's `.npy`, and the `.safetensors` of a PEFT prompt-tuning folder. */

import { isRecord } from '../lib/assert';
import { readFloats, readJson, writeFloats } from '../lib/bytes';
import { fail, ok, type Result } from '../lib/result';
import { allFinite, type SoftPrompt, shapeOf, shapeProblem, type VectorTable } from './soft-prompt';

/** Source: numpy.lib.format, versions 1.0 to 3.0. */
const MAGIC = '\x93NUMPY';
const MAX_NPY_HEADER = 10_000;

/** `.npy`, version 1.0, `<f4`, C order, in the shape of the vectors. */
export function writeNpy({ vectors, ...soft }: Omit<SoftPrompt, 'placement'>): Uint8Array<ArrayBuffer> {
  const dict = `{'descr': '<f4', 'fortran_order': False, 'shape': (${shapeOf(soft).join(', ')}), }`;
  // The data must start at a multiple of 64; the header ends with a newline.
  const headerLength = Math.ceil((10 + dict.length + 1) / 64) * 64 - 10;
  const header = `${dict.padEnd(headerLength - 1, ' ')}\n`;
  const data = writeFloats(vectors);
  const bytes = new Uint8Array(10 + headerLength + data.length);
  bytes.set(latin1(`${MAGIC}\x01\x00`));
  new DataView(bytes.buffer).setUint16(8, headerLength, true);
  bytes.set(latin1(header), 10);
  bytes.set(data, 10 + headerLength);
  return bytes;
}

/** Reads vectors; refuses object arrays, since those are pickles. */
export function readNpy(bytes: Uint8Array): Result<VectorTable> {
  if (text(bytes.subarray(0, 6)) !== MAGIC) return refuseNpy('does not start like an .npy file');
  const [major = 0, minor = 0] = bytes.subarray(6, 8);
  if (major < 1 || major > 3 || minor !== 0) return refuseNpy(`is of version ${major}.${minor}; 1.0 to 3.0 are read`);
  const wide = major >= 2;
  const start = wide ? 12 : 10;
  if (bytes.length < start) return refuseNpy('ends inside its header');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = wide ? view.getUint32(8, true) : view.getUint16(8, true);
  if (length > MAX_NPY_HEADER) return refuseNpy(`claims a header of ${length} bytes`);
  if (start + length > bytes.length) return refuseNpy('ends inside its header');
  const header = readNpyHeader(text(bytes.subarray(start, start + length)));
  if (!header) return refuseNpy('has an unreadable header');
  const { descr, fortranOrder, shape } = header;
  if (descr !== '<f4') return refuseNpy(`stores its numbers as ${descr}; only <f4 (little-endian float32) is read`);
  if (fortranOrder) return refuseNpy('is stored column by column (Fortran order)');
  const problem = shapeProblem(shape);
  if (problem) return refuseNpy(problem);
  const [virtualTokens = 0, hidden = 0] = shape;
  const data = bytes.subarray(start + length);
  if (data.length !== 4 * virtualTokens * hidden)
    return refuseNpy(`has ${data.length} bytes of data for ${virtualTokens} x ${hidden} numbers`);
  const vectors = readFloats(data);
  return allFinite(vectors)
    ? ok({ vectors, virtualTokens, hidden })
    : refuseNpy('contains numbers that are not finite');
}

/** A field of the dictionary with its comma, optional for the last one. */
const FIELD = /\s*'(\w+)'\s*:\s*(?:'([^'\\]*)'|(True|False)|\(((?:\s*\d+\s*,)*(?:\s*\d+)?\s*)\))\s*(?:,|(?=\}))/y;

interface Header {
  readonly descr: string;
  readonly fortranOrder: boolean;
  readonly shape: readonly number[];
}

/** A Python dictionary of exactly three fields, with white space around it; null = anything else. */
function readNpyHeader(header: string): Header | null {
  // JavaScript's \s matches characters that Python does not treat as white space, such as a no-break space.
  if (/[^\x20-\x7e\t\r\n]/.test(header)) return null;
  const dict = header.trim();
  if (!dict.startsWith('{')) return null;
  const fields = new Map<string, RegExpExecArray>();
  FIELD.lastIndex = 1;
  let end = 1;
  for (let field = FIELD.exec(dict); field?.[1]; field = FIELD.exec(dict)) {
    if (fields.has(field[1])) return null;
    fields.set(field[1], field);
    end = FIELD.lastIndex;
  }
  const descr = fields.get('descr')?.[2];
  const order = fields.get('fortran_order')?.[3];
  const sizes = fields.get('shape')?.[4];
  if (fields.size !== 3 || dict.slice(end).trim() !== '}') return null;
  if (descr === undefined || order === undefined || sizes === undefined) return null;
  return { descr, fortranOrder: order === 'True', shape: (sizes.match(/\d+/g) ?? []).map(Number) };
}

const text = (bytes: Uint8Array) => String.fromCharCode(...bytes);
const latin1 = (value: string) => Uint8Array.from(value, (char) => char.charCodeAt(0));
const refuseNpy = (what: string) => fail('bad-npy', `The .npy file ${what}.`);

/** The tensor's name in PEFT's prompt-tuning folders. */
const TENSOR = 'prompt_embeddings';
/** Our headers and PEFT's have about 100 bytes. */
const MAX_SAFETENSORS_HEADER = 1_000_000;

/**
 * `adapter_model.safetensors` of a PEFT prompt-tuning folder: 8 bytes of header length (little-endian), a JSON header padded
 * with spaces to a multiple of 8, then the data.
 */
export function writeSafetensors({ vectors, virtualTokens, hidden }: VectorTable): Uint8Array<ArrayBuffer> {
  const data = writeFloats(vectors);
  const header = JSON.stringify({
    __metadata__: { format: 'pt' },
    [TENSOR]: { dtype: 'F32', shape: [virtualTokens, hidden], data_offsets: [0, data.length] },
  });
  const text = new TextEncoder().encode(header.padEnd(Math.ceil(header.length / 8) * 8, ' '));
  const bytes = new Uint8Array(8 + text.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  bytes.set(data, 8 + text.length);
  return bytes;
}

/** Bytes per number of each type. Source: safetensors 0.6, `Dtype`, without types smaller than a byte. */
const BYTES: Readonly<Record<string, number>> = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E5M2: 1,
  F8_E4M3: 1,
  F8_E8M0: 1,
  I16: 2,
  U16: 2,
  F16: 2,
  BF16: 2,
  I32: 4,
  U32: 4,
  F32: 4,
  F64: 8,
  I64: 8,
  U64: 8,
  C64: 8,
};

interface TensorEntry {
  readonly name: string;
  readonly dtype: unknown;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/** Reads the vectors of a prompt-tuning adapter. Other tensors are not used, but must be valid too. */
export function readSafetensors(bytes: Uint8Array): Result<VectorTable> {
  const header = readSafetensorsHeader(bytes);
  if (!header.ok) return header;
  const { entries, dataStart } = header.value;
  const problem = layoutProblem(entries, bytes.length - dataStart);
  if (problem) return refuseSafetensors(problem);
  const tensor = entries.find((entry) => entry.name === TENSOR);
  if (!tensor) {
    const names = entries.map((entry) => entry.name).join(', ') || 'nothing';
    return refuseSafetensors(`has no tensor ${TENSOR} (but ${names}), so it is not a prompt-tuning adapter`);
  }
  if (tensor.dtype !== 'F32') return refuseSafetensors(`stores ${TENSOR} as ${String(tensor.dtype)}; only F32 is read`);
  const shape = shapeProblem(tensor.shape);
  if (shape) return refuseSafetensors(`: ${TENSOR} ${shape}`);
  const vectors = readFloats(bytes.subarray(dataStart + tensor.begin, dataStart + tensor.end));
  if (!allFinite(vectors)) return refuseSafetensors(`: ${TENSOR} contains numbers that are not finite`);
  const [virtualTokens = 0, hidden = 0] = tensor.shape;
  return ok({ vectors, virtualTokens, hidden });
}

function readSafetensorsHeader(bytes: Uint8Array): Result<{ entries: TensorEntry[]; dataStart: number }> {
  if (bytes.length < 8) return refuseSafetensors('is shorter than its header');
  const length = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
  if (length > BigInt(MAX_SAFETENSORS_HEADER)) return refuseSafetensors(`claims a header of ${length} bytes`);
  const dataStart = 8 + Number(length);
  if (dataStart > bytes.length) return refuseSafetensors('ends inside its header');
  const header = readJson(bytes.subarray(8, dataStart));
  if (!isRecord(header)) return refuseSafetensors('has a header that is not a JSON object');
  const entries: TensorEntry[] = [];
  for (const [name, value] of Object.entries(header)) {
    if (name === '__metadata__') {
      if (!isRecord(value) || !Object.values(value).every((text) => typeof text === 'string'))
        return refuseSafetensors('has metadata that are not texts');
      continue;
    }
    const entry = readEntry(name, value);
    if (!entry) return refuseSafetensors(`describes the tensor ${name} in an unknown way`);
    entries.push(entry);
  }
  return ok({ entries, dataStart });
}

function readEntry(name: string, value: unknown): TensorEntry | null {
  if (!isRecord(value) || !isSizes(value.shape) || !isSizes(value.data_offsets)) return null;
  const [begin, end, ...more] = value.data_offsets;
  if (begin === undefined || end === undefined || more.length > 0) return null;
  return { name, dtype: value.dtype, shape: value.shape, begin, end };
}

/** Tensors must be inside the file, have the size they state, and neither overlap nor leave gaps. */
function layoutProblem(entries: readonly TensorEntry[], available: number): string | null {
  let at = 0;
  for (const { name, dtype, shape, begin, end } of [...entries].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (end < begin) return `puts the end of the tensor ${name} before its beginning`;
    if (end > available) return `puts the tensor ${name} beyond the end of the file`;
    if (begin < at) return `lets the tensor ${name} overlap another`;
    if (begin > at) return `leaves a gap before the tensor ${name}`;
    const elements = shape.reduce((product, size) => product * size, 1);
    const bytes = BYTES[String(dtype)];
    if (bytes === undefined) return `stores the tensor ${name} as ${String(dtype)}, which is not a valid type`;
    if (end - begin !== bytes * elements)
      return `gives the tensor ${name} ${end - begin} bytes for ${elements} numbers`;
    at = end;
  }
  return at === available ? null : `has ${available - at} bytes after its last tensor`;
}

const isSizes = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);

const refuseSafetensors = (what: string) =>
  fail('bad-safetensors', `The safetensors file ${what.startsWith(':') ? `cannot be used${what}` : what}.`);
