/** The team folder: written after every save, read on request, and changed sets taken as the person decides. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import { StudioError } from '../../../lib/errors';
import { screenStore } from '../../state/screen-store';
import type { Studio } from '../../state/studio';
import { toastUndo } from '../../ui';
import { storeSet } from './stored-set';
import type { Decisions } from './team-folder';
import { applyDecisions, type Connected, findWaiting, saveAll, type Team, type Waiting } from './team-work';

interface TeamState {
  readonly isOpen: boolean;
  /** Name of the folder; null = none is connected. */
  readonly folder: string | null;
  /** The browser wants to ask again before the page may use it. */
  readonly asksAgain: boolean;
  readonly withRows: boolean;
  /** What is being done, one thing at a time. */
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

const TEAM_SETTING = 'team-folder';
const PAUSE_MS = 2000;

const IDLE = {
  isOpen: false,
  folder: null,
  asksAgain: false,
  withRows: false,
  busy: null,
  said: null,
  error: null,
  waiting: null,
  decisions: {},
} as const;

type Permitting = FileSystemDirectoryHandle & {
  queryPermission?(options: { mode: 'readwrite' }): Promise<PermissionState>;
  requestPermission?(options: { mode: 'readwrite' }): Promise<PermissionState>;
};

/** `request` shows the browser's question; folders that need no permission may always be used. */
async function mayUse(handle: FileSystemDirectoryHandle, how: 'query' | 'request'): Promise<boolean> {
  const options = { mode: 'readwrite' } as const;
  const asked = handle as Permitting;
  const state = await (how === 'query' ? asked.queryPermission?.(options) : asked.requestPermission?.(options));
  return state === undefined || state === 'granted';
}

function whyFolderFailed(cause: unknown): string {
  if (cause instanceof StudioError) return cause.message;
  if (cause instanceof DOMException && cause.name === 'NotFoundError')
    return 'The folder no longer exists: it was moved or deleted. Choose it again.';
  if (cause instanceof DOMException && cause.name === 'NotAllowedError')
    return 'The browser does not let the page use the folder. Choose it again, and allow changes.';
  return `Something went wrong: ${String(cause)}`;
}

function createTeamStore({ services, stores: { project } }: Studio): StoreApi<TeamState> {
  const { store: disk } = services;
  let connected: Connected | null = null;

  const remember = async (next: Connected | null) => {
    connected = next;
    await disk.settings.set(TEAM_SETTING, next);
  };
  const team: Team = {
    disk,
    project,
    connected: () => {
      if (!connected) throw new StudioError('bad-input', 'No folder is connected any more.');
      return connected;
    },
    remember: async (links) => {
      if (connected) await remember({ ...connected, links: { ...connected.links, ...links } });
    },
  };

  /** Does one thing at a time, and says what went wrong. */
  async function doing(what: string, work: () => Promise<string>): Promise<void> {
    if (!connected || store.getState().busy !== null) return;
    store.setState({ busy: what, error: null, said: null });
    try {
      store.setState({ said: await work() });
    } catch (cause) {
      store.setState({ error: whyFolderFailed(cause) });
    } finally {
      store.setState({ busy: null });
    }
  }

  /** What was connected before, and whether the browser still lets the page use it. */
  async function recall(): Promise<void> {
    connected ??= await disk.settings.get<Connected>(TEAM_SETTING);
    if (!connected) return;
    const asksAgain = !(await mayUse(connected.handle, 'query'));
    store.setState({ folder: connected.handle.name, withRows: connected.withRows, asksAgain });
  }

  const saver = saveOnChange(
    project,
    () => store.getState(),
    (only) => doing('Saving', () => saveAll(team, only)),
  );

  const store = createStore<TeamState>((set, get) => ({
    ...IDLE,
    open: async () => {
      set({ isOpen: true, said: null, error: null, waiting: null, decisions: {} });
      await recall().catch((cause: unknown) => set({ error: whyFolderFailed(cause) }));
    },
    close: () => {
      set({ isOpen: false });
      saver.soon();
    },
    connect: async (handle) => {
      await remember({ handle, withRows: get().withRows, links: {} });
      set({ folder: handle.name, asksAgain: false });
      await doing('Saving', () => saveAll(team));
    },
    allow: async () => {
      if (connected) set({ asksAgain: !(await mayUse(connected.handle, 'request')) });
    },
    disconnect: async () => {
      await remember(null);
      set({ folder: null, waiting: null, said: null, error: null });
    },
    setWithRows: async (withRows) => {
      set({ withRows });
      if (connected) await remember({ ...connected, withRows });
    },
    save: () => doing('Saving', () => saveAll(team)),
    look: () =>
      doing('Looking', async () => {
        const waiting = await findWaiting(team);
        set({ waiting, decisions: {} });
        return waiting.length === 0 ? 'The folder and this browser agree.' : '';
      }),
    choose: (folder, change, decision) => set(({ decisions }) => chosen(decisions, folder, change, decision)),
    apply: () =>
      doing('Taking', async () => {
        const { before, taken } = await applyDecisions(team, get().waiting ?? [], get().decisions);
        await reopen(team);
        if (before.length > 0)
          toastUndo('Changes of others were taken', () => {
            void Promise.all(before.map((complete) => storeSet(disk, complete))).then(() => reopen(team));
          });
        set({ waiting: null, decisions: {} });
        return taken === 0 ? 'Nothing was taken.' : `${taken} taken.`;
      }),
  }));
  void recall().catch(() => undefined); // shown when the dialog is opened
  return store;
}

/** Saves the changed sets a moment after the last change; the dialog and whatever is being done come first. */
function saveOnChange(
  project: Team['project'],
  state: () => Pick<TeamState, 'isOpen' | 'busy' | 'folder' | 'asksAgain'>,
  save: (only: ReadonlySet<string>) => Promise<void>,
) {
  const changed = new Set<string>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (state().isOpen || changed.size === 0) return;
      if (state().busy !== null) return soon();
      const only = new Set(changed);
      changed.clear();
      void save(only);
    }, PAUSE_MS);
  };
  project.subscribe((next, previous) => {
    if (next.sets === previous.sets || state().folder === null || state().asksAgain) return;
    const before = new Map(previous.sets.map(({ id, updatedAt }) => [id, updatedAt]));
    for (const { id, updatedAt } of next.sets) if (before.get(id) !== updatedAt) changed.add(id);
    soon();
  });
  return { soon };
}

/** Reads again what is on the screen. */
async function reopen({ project }: Pick<Team, 'project'>): Promise<void> {
  const open = project.getState().set?.id;
  await project.getState().refresh();
  if (open === undefined) return;
  project.getState().close();
  await project.getState().open(open);
}

function chosen(
  decisions: TeamState['decisions'],
  folder: string,
  change: string,
  decision: 'take' | 'mine' | 'leave',
): Pick<TeamState, 'decisions'> {
  const { [change]: _before, ...others } = decisions[folder] ?? {};
  return { decisions: { ...decisions, [folder]: decision === 'leave' ? others : { ...others, [change]: decision } } };
}

export const useTeam = screenStore(createTeamStore);
