import { fail, ok, type Result } from '../lib/result';
import { allFinite, readFloats, shapeProblem, type VectorTable, writeFloats } from './soft-prompt';

/** Source: numpy.lib.format, versions 1.0 to 3.0. */
const MAGIC = '\x93NUMPY';
const MAX_HEADER_BYTES = 10_000;

/** `.npy`, version 1.0, `<f4`, C order, `[virtualTokens, hidden]`. */
export function writeNpy({ vectors, virtualTokens, hidden }: VectorTable): Uint8Array<ArrayBuffer> {
  const dict = `{'descr': '<f4', 'fortran_order': False, 'shape': (${virtualTokens}, ${hidden}), }`;
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
  if (text(bytes.subarray(0, 6)) !== MAGIC) return refuse('does not start like an .npy file');
  const [major = 0, minor = 0] = bytes.subarray(6, 8);
  if (major < 1 || major > 3 || minor !== 0) return refuse(`is of version ${major}.${minor}; 1.0 to 3.0 are read`);
  const wide = major >= 2;
  const start = wide ? 12 : 10;
  if (bytes.length < start) return refuse('ends inside its header');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = wide ? view.getUint32(8, true) : view.getUint16(8, true);
  if (length > MAX_HEADER_BYTES) return refuse(`claims a header of ${length} bytes`);
  if (start + length > bytes.length) return refuse('ends inside its header');
  const header = readHeader(text(bytes.subarray(start, start + length)));
  if (!header) return refuse('has an unreadable header');
  const { descr, fortranOrder, shape } = header;
  if (descr !== '<f4') return refuse(`stores its numbers as ${descr}; only <f4 (little-endian float32) is read`);
  if (fortranOrder) return refuse('is stored column by column (Fortran order)');
  const problem = shapeProblem(shape);
  if (problem) return refuse(problem);
  const [virtualTokens = 0, hidden = 0] = shape;
  const data = bytes.subarray(start + length);
  if (data.length !== 4 * virtualTokens * hidden)
    return refuse(`has ${data.length} bytes of data for ${virtualTokens} x ${hidden} numbers`);
  const vectors = readFloats(data);
  return allFinite(vectors) ? ok({ vectors, virtualTokens, hidden }) : refuse('contains numbers that are not finite');
}

/** A field of the dictionary with its comma, optional for the last one. */
const FIELD = /\s*'(\w+)'\s*:\s*(?:'([^'\\]*)'|(True|False)|\(((?:\s*\d+\s*,)*(?:\s*\d+)?\s*)\))\s*(?:,|(?=\}))/y;

interface Header {
  readonly descr: string;
  readonly fortranOrder: boolean;
  readonly shape: readonly number[];
}

/** A Python dictionary of exactly three fields, with white space around it; null = anything else. */
function readHeader(header: string): Header | null {
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
const refuse = (what: string) => fail('bad-npy', `The .npy file ${what}.`);
