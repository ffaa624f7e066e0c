import { fail, ok, type Result } from '../lib/result';
import { allFinite, readFloats, shapeProblem, type VectorTable, writeFloats } from './soft-prompt';

/** The tensor's name in PEFT's prompt-tuning folders. */
const TENSOR = 'prompt_embeddings';
/** Our headers and PEFT's have about 100 bytes. */
const MAX_HEADER_BYTES = 1_000_000;

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
  ...{ BOOL: 1, U8: 1, I8: 1, F8_E5M2: 1, F8_E4M3: 1, F8_E8M0: 1, I16: 2, U16: 2, F16: 2, BF16: 2 },
  ...{ I32: 4, U32: 4, F32: 4, F64: 8, I64: 8, U64: 8, C64: 8 },
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
  const header = readHeader(bytes);
  if (!header.ok) return header;
  const { entries, dataStart } = header.value;
  const problem = layoutProblem(entries, bytes.length - dataStart);
  if (problem) return refuse(problem);
  const tensor = entries.find((entry) => entry.name === TENSOR);
  if (!tensor) {
    const names = entries.map((entry) => entry.name).join(', ') || 'nothing';
    return refuse(`has no tensor ${TENSOR} (but ${names}), so it is not a prompt-tuning adapter`);
  }
  if (tensor.dtype !== 'F32') return refuse(`stores ${TENSOR} as ${String(tensor.dtype)}; only F32 is read`);
  const shape = shapeProblem(tensor.shape);
  if (shape) return refuse(`: ${TENSOR} ${shape}`);
  const vectors = readFloats(bytes.subarray(dataStart + tensor.begin, dataStart + tensor.end));
  if (!allFinite(vectors)) return refuse(`: ${TENSOR} contains numbers that are not finite`);
  const [virtualTokens = 0, hidden = 0] = tensor.shape;
  return ok({ vectors, virtualTokens, hidden });
}

function readHeader(bytes: Uint8Array): Result<{ entries: TensorEntry[]; dataStart: number }> {
  if (bytes.length < 8) return refuse('is shorter than its header');
  const length = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
  if (length > BigInt(MAX_HEADER_BYTES)) return refuse(`claims a header of ${length} bytes`);
  const dataStart = 8 + Number(length);
  if (dataStart > bytes.length) return refuse('ends inside its header');
  const header = parseJson(bytes.subarray(8, dataStart));
  if (!isRecord(header)) return refuse('has a header that is not a JSON object');
  const entries: TensorEntry[] = [];
  for (const [name, value] of Object.entries(header)) {
    if (name === '__metadata__') {
      if (!isRecord(value) || !Object.values(value).every((text) => typeof text === 'string'))
        return refuse('has metadata that are not texts');
      continue;
    }
    const entry = readEntry(name, value);
    if (!entry) return refuse(`describes the tensor ${name} in an unknown way`);
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

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return null;
  }
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isSizes = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);

const refuse = (what: string) =>
  fail('bad-safetensors', `The safetensors file ${what.startsWith(':') ? `cannot be used${what}` : what}.`);
