/** Prompt sets in a team's folder: what is written there, what others changed, and what is taken of it. Knows no screen. */

import { type CompleteSet, readSetFiles, SET_FILE, setFiles, withoutRows } from '../../../interchange/set-files';
import { type FolderChange, folderChanges, type Sums, withTaken } from '../../../interchange/set-package';
import { type Files, LIMITS } from '../../../interchange/zip';
import { sha256 } from '../../../lib/bytes';
import { badInput } from '../../../lib/errors';
import type { Result } from '../../../lib/result';

/** Where a set is in the folder. */
export interface Link {
  readonly folder: string;
  /** The files on which both sides last agreed. */
  readonly base: Sums;
}

/** Decisions by the name of a change; a change without one stays open. */
export type Decisions = Readonly<Record<string, Decision>>;
/** Use the version in the folder, or keep the one here. */
export type Decision = 'take' | 'mine';

/** The files of a set for the folder: without rows unless the user agreed. */
const outgoing = (complete: CompleteSet, withRows: boolean): Files =>
  setFiles(withRows ? complete : withoutRows(complete));

/** Writes the files that changed here. Files that others changed meanwhile are not overwritten; `waiting` counts them. */
export async function saveSet(
  root: FileSystemDirectoryHandle,
  complete: CompleteSet,
  link: Link | null,
  withRows: boolean,
): Promise<{ readonly link: Link; readonly written: number; readonly waiting: number }> {
  if (!link) await writeGitAttributes(root);
  const { folder, base } = link ?? { folder: await freeFolder(root, complete), base: {} };
  const files = outgoing(complete, withRows);
  const [here, there] = [await sumsOf(files), await sumsOf(await readFiles(root, folder))];
  const foreign = new Set(folderChanges(base, here, there).flatMap((change) => change.paths));
  const write = new Map([...files].filter(([path]) => here[path] !== there[path] && !foreign.has(path)));
  const remove = Object.keys(base).filter((path) => !files.has(path) && there[path] === base[path]);
  await writeFiles(root, folder, write, remove);
  const agreed = Object.entries(here).map(([path, sum]) => [path, foreign.has(path) ? base[path] : sum] as const);
  const kept = Object.entries(base).filter(([path]) => foreign.has(path) && here[path] === undefined);
  const next = Object.fromEntries([...agreed, ...kept].filter((entry): entry is [string, string] => !!entry[1]));
  return { link: { folder, base: next }, written: write.size + remove.length, waiting: foreign.size };
}

/** The handle in lower case, numbered if another set has that folder. */
async function freeFolder(root: FileSystemDirectoryHandle, { set }: CompleteSet): Promise<string> {
  const name = set.handle.toLowerCase();
  for (let n = 1; ; n++) {
    const folder = n === 1 ? name : `${name}-${n}`;
    const files = await readFiles(root, folder);
    const there = files.has(SET_FILE) ? readSetFiles(files) : null;
    if (files.size === 0 || (there?.ok && there.value.set.id === set.id)) return folder;
  }
}

/** The changes of others to a set. */
export async function lookAt(
  root: FileSystemDirectoryHandle,
  complete: CompleteSet,
  link: Link,
  withRows: boolean,
): Promise<readonly FolderChange[]> {
  const there = await readFiles(root, link.folder);
  return folderChanges(link.base, await sumsOf(outgoing(complete, withRows)), await sumsOf(there));
}

/** Folders with a prompt set that is not in this browser, by name. */
export async function newcomers(
  root: FileSystemDirectoryHandle,
  known: ReadonlySet<string>,
): Promise<readonly { readonly folder: string; readonly read: Result<CompleteSet> }[]> {
  const found: { folder: string; read: Result<CompleteSet> }[] = [];
  for (const folder of await subfolders(root)) {
    const files = await readFiles(root, folder);
    if (!files.has(SET_FILE)) continue;
    const read = readSetFiles(files);
    if (!read.ok || !known.has(read.value.set.id)) found.push({ folder, read });
  }
  return found;
}

