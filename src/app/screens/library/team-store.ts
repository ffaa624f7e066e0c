/** The team folder: written after every change here; on request the folder and this browser get what the other has. */
import { createStore } from 'zustand/vanilla';
import { inTurn } from '../../../lib/control';
import { badInput } from '../../../lib/errors';
import { type Resource, resource } from '../../state/resource';
import { perStudio, type Studio } from '../../state/studio';
import type { Connected, Team } from './team-folder';

interface TeamState {
  readonly isOpen: boolean;
  /** For the folder that is connected next. */
  readonly withRows: boolean;
}

const TEAM_SETTING = 'team-folder';
const PAUSE_MS = 2000;

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

function folderError(cause: unknown): unknown {
  const name = cause instanceof DOMException ? cause.name : '';
  if (name === 'NotFoundError')
    return badInput('The folder no longer exists: it was moved or deleted. Choose it again.');
  if (name === 'NotAllowedError')
    return badInput('The browser does not let the page use the folder. Choose it again, and allow changes.');
  return cause;
}

const loadFolder = () => import('./team-folder');

/** The connected folder, and the work on it: one thing at a time. */
function teamFolder(studio: Studio) {
  const { services, stores } = studio;
  const connection: Resource<'team', Connected | null> = resource(async () => {
    const known = await services.store.settings.get<Connected>(TEAM_SETTING);
    return known && { ...known, isAllowed: await mayUse(known.handle, 'query') };
  });
  const connected = () => connection.getState().value;
  const remember = async (next: Connected | null) => {
    await services.store.settings.set(TEAM_SETTING, next);
    connection.set(next, 'team');
  };
  const turn = inTurn();
  const change = (next: (before: Connected) => Connected | Promise<Connected>) =>
    turn(async () => {
      const before = connected();
      if (before) await remember(await next(before));
    });
  const folder: Team = {
    disk: services.store,
    promptSets: stores.promptSets,
    connected: () => {
      const now = connected();
      if (!now) throw badInput('The folder was disconnected.');
      return now;
    },
    remember: (links) => change((before) => ({ ...before, links: { ...before.links, ...links } })),
  };
  const work = resource((start: () => Promise<readonly string[]>) =>
    start().catch((cause: unknown) => Promise.reject(folderError(cause))),
  );
  const isBusy = () => work.getState().status === 'loading';
  const run = async (start: () => Promise<readonly string[]>) => {
    if (connected() && !isBusy()) await work.load(start);
  };
  return { connection, connected, remember, change, folder, work, isBusy, run };
}

export const team = perStudio((studio) => {
  const { connection, connected, remember, change, folder, work, isBusy, run } = teamFolder(studio);
  const state = createStore<TeamState>(() => ({ isOpen: false, withRows: false }));
  const clear = () => {
    if (!isBusy()) work.clear();
  };
  const exchange = () =>
    run(async () => {
      const said = await (await loadFolder()).exchangeAll(folder);
      return said.length > 0 ? said : ['The folder and this browser agree.'];
    });
  saveOnChange(
    folder.promptSets,
    () => connected()?.isAllowed ?? false,
    () => !state.getState().isOpen && !isBusy(),
    (ids) => void run(async () => (await loadFolder()).exchange(folder, ids, false)),
  );
  void connection.load('team');
  return {
    state,
    connection,
    work,
    open: async () => {
      clear();
      state.setState({ isOpen: true });
      await connection.reload();
    },
    close: () => state.setState({ isOpen: false }),
    connect: async (handle: FileSystemDirectoryHandle) => {
      await remember({ handle, withRows: state.getState().withRows, isAllowed: true, links: {} });
      await exchange();
    },
    allow: () => change(async (before) => ({ ...before, isAllowed: await mayUse(before.handle, 'request') })),
    disconnect: async () => {
      clear();
      await remember(null);
    },
    setWithRows: async (withRows: boolean) => {
      await change((before) => ({ ...before, withRows }));
      state.setState({ withRows });
    },
    exchange,
  };
});

/** Saves the changed sets a moment after the last change, or later if saving may not start yet. */
function saveOnChange(
  promptSets: Team['promptSets'],
  isWatched: () => boolean,
  mayStart: () => boolean,
  save: (only: ReadonlySet<string>) => void,
): void {
  const changed = new Set<string>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (!mayStart()) return soon();
      save(new Set(changed));
      changed.clear();
    }, PAUSE_MS);
  };
  promptSets.subscribe((next, previous) => {
    if (next.sets === previous.sets || !isWatched()) return;
    const before = new Map(previous.sets.map(({ id, updatedAt }) => [id, updatedAt]));
    const found = next.sets.filter(({ id, updatedAt }) => before.get(id) !== updatedAt);
    for (const { id } of found) changed.add(id);
    if (found.length > 0) soon();
  });
}
