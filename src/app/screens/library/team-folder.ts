/** Prompt sets against a folder: what is written, what others did, and what is taken of it. Knows no screen. */

import { type FolderChange, folderChanges, type Sums, withTaken } from '../../../interchange/folder-changes';
import { type CompleteSet, readSetFiles, SET_FILE, setFiles, withoutRows } from '../../../interchange/set-files';
import type { Result } from '../../../lib/result';
import { type Files, readFiles, subfolders, sumsOf, writeFiles, writeGitAttributes } from './folder-io';

/** What is remembered of a set in the folder. */
export interface Link {
  readonly folder: string;
  /** As both sides last agreed. */
  readonly base: Sums;
}

/** Decisions by the name of a change; what is not named is left for now. */
export type Decisions = Readonly<Record<string, 'take' | 'mine'>>;

/** The set as it goes to the folder: without rows unless the user said so. */
const outgoing = (whole: CompleteSet, withRows: boolean): Files => setFiles(withRows ? whole : withoutRows(whole));

/** Writes what changed here. What others changed meanwhile is not overwritten; how many files that is comes back. */
export async function saveSet(
  root: FileSystemDirectoryHandle,
  whole: CompleteSet,
  link: Link | null,
  withRows: boolean,
): Promise<{ readonly link: Link; readonly written: number; readonly waiting: number }> {
  if (!link) await writeGitAttributes(root);
  const { folder, base } = link ?? { folder: await freeFolder(root, whole), base: {} };
  const files = outgoing(whole, withRows);
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

/** The handle in small letters: numbered where another set lies there. */
async function freeFolder(root: FileSystemDirectoryHandle, { set }: CompleteSet): Promise<string> {
  const name = set.handle.toLowerCase();
  for (let n = 1; ; n++) {
    const folder = n === 1 ? name : `${name}-${n}`;
    const files = await readFiles(root, folder);
    const there = files.has(SET_FILE) ? readSetFiles(files) : null;
    if (files.size === 0 || (there?.ok && there.value.set.id === set.id)) return folder;
  }
}

/** What others did to a set. */
export async function lookAt(
  root: FileSystemDirectoryHandle,
  whole: CompleteSet,
  link: Link,
  withRows: boolean,
): Promise<readonly FolderChange[]> {
  const there = await readFiles(root, link.folder);
  return folderChanges(link.base, await sumsOf(outgoing(whole, withRows)), await sumsOf(there));
}

/** Folders with a project that is not here, by name. */
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

/**
 * The set with what was decided to be taken, and what both sides agree on then. What is kept as it is here is written over
 * theirs at the next save.
 */
export async function decide(
  root: FileSystemDirectoryHandle,
  whole: CompleteSet,
  link: Link,
  changes: readonly FolderChange[],
  decisions: Decisions,
): Promise<Result<{ readonly whole: CompleteSet; readonly link: Link }>> {
  const there = await readFiles(root, link.folder);
  const taken = changes.filter(({ name }) => decisions[name] === 'take');
  const merged = readSetFiles(withTaken(setFiles(whole), there, taken));
  if (!merged.ok) return merged;
  const base: Record<string, string> = { ...link.base };
  const sums = await sumsOf(there);
  for (const path of changes.filter(({ name }) => decisions[name]).flatMap((change) => change.paths)) {
    const sum = sums[path];
    if (sum === undefined) delete base[path];
    else base[path] = sum;
  }
  return { ok: true, value: { whole: merged.value, link: { folder: link.folder, base } } };
}
