/** What the team dialog does with the connected folder: save, look for changes, and take what was decided. */
import type { FolderChange } from '../../../interchange/folder-changes';
import type { CompleteSet } from '../../../interchange/set-files';
import { StudioError } from '../../../lib/errors';
import { freeHandle } from '../../../project/handle';
import type { Store } from '../../../store/store';
import type { ProjectStore } from '../../state/project-store';
import { readStored, storeSet } from './stored-set';
import type { Decisions, Link } from './team-folder';

/** What waits in the folder: changes of a set that is here, or a set that is not. */
export interface Waiting {
  readonly folder: string;
  readonly name: string;
  /** Null = the set is not here yet. */
  readonly setId: string | null;
  readonly changes: readonly FolderChange[];
  /** Why it cannot be read. */
  readonly error: string | null;
}

/** The connected folder, as it is remembered. */
export interface Connected {
  readonly handle: FileSystemDirectoryHandle;
  readonly withRows: boolean;
  readonly links: Readonly<Record<string, Link>>;
}

export interface Team {
  readonly disk: Store;
  readonly project: ProjectStore;
  /** As it is now: saving a set adds its link. */
  readonly connected: () => Connected;
  readonly remember: (links: Connected['links']) => Promise<void>;
}

const loadFolder = () => import('./team-folder');

async function eachSet(
  { disk, project }: Team,
  work: (complete: CompleteSet) => Promise<void>,
  only?: ReadonlySet<string>,
): Promise<void> {
  for (const { id } of project.getState().sets) {
    if (only && !only.has(id)) continue;
    const complete = await readStored(disk, id);
    if (complete) await work(complete);
  }
}

/** Writes what changed, of all sets or of those in `only`. Resolves to what to tell the person. */
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
  const left = waiting > 0 ? ` Others changed ${waiting} files, which were not overwritten: look for changes.` : '';
  return `${written === 0 ? 'No changes to write' : `${written} files written`}.${left}`;
}

/** What others changed or added. */
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

/** The set with a handle that no other set here has. */
function withOwnHandle({ project }: Team, complete: CompleteSet): CompleteSet {
  const { id, handle } = complete.set;
  const taken = project.getState().sets.flatMap((set) => (set.id === id ? [] : [set.handle]));
  return { ...complete, set: { ...complete.set, handle: freeHandle(handle, taken) } };
}

async function takeNew(team: Team, folder: string): Promise<void> {
  const { newcomers, saveSet } = await loadFolder();
  const { handle, withRows } = team.connected();
  const [fresh] = (await newcomers(handle, new Set())).filter((each) => each.folder === folder);
  if (!fresh?.read.ok) throw new StudioError('bad-input', `“${folder}” can no longer be read. Look again.`);
  await storeSet(team.disk, withOwnHandle(team, fresh.read.value));
  const { link } = await saveSet(handle, fresh.read.value, { folder, base: {} }, withRows);
  await team.remember({ [fresh.read.value.set.id]: link });
}

/** Applies the decisions. Resolves to the sets as they were, for an undo, and how much was taken. */
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
    if (!merged.ok) throw new StudioError('bad-input', `“${name}”: ${merged.error.message}`);
    before.push(complete);
    await storeSet(team.disk, withOwnHandle(team, merged.value.complete), complete);
    await team.remember({ [setId]: merged.value.link });
    taken += Object.values(decided).filter((decision) => decision === 'take').length;
  }
  return { before, taken };
}
