/**
 * Reads a zip that a stranger may have made. The central directory is checked before a byte is inflated; what is refused
 * is refused by name. Writing is in `bundle.ts`.
 */
import { inflateSync } from 'fflate';
import { type Failure, fail, ok, type Result } from '../lib/result';

export type ArchiveFailureKind =
  | 'not-a-zip'
  | 'too-large'
  | 'too-many-files'
  | 'bomb'
  | 'bad-path'
  | 'encrypted'
  | 'corrupt';

export interface ArchiveLimits {
  /** Of the zip itself. */
  readonly zipBytes: number;
  readonly files: number;
  /** Of all files together, unpacked. */
  readonly totalBytes: number;
  /** Unpacked bytes to packed bytes of one file. Text reaches about 20. */
  readonly ratio: number;
}

const MB = 2 ** 20;
export const LIMITS: ArchiveLimits = { zipBytes: 64 * MB, files: 4000, totalBytes: 160 * MB, ratio: 250 };

const EOCD = 0x06054b50;
const CENTRAL = 0x02014b50;
const LOCAL = 0x04034b50;

/** All files of a zip by name, or the reason why it was refused. Directories are left out. */
export function readArchive(
  zip: Uint8Array,
  limits: ArchiveLimits = LIMITS,
): Result<ReadonlyMap<string, Uint8Array>, Failure<ArchiveFailureKind>> {
  if (zip.length > limits.zipBytes)
    return fail(
      'too-large',
      `This file has ${mb(zip.length)}; an exported prompt has at most ${mb(limits.zipBytes)}. Nothing was imported.`,
    );
  const view = new DataView(zip.buffer, zip.byteOffset, zip.byteLength);
  const end = findEnd(view);
  if (end < 0)
    return fail(
      'not-a-zip',
      'This file is not a zip, or the end of it is missing. Choose the .zip that the export made, or copy it again. Nothing was imported.',
    );

  const entries = view.getUint16(end + 10, true);
  if (entries > limits.files)
    return fail(
      'too-many-files',
      `This zip holds ${entries} files; an exported prompt has at most ${limits.files}. Nothing was imported.`,
    );

  const files = new Map<string, Uint8Array>();
  let at = view.getUint32(end + 16, true);
  let total = 0;
  for (let i = 0; i < entries; i++) {
    if (at + 46 > end || view.getUint32(at, true) !== CENTRAL) return corrupt('its list of files is cut off');
    const flags = view.getUint16(at + 8, true);
    const method = view.getUint16(at + 10, true);
    const crc = view.getUint32(at + 16, true);
    const packed = view.getUint32(at + 20, true);
    const size = view.getUint32(at + 24, true);
    const nameLength = view.getUint16(at + 28, true);
    const next = at + 46 + nameLength + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
    const local = view.getUint32(at + 42, true);
    if (next > end) return corrupt('its list of files is cut off');
    const name = new TextDecoder().decode(zip.subarray(at + 46, at + 46 + nameLength));
    at = next;

    const badPath = whyBadPath(name);
    if (badPath)
      return fail('bad-path', `This zip has a file named “${shorten(name)}”, which ${badPath}. Nothing was imported.`, {
        name,
      });
    if (flags & 1)
      return fail(
        'encrypted',
        `“${shorten(name)}” in this zip is locked with a password. Export it again without one. Nothing was imported.`,
      );
    if (method !== 0 && method !== 8) return corrupt(`“${shorten(name)}” is packed in a way that is not supported`);
    if (name.endsWith('/')) continue;
    if (files.has(name)) return corrupt(`it has two files named “${shorten(name)}”`);

    total += size;
    if (total > limits.totalBytes)
      return fail(
        'bomb',
        `Unpacked, this zip would have more than ${mb(limits.totalBytes)}. It was not unpacked. Nothing was imported.`,
      );
    if (size > MB && size > packed * limits.ratio)
      return fail(
        'bomb',
        `“${shorten(name)}” would grow ${Math.round(size / Math.max(packed, 1))} times when unpacked, as zip bombs do. Nothing was imported.`,
      );

    if (local + 30 > zip.length || view.getUint32(local, true) !== LOCAL)
      return corrupt(`“${shorten(name)}” is not where the zip says`);
    const start = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
    if (start + packed > zip.length) return corrupt(`“${shorten(name)}” is cut off`);
    const bytes = unpack(zip.subarray(start, start + packed), method, size);
    if (!bytes || crc32(bytes) !== crc) return corrupt(`“${shorten(name)}” is damaged: its checksum is wrong`);
    files.set(name, bytes);
  }
  return ok(files);
}

/** What file managers leave behind. */
const isJunk = (path: string) =>
  path.startsWith('__MACOSX/') || /(^|\/)(\.DS_Store|Thumbs\.db|desktop\.ini|\.git\/.*)$/.test(path);

/** Files may lie in a folder, as file managers pack them: the one that holds a file named in `marks` becomes the root. */
export function atRoot(
  files: ReadonlyMap<string, Uint8Array>,
  marks: readonly string[],
): ReadonlyMap<string, Uint8Array> {
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

/** The output buffer has the announced size, so that a file that lies about it cannot take more memory. */
function unpack(packed: Uint8Array, method: number, size: number): Uint8Array | null {
  if (method === 0) return packed.length === size ? packed.slice() : null;
  try {
    const bytes = inflateSync(packed, { out: new Uint8Array(size) });
    return bytes.length === size ? bytes : null;
  } catch {
    return null;
  }
}

function whyBadPath(name: string): string | null {
  if (name === '') return 'has no name';
  if (name.startsWith('/') || /^[a-z]:/i.test(name)) return 'is an absolute path';
  if (name.includes('\\')) return 'has a backslash in its path';
  if (name.split('/').includes('..')) return 'points outside the zip (“..”)';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: names with control characters are what is refused.
  if (/[\u0000-\u001f\u007f]/.test(name)) return 'has control characters in its name';
  return null;
}

/** The end record stands in the last 64 kB; a comment may follow it. */
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

const corrupt = (why: string) =>
  fail('corrupt' as const, `This zip is damaged: ${why}. Download or export it again. Nothing was imported.`);
const mb = (bytes: number) => `${Math.ceil(bytes / MB)} MB`;
// Names are data: shown short, and never with control characters.
const shorten = (name: string) => {
  const plain = name.replace(/\p{C}/gu, '?');
  return plain.length > 80 ? `${plain.slice(0, 77)}…` : plain;
};
