/** Zip files, written with fixed times and read as untrusted: the directory is checked before a byte is inflated. */
import { inflateSync, zipSync } from 'fflate';
import { type Failure, fail, ok, type Result } from '../lib/result';

type ZipFailureKind = 'not-a-zip' | 'too-large' | 'too-many-files' | 'bomb' | 'bad-path' | 'encrypted' | 'corrupt';

type ZipFailure = Failure<ZipFailureKind>;
export type Files = ReadonlyMap<string, Uint8Array>;

export interface ZipLimits {
  readonly zipBytes: number;
  readonly files: number;
  /** Of all files together, unpacked. */
  readonly totalBytes: number;
  /** Unpacked bytes to packed bytes of one file. Text reaches about 20. */
  readonly ratio: number;
}

const MB = 2 ** 20;
export const LIMITS: ZipLimits = { zipBytes: 64 * MB, files: 4000, totalBytes: 160 * MB, ratio: 250 };

/** Fixed, so that equal files give equal bytes in every time zone. */
const MTIME = new Date('1980-01-01T00:00:00');
export const writeZip = (files: Readonly<Record<string, Uint8Array>>): Uint8Array<ArrayBuffer> =>
  zipSync({ ...files }, { level: 6, mtime: MTIME }) as Uint8Array<ArrayBuffer>;

/** All files of a zip by name, or the reason why it was refused. Directories are left out. */
export function readZip(zip: Uint8Array, limits: ZipLimits = LIMITS): Result<Files, ZipFailure> {
  if (zip.length > limits.zipBytes)
    return refuse('too-large', `This file is ${mb(zip.length)}; a package is at most ${mb(limits.zipBytes)}.`);
  const view = new DataView(zip.buffer, zip.byteOffset, zip.byteLength);
  const end = findEnd(view);
  if (end < 0)
    return refuse(
      'not-a-zip',
      'This file is not a zip, or its end is missing. Choose the exported .zip, or copy it again.',
    );
  const count = view.getUint16(end + 10, true);
  if (count > limits.files)
    return refuse('too-many-files', `This zip has ${count} files; a package has at most ${limits.files}.`);

  const files = new Map<string, Uint8Array>();
  let at = view.getUint32(end + 16, true);
  let total = 0;
  for (let i = 0; i < count; i++) {
    const entry = readEntry(zip, view, at, end);
    if (!entry) return corrupt('its list of files is cut off');
    at = entry.next;
    const bad = whyRefused(entry);
    if (bad) return bad;
    if (entry.name.endsWith('/')) continue;
    if (files.has(entry.name)) return corrupt(`it has two files named “${shorten(entry.name)}”`);
    total += entry.size;
    const bomb = whyBomb(entry, total, limits);
    if (bomb) return bomb;
    const bytes = contentOf(zip, view, entry);
    if (!bytes.ok) return bytes;
    files.set(entry.name, bytes.value);
  }
  return ok(files);
}

const EOCD = 0x06054b50;
const CENTRAL = 0x02014b50;
const LOCAL = 0x04034b50;

interface Entry {
  readonly name: string;
  readonly nameBytes: Uint8Array;
  readonly encrypted: boolean;
  readonly method: number;
  readonly crc: number;
  readonly packed: number;
  readonly size: number;
  readonly local: number;
  /** Where the next entry begins. */
  readonly next: number;
}

/** One line of the central directory; null where it is cut off. */
function readEntry(zip: Uint8Array, view: DataView, at: number, end: number): Entry | null {
  if (at + 46 > end || view.getUint32(at, true) !== CENTRAL) return null;
  const nameLength = view.getUint16(at + 28, true);
  const next = at + 46 + nameLength + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  if (next > end) return null;
  const nameBytes = zip.subarray(at + 46, at + 46 + nameLength);
  return {
    name: new TextDecoder().decode(nameBytes),
    nameBytes,
    encrypted: (view.getUint16(at + 8, true) & 1) === 1,
    method: view.getUint16(at + 10, true),
    crc: view.getUint32(at + 16, true),
    packed: view.getUint32(at + 20, true),
    size: view.getUint32(at + 24, true),
    local: view.getUint32(at + 42, true),
    next,
  };
}

function whyRefused({ name, encrypted, method }: Entry): { readonly ok: false; readonly error: ZipFailure } | null {
  const badPath = whyBadPath(name);
  if (badPath) return refuse('bad-path', `This zip has a file named “${shorten(name)}”, which ${badPath}.`, { name });
  if (encrypted)
    return refuse('encrypted', `“${shorten(name)}” in this zip has a password. Export it again without one.`);
  return method === 0 || method === 8
    ? null
    : corrupt(`“${shorten(name)}” uses a kind of compression that is not supported`);
}

