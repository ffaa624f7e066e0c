/** Prompt sets in a team's folder: every exchange gives both sides the union of their copies. */
import { type CompleteSet, readSetFiles, SET_FILE, setFiles, withoutRows } from '../../../interchange/set-files';
import { agreedOn, type State, united } from '../../../interchange/union';
import { type Files, LIMITS } from '../../../interchange/zip';
import { badInput } from '../../../lib/errors';
import { counted } from '../../../lib/format';
import { freeHandle } from '../../../prompt-set/handle';
import type { Store } from '../../../store/store';
import type { PromptSetsStore } from '../../state/prompt-sets-store';
import { readStored, storeSet } from './stored-set';

interface Link {
  readonly folder: string;
  readonly agreed: State;
}

/** The connected folder, as it is stored in the settings. */
export interface Connected {
  readonly handle: FileSystemDirectoryHandle;
  /** Whether the browser lets the page use it without asking; checked at every visit. */
  readonly isAllowed: boolean;
  readonly withRows: boolean;
  /** By set; that of a set which was deleted here stays, so that it does not come back. */
  readonly links: Readonly<Record<string, Link>>;
}

export interface Team {
  readonly disk: Store;
  readonly promptSets: PromptSetsStore;
  /** @throws StudioError `bad-input` if none is connected */
  readonly connected: () => Connected;
  readonly remember: (links: Connected['links']) => Promise<void>;
}

/**
 * The union of some sets and of the folder's copies, written there. Resolves to what happened, in words.
 * @param isTaken it is stored here too
 */
export async function exchange(team: Team, ids: Iterable<string>, isTaken: boolean): Promise<string[]> {
  const said: string[] = [];
  let written = 0;
  for (const id of ids) {
    const here = await readStored(team.disk, id);
    if (!here) continue;
    const { handle: root, links, withRows } = team.connected();
    const { folder, agreed } = links[id] ?? { folder: await freeFolder(root, here), agreed: {} };
    const files = await readFiles(root, folder);
    const there = files.has(SET_FILE) ? setIn(folder, files) : null;
    const own = withRows ? here : withoutRows(here);
    const saved = there ? united(own, there, agreed).complete : own;
    written += await writeFiles(root, folder, setFiles(saved), files);
    const found = there && isTaken ? united(here, there, agreed) : null;
    const after = found ? withOwnHandle(team, found.complete) : here;
    if (changedIn(setFiles(after), setFiles(here)).length > 0) await keep(team, after, here);
    said.push(...(found?.said ?? []).map((words) => `${after.set.name}: ${words}.`));
    // the handle may have been taken here: then it differs on purpose
    const both = found ? { ...saved, set: { ...saved.set, handle: after.set.handle } } : saved;
    await team.remember({ [id]: { folder, agreed: agreedOn(agreed, after, both) } });
  }
  return written > 0 ? [...said, `${counted(written, 'file')} written.`] : said;
}

export async function exchangeAll(team: Team): Promise<readonly string[]> {
  const { sets } = team.promptSets.getState();
  const said = await exchange(
    team,
    sets.map(({ id }) => id),
    true,
  );
  const { handle: root, links } = team.connected();
  const known = new Set(Object.values(links).map(({ folder }) => folder));
  for (const folder of await subfolders(root)) {
    const files = known.has(folder) ? new Map() : await readFiles(root, folder);
    if (!files.has(SET_FILE)) continue;
    const there = setIn(folder, files);
    if (await team.disk.sets.get(there.set.id)) continue;
    const complete = withOwnHandle(team, there);
    await keep(team, complete);
    await team.remember({ [there.set.id]: { folder, agreed: agreedOn({}, complete, complete) } });
    said.push(`${there.set.name}: a new prompt set.`);
  }
  return said;
}

/** Stores a set, and opens it again if it is the open one. */
async function keep({ disk, promptSets }: Team, complete: CompleteSet, before?: CompleteSet): Promise<void> {
  await storeSet(disk, complete, before);
  const { set, refresh, close, open } = promptSets.getState();
  await refresh();
  if (set?.id !== complete.set.id) return;
  close();
  await open(set.id);
}

function setIn(folder: string, files: Files): CompleteSet {
  const read = readSetFiles(files);
  if (!read.ok) throw badInput(`“${folder}”: ${read.error.message}`);
  return read.value;
}

function withOwnHandle({ promptSets }: Team, complete: CompleteSet): CompleteSet {
  const { id, handle } = complete.set;
  const taken = promptSets.getState().sets.flatMap((set) => (set.id === id ? [] : [set.handle]));
  return { ...complete, set: { ...complete.set, handle: freeHandle(handle, taken) } };
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

/** Paths that only one side has, or that have other bytes. */
const changedIn = (files: Files, before: Files): readonly string[] =>
  [...new Set([...files.keys(), ...before.keys()])].filter((path) => {
    const [now, then] = [files.get(path), before.get(path)];
    return now?.length !== then?.length || !now?.every((byte, i) => byte === then?.[i]);
  });

/** Names of the folders directly in it, without hidden ones (`.git`). */
async function subfolders(root: FileSystemDirectoryHandle): Promise<readonly string[]> {
  const names: string[] = [];
  for await (const [name, entry] of root.entries())
    if (entry.kind === 'directory' && !name.startsWith('.')) names.push(name);
  return names.sort();
}

/** All files below a folder, by path; empty if there is no such folder. @throws StudioError `bad-input` if there are too many */
async function readFiles(root: FileSystemDirectoryHandle, folder: string): Promise<Files> {
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

/** Writes what differs, and resolves to how many files did. Git must not convert their line ends, which would be changes. */
async function writeFiles(
  root: FileSystemDirectoryHandle,
  folder: string,
  files: Files,
  before: Files,
): Promise<number> {
  const attributes = '.gitattributes';
  if (!(await root.getFileHandle(attributes).catch(() => null)))
    await writeFile(root, attributes, '*.json text eol=lf\n*.npy binary\n');
  // only measurements are removed: other files that nobody here wrote stay
  const changed = changedIn(files, before).filter((path) => files.has(path) || path.startsWith('measurements/'));
  for (const path of changed) {
    let directory = await root.getDirectoryHandle(folder, { create: true });
    const parts = path.split('/');
    const name = parts.pop() ?? '';
    for (const part of parts) directory = await directory.getDirectoryHandle(part, { create: true });
    const bytes = files.get(path);
    if (bytes) await writeFile(directory, name, Uint8Array.from(bytes));
    else await directory.removeEntry(name).catch(() => undefined); // already removed
  }
  return changed.length;
}

async function writeFile(directory: FileSystemDirectoryHandle, name: string, content: FileSystemWriteChunkType) {
  const stream = await (await directory.getFileHandle(name, { create: true })).createWritable();
  await stream.write(content);
  await stream.close();
}
