/** The folder that a team keeps its prompt sets in: written on save, looked at on request, taken from as somebody decides. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { FolderChange } from '../../../interchange/folder-changes';
import type { CompleteSet } from '../../../interchange/set-files';
import { StudioError } from '../../../lib/errors';
import type { ProjectStore } from '../../state/project-store';
import type { Services } from '../../state/services';
import { toastUndo } from '../../ui';
import { mayUse, whyFolderFailed } from './folder-access';
import { loadInterchange } from './load-interchange';
import type { Decisions, Link } from './team-folder';
import { readStored, storeWhole } from './whole-store';

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

export interface TeamState {
  readonly isOpen: boolean;
  /** Name of the folder; null = none is connected. */
  readonly folder: string | null;
  /** The browser wants to be asked again before the page may use it. */
  readonly asksAgain: boolean;
  readonly withRows: boolean;
  readonly busy: string | null;
  readonly said: string | null;
  readonly error: string | null;
  readonly waiting: readonly Waiting[] | null;
  readonly decisions: Readonly<Record<string, Decisions>>;
  readonly open: () => Promise<void>;
  readonly close: () => void;
  readonly connect: (handle: FileSystemDirectoryHandle) => Promise<void>;
  readonly allow: () => Promise<void>;
  readonly disconnect: () => Promise<void>;
  readonly setWithRows: (withRows: boolean) => Promise<void>;
  readonly save: () => Promise<void>;
  readonly look: () => Promise<void>;
  readonly choose: (folder: string, change: string, decision: 'take' | 'mine' | 'leave') => void;
  readonly apply: () => Promise<void>;
}

export type TeamStore = StoreApi<TeamState>;

interface Kept {
  readonly handle: FileSystemDirectoryHandle;
  readonly withRows: boolean;
  readonly links: Readonly<Record<string, Link>>;
}

const SETTING = 'team-folder';
const PAUSE_MS = 2000;

