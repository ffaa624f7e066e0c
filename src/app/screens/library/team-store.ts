/** The team folder: written after every save and read on request; the user decides which changes of others to apply. */
import { createStore } from 'zustand/vanilla';
import { inTurn } from '../../../lib/control';
import { badInput } from '../../../lib/errors';
import { type Resource, resource } from '../../state/resource';
import { perStudio, type Studio } from '../../state/studio';
import { format, toastUndo } from '../../ui';
import { storeSet } from './stored-set';
import type { Decision, Decisions } from './team-folder';
import { applyDecisions, type Connected, findWaiting, saveAll, type Team, type Waiting } from './team-work';

interface TeamState {
  readonly isOpen: boolean;
  /** For the folder that is connected next. */
  readonly withRows: boolean;
  /** Null = not looked for yet. */
  readonly waiting: readonly Waiting[] | null;
  /** By folder. */
  readonly decisions: Readonly<Record<string, Decisions>>;
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

const connectionOf = ({ services: { store: disk } }: Studio): Resource<'team', Connected | null> =>
  resource(async () => {
    const known = await disk.settings.get<Connected>(TEAM_SETTING);
    return known && { ...known, isAllowed: await mayUse(known.handle, 'query') };
  });

const NOT_LOOKED = { waiting: null, decisions: {} } as const;

interface Work {
  /** "Saving". */
  readonly what: string;
  /** Resolves to the result in words. */
  readonly start: () => Promise<string>;
}

/** The connected folder, and the work on it: one thing at a time. */
function teamFolder(studio: Studio) {
  const { services, stores } = studio;
  const connection = connectionOf(studio);
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

  const work = resource(({ start }: Work) => start().catch((cause: unknown) => Promise.reject(folderError(cause))));
  const isBusy = () => work.getState().status === 'loading';
  const run = async (what: string, start: Work['start']) => {
    if (connected() && !isBusy()) await work.load({ what, start });
  };
  return { connection, connected, remember, change, folder, work, isBusy, run };
}

export const team = perStudio((studio) => {
  const { connection, connected, remember, change, folder, work, isBusy, run } = teamFolder(studio);
  const state = createStore<TeamState>(() => ({ isOpen: false, withRows: false, ...NOT_LOOKED }));
  const clear = () => {
    if (!isBusy()) work.clear();
    state.setState(NOT_LOOKED);
  };
  const save = (only?: ReadonlySet<string>) => run('Saving', () => saveAll(folder, only));
  saveOnChange(
    folder.promptSets,
    () => connected()?.isAllowed ?? false,
    () => !state.getState().isOpen && !isBusy(),
    (only) => void save(only),
  );
  void connection.load('team');
  return {
    state,
    connection,
    work,
    open: async () => {
      clear();
      state.setState({ isOpen: true });
      await (connection.getState().key === null ? connection.load('team') : connection.reload());
    },
    close: () => state.setState({ isOpen: false }),
    connect: async (handle: FileSystemDirectoryHandle) => {
      await remember({ handle, withRows: state.getState().withRows, isAllowed: true, links: {} });
      await save();
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
    save,
    look: () =>
      run('Looking for changes', async () => {
        const waiting = await findWaiting(folder);
        state.setState({ waiting, decisions: {} });
        return waiting.length === 0 ? 'The folder and this browser agree.' : '';
      }),
    choose: (decision: Decision | 'leave', of: string, name: string) =>
      state.setState(({ decisions }) => ({
        decisions: { ...decisions, [of]: decided(decisions[of], name, decision) },
      })),
    apply: () =>
      run('Applying changes', async () => {
        const said = await applied(folder, state.getState());
        state.setState(NOT_LOOKED);
        return said;
      }),
  };
});

function decided(before: Decisions = {}, name: string, decision: Decision | 'leave'): Decisions {
  const { [name]: _before, ...others } = before;
  return decision === 'leave' ? others : { ...others, [name]: decision };
}

/** Applies the decisions, with an undo. Resolves to the result in words. */
async function applied(team: Team, { waiting, decisions }: Pick<TeamState, 'waiting' | 'decisions'>): Promise<string> {
  const { before, taken } = await applyDecisions(team, waiting ?? [], decisions);
  await reopen(team);
  if (before.length > 0)
    toastUndo('Changes of others were applied', () =>
      Promise.all(before.map((complete) => storeSet(team.disk, complete))).then(() => reopen(team)),
    );
  return taken === 0 ? 'No change was applied.' : `${format.counted(taken, 'change')} applied.`;
}

/** Reads the open set and the list again. */
async function reopen({ promptSets }: Pick<Team, 'promptSets'>): Promise<void> {
  const open = promptSets.getState().set?.id;
  await promptSets.getState().refresh();
  if (open === undefined) return;
  promptSets.getState().close();
  await promptSets.getState().open(open);
}

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
