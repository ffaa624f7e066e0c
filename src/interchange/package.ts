/** A package is the result of an export: its bytes, and the list of its files to show before it is saved. */
import { whatIs } from './readme';
import { writeZip } from './zip';

interface PackageFile {
  readonly path: string;
  readonly bytes: number;
  /** What it is for, in words. */
  readonly what: string;
}

export interface Package {
  /** The name to save it under. */
  readonly name: string;
  readonly type: string;
  readonly content: Uint8Array<ArrayBuffer>;
  readonly files: readonly PackageFile[];
  /** How many of the user's rows are in it. */
  readonly rows: number;
}

export const zipPackage = (name: string, files: Readonly<Record<string, Uint8Array>>, rows: number): Package => ({
  name,
  type: 'application/zip',
  content: writeZip(files),
  files: Object.entries(files).map(([path, bytes]) => ({ path, bytes: bytes.length, what: whatIs(path) })),
  rows,
});

interface OneFile {
  readonly name: string;
  readonly type: string;
  readonly text: string;
  readonly what: string;
  readonly rows: number;
}

export function filePackage({ name, type, text, what, rows }: OneFile): Package {
  const content = new TextEncoder().encode(text);
  return { name, type, content, files: [{ path: name, bytes: content.length, what }], rows };
}