export function createTeamStore(services: Services, project: ProjectStore): TeamStore {
  const { store: disk } = services;
  let kept: Kept | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  /** Sets that were changed and not yet written. */
  const changed = new Set<string>();

  return createStore<TeamState>((set, get) => {
    const remember = async (next: Kept) => {
      kept = next;
      await disk.settings.set(SETTING, next);
    };
    const linked = (links: Kept['links']) => (kept ? remember({ ...kept, links: { ...kept.links, ...links } }) : null);

    /** Does one thing at a time, and says what went wrong. */
    async function doing(what: string, work: (of: Kept) => Promise<string | null>): Promise<void> {
      if (!kept || get().busy !== null) return;
      set({ busy: what, error: null, said: null });
      try {
        const said = await work(kept);
        set({ busy: null, said });
      } catch (cause) {
        set({ busy: null, error: whyFolderFailed(cause) });
      }
    }

    async function eachSet(work: (whole: CompleteSet) => Promise<void>, only?: ReadonlySet<string>): Promise<void> {
      for (const { id } of project.getState().sets) {
        if (only && !only.has(id)) continue;
        const whole = await readStored(disk, id);
        if (whole) await work(whole);
      }
    }

    async function saveAll(of: Kept, only?: ReadonlySet<string>): Promise<string> {
      const { saveSet } = await loadInterchange();
      let [written, waiting] = [0, 0];
      await eachSet(async (whole) => {
        const { id } = whole.set;
        const result = await saveSet(of.handle, whole, kept?.links[id] ?? null, of.withRows);
        written += result.written;
        waiting += result.waiting;
        await linked({ [id]: result.link });
      }, only);
      const left = waiting > 0 ? ` ${waiting} were changed by others and not overwritten: look for changes.` : '';
      return `${written === 0 ? 'Nothing was new' : `${written} files written`}.${left}`;
    }

    async function lookForChanges(of: Kept): Promise<string> {
      const { lookAt, newcomers } = await loadInterchange();
      const found: Waiting[] = [];
      const ids = new Set<string>();
      await eachSet(async (whole) => {
        ids.add(whole.set.id);
        const link = of.links[whole.set.id];
        const changes = link ? await lookAt(of.handle, whole, link, of.withRows) : [];
        if (link && changes.length > 0)
          found.push({ folder: link.folder, name: whole.set.name, setId: whole.set.id, changes, error: null });
      });
      for (const { folder, read } of await newcomers(of.handle, ids)) {
        const known = found.some((waiting) => waiting.folder === folder);
        const links = Object.values(of.links).some((link) => link.folder === folder);
        if (read.ok) found.push({ folder, name: read.value.set.name, setId: null, changes: [], error: null });
        else if (!known && !links)
          found.push({ folder, name: folder, setId: null, changes: [], error: read.error.message });
      }
      set({ waiting: found, decisions: {} });
      return found.length === 0 ? 'The folder and this browser agree.' : '';
    }

    async function takeNew(of: Kept, { folder }: Waiting): Promise<void> {
      const { newcomers, saveSet } = await loadInterchange();
      const [fresh] = (await newcomers(of.handle, new Set())).filter((each) => each.folder === folder);
      if (!fresh?.read.ok) throw new StudioError('bad-input', `“${folder}” cannot be read any more. Look again.`);
      await storeWhole(disk, fresh.read.value);
      const { link } = await saveSet(of.handle, fresh.read.value, { folder, base: {} }, of.withRows);
      await linked({ [fresh.read.value.set.id]: link });
    }

    async function applyAll(of: Kept): Promise<string> {
      const { decide } = await loadInterchange();
      const before: CompleteSet[] = [];
      let taken = 0;
      for (const waiting of get().waiting ?? []) {
        const decisions = get().decisions[waiting.folder] ?? {};
        if (waiting.setId === null) {
          if (decisions.all !== 'take') continue;
          await takeNew(of, waiting);
          taken++;
          continue;
        }
        const whole = await readStored(disk, waiting.setId);
        const link = kept?.links[waiting.setId];
        if (!whole || !link || Object.keys(decisions).length === 0) continue;
        const decided = await decide(of.handle, whole, link, waiting.changes, decisions);
        if (!decided.ok) throw new StudioError('bad-input', `“${waiting.name}”: ${decided.error.message}`);
        before.push(whole);
        await storeWhole(disk, decided.value.whole, whole);
        await linked({ [waiting.setId]: decided.value.link });
        taken += Object.values(decisions).filter((decision) => decision === 'take').length;
      }
      await reopen();
      if (before.length > 0)
        toastUndo('Changes of others were taken', () => {
          void Promise.all(before.map((whole) => storeWhole(disk, whole))).then(reopen);
        });
      set({ waiting: null, decisions: {} });
      return taken === 0 ? 'Nothing was taken.' : `${taken} taken.`;
    }

    /** What is on the screen is read anew. */
    async function reopen(): Promise<void> {
      const open = project.getState().set?.id;
      await project.getState().refresh();
      if (open === undefined) return;
      project.getState().close();
      await project.getState().open(open);
    }

    /** A moment after the last change; what goes on with the folder, or is decided in the dialog, comes first. */
    function saveSoon(): void {
      clearTimeout(timer);
      timer = setTimeout(() => {
        if (get().isOpen || changed.size === 0) return;
        if (get().busy !== null) return saveSoon();
        const only = new Set(changed);
        changed.clear();
        void doing('Saving', (of) => saveAll(of, only));
      }, PAUSE_MS);
    }

    project.subscribe((next, previous) => {
      if (next.sets === previous.sets || !kept || get().asksAgain) return;
      const before = new Map(previous.sets.map(({ id, updatedAt }) => [id, updatedAt]));
      for (const { id, updatedAt } of next.sets) if (before.get(id) !== updatedAt) changed.add(id);
      saveSoon();
    });

    /** What was connected before, and whether the browser still lets the page use it. */
    async function recall(): Promise<void> {
      kept ??= await disk.settings.get<Kept>(SETTING);
      if (!kept) return;
      const asksAgain = !(await mayUse(kept.handle, 'query'));
      set({ folder: kept.handle.name, withRows: kept.withRows, asksAgain });
    }
    void recall().catch(() => undefined); // said when the dialog is opened

    return {
      isOpen: false,
      folder: null,
      asksAgain: false,
      withRows: false,
      busy: null,
      said: null,
      error: null,
      waiting: null,
      decisions: {},
      open: async () => {
        set({ isOpen: true, said: null, error: null, waiting: null, decisions: {} });
        await recall().catch((cause: unknown) => set({ error: whyFolderFailed(cause) }));
      },
      close: () => {
        set({ isOpen: false });
        saveSoon();
      },
      connect: async (handle) => {
        await remember({ handle, withRows: get().withRows, links: {} });
        set({ folder: handle.name, asksAgain: false });
        await doing('Saving', (of) => saveAll(of));
      },
      allow: async () => {
        if (kept) set({ asksAgain: !(await mayUse(kept.handle, 'request')) });
      },
      disconnect: async () => {
        kept = null;
        await disk.settings.set(SETTING, null);
        set({ folder: null, waiting: null, said: null, error: null });
      },
      setWithRows: async (withRows) => {
        set({ withRows });
        if (kept) await remember({ ...kept, withRows });
      },
      save: () => doing('Saving', (of) => saveAll(of)),
      look: () => doing('Looking', lookForChanges),
      choose: (folder, change, decision) =>
        set(({ decisions }) => {
          const { [change]: _before, ...others } = decisions[folder] ?? {};
          return {
            decisions: { ...decisions, [folder]: decision === 'leave' ? others : { ...others, [change]: decision } },
          };
        }),
      apply: () => doing('Taking', applyAll),
    };
  });
}
