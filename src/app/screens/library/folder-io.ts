/** Files of a folder that the user gave the page, through the File System Access API. Thin: what they mean is decided elsewhere. */

import type { Sums } from '../../../interchange/folder-changes';
import { LIMITS } from '../../../interchange/zip';
import { sha256 } from '../../../lib/bytes';
import { StudioError } from '../../../lib/errors';

export type Files = ReadonlyMap<string, Uint8Array>;

export async function sumsOf(files: Files): Promise<Sums> {
  const sums: Record<string, string> = {};
  for (const [path, bytes] of files) sums[path] = await sha256(Uint8Array.from(bytes));
  return sums;
}

/** Names of the folders directly in it; hidden ones (`.git`) are nobody's project. */
export async function subfolders(root: FileSystemDirectoryHandle): Promise<readonly string[]> {
  const names: string[] = [];
  for await (const [name, entry] of root.entries())
    if (entry.kind === 'directory' && !name.startsWith('.')) names.push(name);
  return names.sort();
}

/** All files below a folder, by path; an empty map where it is not there. @throws StudioError bad-input: more than a project has */
export async function readFiles(root: FileSystemDirectoryHandle, folder: string): Promise<Files> {
  const files = new Map<string, Uint8Array>();
  let total = 0;
  async function walk(directory: FileSystemDirectoryHandle, prefix: string): Promise<void> {
    for await (const [name, entry] of directory.entries()) {
      if (name.startsWith('.')) continue;
      if (entry.kind === 'directory') {
        await walk(entry as FileSystemDirectoryHandle, `${prefix}${name}/`);
        continue;
      }
      const file = await (entry as FileSystemFileHandle).getFile();
      total += file.size;
      if (files.size >= LIMITS.files || total > LIMITS.totalBytes)
        throw new StudioError(
          'bad-input',
          `The folder “${folder}” holds more than a project has (${LIMITS.files} files, ${Math.round(LIMITS.totalBytes / 2 ** 20)} MB). Choose the folder that projects are in, and nothing else.`,
        );
      files.set(`${prefix}${name}`, new Uint8Array(await file.arrayBuffer()));
    }
  }
  const found = await root.getDirectoryHandle(folder).catch(() => null);
  if (found) await walk(found, '');
  return files;
}

/** Writes files below a folder and deletes others; folders are made where they are missing. */
export async function writeFiles(
  root: FileSystemDirectoryHandle,
  folder: string,
  write: Files,
  remove: readonly string[],
): Promise<void> {
  const top = await root.getDirectoryHandle(folder, { create: true });
  for (const [path, bytes] of write) {
    const { directory, name } = await place(top, path);
    const stream = await (await directory.getFileHandle(name, { create: true })).createWritable();
    await stream.write(Uint8Array.from(bytes));
    await stream.close();
  }
  for (const path of remove) {
    const { directory, name } = await place(top, path);
    await directory.removeEntry(name).catch(() => undefined); // somebody was quicker
  }
}

/** Git must not turn line ends: a file would look changed. Left as it is where there is one already. */
export async function writeGitAttributes(root: FileSystemDirectoryHandle): Promise<void> {
  const name = '.gitattributes';
  if (await root.getFileHandle(name).catch(() => null)) return;
  const stream = await (await root.getFileHandle(name, { create: true })).createWritable();
  await stream.write('*.json text eol=lf\n*.npy binary\n');
  await stream.close();
}

async function place(top: FileSystemDirectoryHandle, path: string) {
  const parts = path.split('/');
  const name = parts.pop() ?? '';
  let directory = top;
  for (const part of parts) directory = await directory.getDirectoryHandle(part, { create: true });
  return { directory, name };
}
