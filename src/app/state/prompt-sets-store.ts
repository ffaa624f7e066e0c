import { createStore, type StoreApi } from 'zustand/vanilla';
import type { Dataset } from '../../dataset/types';
import { present } from '../../lib/assert';
import type { StudioError } from '../../lib/errors';
import { keepArm } from '../../prompt-set/calibration';
import { freeHandle } from '../../prompt-set/handle';
import { type Listing, resumptionOf, searched, withRows } from '../../prompt-set/listing';
import {
  changeTask,
  createPromptSet,
  deletePromptSet,
  renamePromptSet,
  stamp,
  takeBack,
  undoDelete,
} from '../../prompt-set/prompt-set';
import type { Evaluation, PromptSet } from '../../prompt-set/types';
import { authorName } from '../../prompt-set/versions';
import { alignWords } from '../../task/template';
import { undoable } from '../ui/toast';
import { screenPath } from './location';
import { resource } from './resource';
import {
  addSet,
  asStoreError,
  listSets,
  pointingStage,
  type Saving,
  type SetChange,
  type SetsState,
  save,
  savingSets,
  showSet,
  updateSet,
} from './saving-sets';
import type { Services } from './services';

export interface PromptSetsState extends SetsState {
  readonly openError: StudioError | null;
  readonly refresh: () => Promise<void>;
  readonly open: (id: string) => Promise<void>;
  readonly close: () => void;
  readonly create: (from: {
    readonly name: string;
    readonly dataset: Dataset | null;
    readonly datasetName: string | null;
    readonly words?: PromptSet['words'];
    readonly baseTemplate?: string;
  }) => Promise<PromptSet>;
  readonly update: (change: SetChange) => Promise<PromptSet>;
  /** As `update`, for a set by id, open or not (a run may end after another one was opened). */
  readonly updateById: (id: string, change: SetChange) => Promise<PromptSet>;
  /** As `updateById`, for what the user changed by hand, named by a few words: Ctrl-Z takes it back. `show` gets both results. */
  readonly change: (id: string, what: string, change: SetChange, show?: (set: PromptSet) => void) => Promise<void>;
  readonly pointStage: ReturnType<typeof pointingStage>;
  /** Saves prompts of a comparison as versions, where they are none yet. */
  readonly keepArms: (evaluation: Evaluation, arms: readonly string[]) => Promise<PromptSet>;
  /** Other rows for a set, open or not; `sameTestRows`: the test rows are the same, some cells changed. */
  readonly setRows: (
    id: string,
    dataset: Dataset,
    facts?: { readonly datasetName?: string; readonly sameTestRows?: boolean },
  ) => Promise<void>;
  readonly saveAgain: () => Promise<void>;
  readonly rename: (name: string, id?: string) => Promise<void>;
  readonly setAuthor: (name: string) => Promise<void>;
  readonly remove: (id: string) => Promise<void>;
  readonly restore: (id: string) => Promise<void>;
}

export type PromptSetsStore = StoreApi<PromptSetsState>;

export interface Continued {
  readonly id: string;
  readonly name: string;
  readonly reached: string;
  readonly path: string;
}

export function continued(listing: Listing): Continued {
  const { screen, reached } = resumptionOf(listing);
  return { id: listing.id, name: listing.name, reached, path: screenPath(listing.id, screen) };
}

export const foundSets = (sets: readonly Listing[], search: string): readonly Continued[] =>
  searched(sets, search).map(continued);

const AUTHOR = 'author';

/** What the rows say about the task; how long an answer may be is the set's own. */
const taskIn = ({ mapping }: Dataset, set: PromptSet | null): Pick<PromptSet, 'kind' | 'longest'> => ({
  kind: mapping.task,
  longest: set?.longest ?? null,
});

const handles = (sets: readonly Listing[], except?: string) =>
  sets.filter(({ id }) => id !== except).map(({ handle }) => handle);

export function createPromptSetsStore({ store: disk }: Pick<Services, 'store'>): PromptSetsStore {
  return createStore<PromptSetsState>((_set, _get, store) => {
    const saving = savingSets(disk, store);
    followDisk(store, saving);
    return {
      status: 'none',
      set: null,
      dataset: null,
      sets: [],
      author: null,
      openError: null,
      saveError: null,
      ...opening(disk, store),
      ...changing(store, saving),
      pointStage: pointingStage(saving),
      keepArms: (evaluation, arms) =>
        updateSet(saving, evaluation.setId, (set, at) =>
          arms.reduce((kept, arm) => keepArm(kept, evaluation, arm, at), set),
        ),
      refresh: async () => {
        const author = await disk.settings.get<string>(AUTHOR);
        store.setState({ author, sets: await listSets(saving) });
      },
      setAuthor: async (name) => {
        const author = authorName(name);
        await save(saving, () => disk.settings.set(AUTHOR, author));
        store.setState({ author });
      },
    };
  });
}

type Disk = Services['store'];

