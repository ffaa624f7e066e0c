/** The work of the team dialog: save to the connected folder, look for changes, and apply the decisions. */

import type { CompleteSet } from '../../../interchange/set-files';
import type { FolderChange } from '../../../interchange/set-package';
import { badInput } from '../../../lib/errors';
import { counted } from '../../../lib/format';
import { freeHandle } from '../../../prompt-set/handle';
import type { Store } from '../../../store/store';
import type { PromptSetsStore } from '../../state/prompt-sets-store';
import { readStored, storeSet } from './stored-set';
import type { Decisions, Link } from './team-folder';

/** Something new in the folder: changes of a set in this browser, or another set. */
export interface Waiting {
  readonly folder: string;
  readonly name: string;
  /** Null = the set is not in this browser yet. */
  readonly setId: string | null;
  readonly changes: readonly FolderChange[];
  /** Why it cannot be read. */
  readonly error: string | null;
}

/** The connected folder, as it is stored in the settings. */
export interface Connected {
  readonly handle: FileSystemDirectoryHandle;
  /** Whether the browser lets the page use it without asking; checked at every visit. */
  readonly isAllowed: boolean;
  readonly withRows: boolean;
  readonly links: Readonly<Record<string, Link>>;
}

export interface Team {
  readonly disk: Store;
  readonly promptSets: PromptSetsStore;
  /** The present state: saving a set adds its link. @throws StudioError `bad-input` if none is connected */
  readonly connected: () => Connected;
  readonly remember: (links: Connected['links']) => Promise<void>;
}

const loadFolder = () => import('./team-folder');

async function eachSet(
  { disk, promptSets }: Team,
  work: (complete: CompleteSet) => Promise<void>,
  only?: ReadonlySet<string>,
): Promise<void> {
  for (const { id } of promptSets.getState().sets) {
    if (only && !only.has(id)) continue;
    const complete = await readStored(disk, id);
    if (complete) await work(complete);
  }
}

/** Writes the changed files of all sets, or of those in `only`. Resolves to the result in words. */
export async function saveAll(team: Team, only?: ReadonlySet<string>): Promise<string> {
  const { saveSet } = await loadFolder();
  let [written, waiting] = [0, 0];
  const save = async (complete: CompleteSet) => {
    const { handle, links, withRows } = team.connected();
    const { id } = complete.set;
    const result = await saveSet(handle, complete, links[id] ?? null, withRows);
    written += result.written;
    waiting += result.waiting;
    await team.remember({ [id]: result.link });
  };
  await eachSet(team, save, only);
  const left =
    waiting > 0 ? ` ${counted(waiting, 'file')} changed by others and not overwritten: look for changes.` : '';
  return `${written === 0 ? 'No changes to write' : `${counted(written, 'file')} written`}.${left}`;
}

/** The changes of others, and the sets they added. */
export async function findWaiting(team: Team): Promise<readonly Waiting[]> {
  const { lookAt, newcomers } = await loadFolder();
  const { handle, links, withRows } = team.connected();
  const found: Waiting[] = [];
  const ids = new Set<string>();
  await eachSet(team, async (complete) => {
    const { id: setId, name } = complete.set;
    ids.add(setId);
    const link = links[setId];
    const changes = link ? await lookAt(handle, complete, link, withRows) : [];
    if (link && changes.length > 0) found.push({ folder: link.folder, name, setId, changes, error: null });
  });
  const known = new Set([...found, ...Object.values(links)].map(({ folder }) => folder));
  for (const { folder, read } of await newcomers(handle, ids)) {
    if (read.ok) found.push({ folder, name: read.value.set.name, setId: null, changes: [], error: null });
    else if (!known.has(folder))
      found.push({ folder, name: folder, setId: null, changes: [], error: read.error.message });
  }
  return found;
}

function withOwnHandle({ promptSets }: Team, complete: CompleteSet): CompleteSet {
  const { id, handle } = complete.set;
  const taken = promptSets.getState().sets.flatMap((set) => (set.id === id ? [] : [set.handle]));
  return { ...complete, set: { ...complete.set, handle: freeHandle(handle, taken) } };
}

async function takeNew(team: Team, folder: string): Promise<void> {
  const { newcomers, saveSet } = await loadFolder();
  const { handle, withRows } = team.connected();
  const [fresh] = (await newcomers(handle, new Set())).filter((each) => each.folder === folder);
  if (!fresh?.read.ok) throw badInput(`The folder “${folder}” can no longer be read. Look for changes again.`);
  await storeSet(team.disk, withOwnHandle(team, fresh.read.value));
  const { link } = await saveSet(handle, fresh.read.value, { folder, base: {} }, withRows);
  await team.remember({ [fresh.read.value.set.id]: link });
}

/** Applies the decisions. Resolves to the sets before, for an undo, and to the number of changes taken. */
export async function applyDecisions(
  team: Team,
  waiting: readonly Waiting[],
  decisions: Readonly<Record<string, Decisions>>,
): Promise<{ readonly before: readonly CompleteSet[]; readonly taken: number }> {
  const { decide } = await loadFolder();
  const before: CompleteSet[] = [];
  let taken = 0;
  for (const { folder, name, setId, changes } of waiting) {
    const decided = decisions[folder] ?? {};
    if (setId === null) {
      if (decided.all !== 'take') continue;
      await takeNew(team, folder);
      taken++;
      continue;
    }
    const complete = await readStored(team.disk, setId);
    const { handle, links } = team.connected();
    const link = links[setId];
    if (!complete || !link || Object.keys(decided).length === 0) continue;
    const merged = await decide(handle, complete, link, changes, decided);
    if (!merged.ok) throw badInput(`“${name}”: ${merged.error.message}`);
    before.push(complete);
    await storeSet(team.disk, withOwnHandle(team, merged.value.complete), complete);
    await team.remember({ [setId]: merged.value.link });
    taken += Object.values(decided).filter((decision) => decision === 'take').length;
  }
  return { before, taken };
}