/** The set with the changes taken, and the files then agreed on; a version that is kept overwrites theirs later. */
export async function decide(
  root: FileSystemDirectoryHandle,
  complete: CompleteSet,
  link: Link,
  changes: readonly FolderChange[],
  decisions: Decisions,
): Promise<Result<{ readonly complete: CompleteSet; readonly link: Link }>> {
  const there = await readFiles(root, link.folder);
  const taken = changes.filter(({ name }) => decisions[name] === 'take');
  const merged = readSetFiles(withTaken(setFiles(complete), there, taken));
  if (!merged.ok) return merged;
  const base: Record<string, string> = { ...link.base };
  const sums = await sumsOf(there);
  for (const path of changes.filter(({ name }) => decisions[name]).flatMap((change) => change.paths)) {
    const sum = sums[path];
    if (sum === undefined) delete base[path];
    else base[path] = sum;
  }
  // a verdict kept in place of comparisons says nothing where they are
  const { set, evaluations } = merged.value;
  const taking = evaluations.length > 0 ? { ...merged.value, set: { ...set, verdict: undefined } } : merged.value;
  return { ok: true, value: { complete: taking, link: { folder: link.folder, base } } };
}

async function sumsOf(files: Files): Promise<Sums> {
  const sums: Record<string, string> = {};
  for (const [path, bytes] of files) sums[path] = await sha256(Uint8Array.from(bytes));
  return sums;
}

/** Names of the folders directly in it, without hidden ones (`.git`). */
async function subfolders(root: FileSystemDirectoryHandle): Promise<readonly string[]> {
  const names: string[] = [];
  for await (const [name, entry] of root.entries())
    if (entry.kind === 'directory' && !name.startsWith('.')) names.push(name);
  return names.sort();
}

/** All files below a folder, by path; empty if there is no such folder. @throws StudioError `bad-input` if there are too many */
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
        throw badInput(
          `The folder “${folder}” has more files than a prompt set needs (${LIMITS.files} files, ${Math.round(LIMITS.totalBytes / 2 ** 20)} MB). Choose a folder that contains only prompt sets.`,
        );
      files.set(`${prefix}${name}`, new Uint8Array(await file.arrayBuffer()));
    }
  }
  const found = await root.getDirectoryHandle(folder).catch(() => null);
  if (found) await walk(found, '');
  return files;
}

/** Writes files below a folder and deletes others; missing folders are created. */
async function writeFiles(
  root: FileSystemDirectoryHandle,
  folder: string,
  write: Files,
  remove: readonly string[],
): Promise<void> {
  const top = await root.getDirectoryHandle(folder, { create: true });
  for (const [path, bytes] of write) {
    const { directory, name } = await place(top, path);
    await writeFile(directory, name, Uint8Array.from(bytes));
  }
  for (const path of remove) {
    const { directory, name } = await place(top, path);
    await directory.removeEntry(name).catch(() => undefined); // already removed
  }
}

/** Keeps git from converting line ends, which would make files look changed. An existing file is left alone. */
async function writeGitAttributes(root: FileSystemDirectoryHandle): Promise<void> {
  const name = '.gitattributes';
  if (await root.getFileHandle(name).catch(() => null)) return;
  await writeFile(root, name, '*.json text eol=lf\n*.npy binary\n');
}

async function writeFile(directory: FileSystemDirectoryHandle, name: string, content: FileSystemWriteChunkType) {
  const stream = await (await directory.getFileHandle(name, { create: true })).createWritable();
  await stream.write(content);
  await stream.close();
}

async function place(top: FileSystemDirectoryHandle, path: string) {
  const parts = path.split('/');
  const name = parts.pop() ?? '';
  let directory = top;
  for (const part of parts) directory = await directory.getDirectoryHandle(part, { create: true });
  return { directory, name };
}