/** Of the sets that are opened at the same time, only the latest is shown. */
function opening(disk: Disk, store: PromptSetsStore) {
  const opened = resource((id: string) =>
    Promise.all([disk.sets.get(id), disk.datasets.get(id)]).catch((cause: unknown) => {
      throw asStoreError(cause, 'Not opened');
    }),
  );
  opened.subscribe(({ status, value, error }) => {
    if (status === 'loading') store.setState({ status: 'opening', set: null, dataset: null, openError: null });
    if (status === 'failed') store.setState({ status: 'unreadable', openError: error });
    if (status !== 'ready' || !value) return;
    const [set, rows] = value;
    if (set && set.deletedAt === null) store.setState({ status: 'open', set, dataset: rows?.dataset ?? null });
    else store.setState({ status: 'missing' });
  });
  // a set that was made or closed meanwhile is not replaced by one that was still being read
  store.subscribe(({ status }) => {
    if (status === 'open' || status === 'none') opened.clear();
  });
  return {
    open: async (id) => {
      if (store.getState().set?.id === id) return;
      opened.clear();
      await opened.load(id);
    },
    close: () => store.setState({ status: 'none', set: null, dataset: null }),
  } satisfies Partial<PromptSetsState>;
}

function setFrom(from: Parameters<PromptSetsState['create']>[0], taken: readonly string[]): PromptSet {
  const { name, dataset, datasetName, words = [], baseTemplate = '' } = from;
  return createPromptSet(stamp(), {
    name,
    words: dataset ? alignWords(words, dataset.labels) : words,
    baseTemplate,
    datasetFingerprint: dataset?.fingerprint ?? null,
    datasetName,
    ...(dataset && taskIn(dataset, null)),
    taken,
  });
}

function changingByHand(updateById: PromptSetsState['updateById']): PromptSetsState['change'] {
  const change: PromptSetsState['change'] = async (id, what, make, show) => {
    const states: PromptSet[] = [];
    const result = await updateById(id, (before, at) => {
      const after = make(before, at);
      states.splice(0, 2, before, after);
      return after;
    });
    show?.(result);
    const [before, after] = states;
    if (before && after)
      undoable(what, () => change(id, what, (set, { now }) => takeBack(set, before, after, now), show));
  };
  return change;
}

function changing(store: PromptSetsStore, saving: Saving) {
  const { disk } = saving;
  const { getState: get, setState: set } = store;
  const updateById: PromptSetsState['updateById'] = (id, change) => updateSet(saving, id, change);
  const update: PromptSetsState['update'] = async (change) => updateById(present(get().set, 'an open set').id, change);
  const byHand = changingByHand(updateById);
  return {
    update,
    updateById,
    change: byHand,
    create: (from) => addSet(saving, setFrom(from, handles(get().sets)), from.dataset),
    setRows: async (id, dataset, facts = {}) => {
      await save(saving, () => disk.datasets.put({ setId: id, dataset }));
      set(({ set: open, dataset: shown, sets }) => ({
        dataset: open?.id === id ? dataset : shown,
        sets: sets.map((s) => (s.id === id ? withRows(s, dataset.table.rows.length) : s)),
      }));
      const task = { ...facts, datasetFingerprint: dataset.fingerprint };
      await updateById(id, (s, { now }) =>
        changeTask(s, { ...task, words: alignWords(s.words, dataset.labels), ...taskIn(dataset, s) }, now),
      );
    },
    saveAgain: async () => {
      const { set: open, dataset, refresh } = get();
      if (!open) return;
      await save(saving, async () => {
        for (const each of new Set([open, ...saving.unwritten.values()])) await disk.sets.put(each);
        saving.unwritten.clear();
        if (dataset) await disk.datasets.put({ setId: open.id, dataset });
      });
      await refresh().catch(() => undefined); // what is gone is not listed
    },
    rename: async (name, id = get().set?.id) => {
      if (id) await byHand(id, `Renamed to “${name}”`, (set, { now }) => renamePromptSet(set, name, now));
    },
    remove: async (id) => {
      await updateById(id, (s, { now }) => deletePromptSet(s, now));
      if (get().set?.id === id) get().close();
    },
    restore: async (id) => {
      // another set may have its handle by now
      const used = handles(get().sets, id);
      await updateById(id, (s, { now }) => {
        const back = undoDelete(s, now);
        return { ...back, handle: freeHandle(back.handle, used) };
      });
    },
  } satisfies Partial<PromptSetsState>;
}

/** Shows what other tabs change, after what this one is about to write; and says when the stored data is gone. */
function followDisk(store: PromptSetsStore, saving: Saving): void {
  const { disk } = saving;
  const openId = () => store.getState().set?.id;
  disk.onCleared((error) => {
    if (openId()) store.setState({ saveError: error });
    else void store.getState().refresh();
  });
  disk.onRemoteChange(({ table, setId }) => {
    void store.getState().refresh();
    if (openId() !== setId) return;
    if (table === 'promptSets')
      void saving.turn(async () => {
        const found = await disk.sets.get(setId);
        if (found && !saving.unwritten.has(setId)) showSet(saving, found);
      });
    if (table === 'datasets')
      void disk.datasets.get(setId).then((found) => {
        if (found && openId() === setId) store.setState({ dataset: found.dataset });
      });
  });
}