function whyBomb({ name, size, packed }: Entry, total: number, limits: ZipLimits) {
  if (total > limits.totalBytes)
    return refuse('bomb', `Unpacked, this zip would have more than ${mb(limits.totalBytes)}. It was not unpacked.`);
  if (size > MB && size > packed * limits.ratio)
    return refuse(
      'bomb',
      `“${shorten(name)}” would grow ${Math.round(size / Math.max(packed, 1))} times when unpacked, like a zip bomb.`,
    );
  return null;
}

function contentOf(zip: Uint8Array, view: DataView, entry: Entry) {
  const { name, nameBytes, local, packed, method, size, crc } = entry;
  if (local + 30 > zip.length || view.getUint32(local, true) !== LOCAL)
    return corrupt(`“${shorten(name)}” is not where the zip says`);
  const named = zip.subarray(local + 30, local + 30 + view.getUint16(local + 26, true));
  if (named.length !== nameBytes.length || named.some((byte, i) => byte !== nameBytes[i]))
    return corrupt(`“${shorten(name)}” has another name where its content is`);
  const start = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
  if (start + packed > zip.length) return corrupt(`“${shorten(name)}” is cut off`);
  const bytes = unpack(zip.subarray(start, start + packed), method, size);
  return bytes && crc32(bytes) === crc ? ok(bytes) : corrupt(`“${shorten(name)}” is damaged: its checksum is wrong`);
}

/** The output buffer has the stated size, so that a file with a wrong size cannot take more memory. */
function unpack(packed: Uint8Array, method: number, size: number): Uint8Array | null {
  if (method === 0) return packed.length === size ? packed.slice() : null;
  try {
    const bytes = inflateSync(packed, { out: new Uint8Array(size) });
    return bytes.length === size ? bytes : null;
  } catch {
    return null;
  }
}

/** Files that file managers add. */
const isJunk = (path: string) =>
  path.startsWith('__MACOSX/') || /(^|\/)(\.DS_Store|Thumbs\.db|desktop\.ini|\.git\/.*)$/.test(path);

/** File managers pack files inside a folder: the folder that contains a file named in `marks` becomes the root. */
export function atRoot(files: Files, marks: readonly string[]): Files {
  const paths = [...files.keys()].filter((path) => !isJunk(path));
  const found = paths
    .filter((path) => marks.includes(path.slice(path.lastIndexOf('/') + 1)))
    .sort((a, b) => a.split('/').length - b.split('/').length)[0];
  const folder = found?.slice(0, found.lastIndexOf('/') + 1) ?? '';
  return new Map(
    paths
      .filter((path) => path.startsWith(folder))
      .map((path) => [path.slice(folder.length), files.get(path) as Uint8Array]),
  );
}

function whyBadPath(name: string): string | null {
  if (name === '') return 'has no name';
  if (name.startsWith('/') || /^[a-z]:/i.test(name)) return 'is an absolute path';
  if (name.includes('\\')) return 'has a backslash in its path';
  if (name.split('/').includes('..')) return 'points outside the zip (“..”)';
  return /\p{Cc}/u.test(name) ? 'has control characters in its name' : null;
}

/** The end record is in the last 64 kB; a comment may follow it. */
function findEnd(view: DataView): number {
  for (let at = view.byteLength - 22; at >= Math.max(0, view.byteLength - 22 - 0xffff); at--)
    if (view.getUint32(at, true) === EOCD && at + 22 + view.getUint16(at + 20, true) === view.byteLength) return at;
  return -1;
}

let table: Uint32Array | null = null;

/** CRC-32 of ISO 3309, as zips use it. */
function crc32(bytes: Uint8Array): number {
  table ??= Uint32Array.from({ length: 256 }, (_, n) => {
    let c = n;
    for (let k = 0; k < 8; k++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
    return c >>> 0;
  });
  let crc = 0xffffffff;
  for (const byte of bytes) crc = ((table[(crc ^ byte) & 255] as number) ^ (crc >>> 8)) >>> 0;
  return (crc ^ 0xffffffff) >>> 0;
}

const refuse = (kind: ZipFailureKind, why: string, data?: Readonly<Record<string, unknown>>) =>
  fail(kind, `${why} Nothing was imported.`, data);
const corrupt = (why: string) => refuse('corrupt', `This zip is damaged: ${why}. Download or export it again.`);
const mb = (bytes: number) => `${Math.ceil(bytes / MB)} MB`;
/** File names are untrusted: shown short, and without control characters. */
const shorten = (name: string) => {
  const plain = name.replace(/\p{C}/gu, '?');
  return plain.length > 80 ? `${plain.slice(0, 77)}…` : plain;
};
