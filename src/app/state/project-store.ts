/** The open prompt set and its rows. Every change is seen at once and saved in order. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { Dataset } from '../../dataset/types';
import { writes } from '../../dataset/writing';
import { StudioError } from '../../lib/errors';
import { freeHandle } from '../../project/handle';
import { type Listing, listingOf, NO_FACTS, withRows } from '../../project/listing';
import {
  changeTask,
  createPromptSet,
  deletePromptSet,
  renamePromptSet,
  stamp,
  undoDelete,
} from '../../project/prompt-set';
import type { PromptSet, WritingTask } from '../../project/types';
import { authorName, signNew } from '../../project/versions';
import { alignWords } from '../../task/align-words';
import type { Services } from './services';

export interface ProjectState {
  readonly status: 'none' | 'opening' | 'open' | 'missing' | 'unreadable';
  readonly set: PromptSet | null;
  readonly dataset: Dataset | null;
  /** What lists show of all sets that are not deleted, newest first. */
  readonly sets: readonly Listing[];
  /** The author of new versions: empty = none; null = not asked yet. */
  readonly author: string | null;
  /** Why it could not be read, where `status` says so. */
  readonly openError: StudioError | null;
  /** Why the last change is not on disk; the work stays in the page. */
  readonly saveError: StudioError | null;
  readonly refresh: () => Promise<void>;
  readonly open: (id: string) => Promise<void>;
  readonly close: () => void;
  /** A new set around a data set (or none yet); it becomes the open one. */
  readonly create: (from: {
    readonly name: string;
    readonly dataset: Dataset | null;
    readonly datasetName: string | null;
    readonly words?: PromptSet['words'];
    readonly baseTemplate?: string;
  }) => Promise<PromptSet>;
  /** Applies a pure function of project/prompt-set.ts to the open set and saves the result. */
  readonly update: (change: (set: PromptSet) => PromptSet) => Promise<PromptSet>;
  /** As `update`, for a set by id, open or not (a run may end after another one was opened). */
  readonly updateById: (id: string, change: (set: PromptSet) => PromptSet) => Promise<PromptSet>;
  /** Other rows for a set, open or not; `sameHeldBack`: the test rows are the same, some cells changed. */
  readonly setRows: (
    id: string,
    dataset: Dataset,
    facts?: { readonly datasetName?: string; readonly sameHeldBack?: boolean },
  ) => Promise<void>;
  /** Writes what is in the page once more, after `saveError`. */
  readonly saveAgain: () => Promise<void>;
  readonly rename: (name: string) => Promise<void>;
  /** Kept in this browser; versions that are there stay as they are. */
  readonly setAuthor: (name: string) => Promise<void>;
  readonly remove: (id: string) => Promise<void>;
  readonly restore: (id: string) => Promise<void>;
}

export type ProjectStore = StoreApi<ProjectState>;

/** Of the settings: who works in this browser. */
const AUTHOR = 'author';

/** What the rows say about the task; how long an answer may be is the set's own. */
const writingOf = ({ mapping }: Dataset, set: PromptSet | null): WritingTask | null =>
  writes(mapping) ? (set?.writing ?? { longest: null }) : null;

const asStoreError = (cause: unknown, what: string) =>
  cause instanceof StudioError ? cause : new StudioError('store-failed', `${what}: ${String(cause)}`, { cause });

export function createProjectStore({ store: disk }: Services): ProjectStore {
  return createStore<ProjectState>((set, get) => {
    const now = () => new Date().toISOString();
    const taken = (except?: string) =>
      get()
        .sets.filter(({ id }) => id !== except)
        .map(({ handle }) => handle);
    /** Work stays in the page when the disk refuses: the shell shows `saveError` and offers to try again. */
    const save = async (write: () => Promise<unknown>) => {
      try {
        await write();
        set({ saveError: null });
      } catch (cause) {
        set({ saveError: asStoreError(cause, 'Not saved') });
      }
    };
    /** Changes of sets in this page: a list that was read before one of them is out of date. */
    let changes = 0;
    const keep = (next: PromptSet) => {
      changes++;
      set(({ set: open, sets }) => {
        const facts = sets.find(({ id }) => id === next.id) ?? NO_FACTS;
        const others = sets.filter(({ id }) => id !== next.id);
        return {
          set: open?.id === next.id ? next : open,
          sets: next.deletedAt === null ? [listingOf(next, facts), ...others] : others,
        };
      });
    };

    /** Of prompt sets that are opened, created or closed at the same time, only the latest counts. */
    let turn = 0;
    let pending = 0;
    /** Sets that are not on disk yet as the page knows them. */
    const unwritten = new Map<string, PromptSet>();
    /** Seen at once, then written over what is on disk now (another tab may have written meanwhile). `change` runs twice: pure. */
    const updateById: ProjectState['updateById'] = async (id, change) => {
      const known = get().set?.id === id ? get().set : unwritten.get(id);
      const current = known ?? (await disk.sets.get(id));
      if (!current)
        throw new StudioError('store-failed', 'This prompt set is no longer in the library. Open another one.', {
          data: { id },
        });
      const unsaved = get().saveError !== null;
      const signed = (before: PromptSet) => signNew(before, change(before), get().author ?? '');
      const next = signed(current);
      keep(next);
      unwritten.set(id, next);
      pending += 1;
      await save(async () => {
        // after a failed save the page knows more than the disk does
        const stored = unsaved ? await disk.sets.put(next).then(() => next) : await disk.sets.update(id, signed);
        if (!stored) await disk.sets.put(next);
        else if (pending === 1) keep(stored);
        if (unwritten.get(id) === next) unwritten.delete(id);
      });
      pending -= 1;
      return get().set?.id === id ? (get().set ?? next) : next;
    };

    disk.onCleared((error) => {
      if (get().set) set({ saveError: error });
      else void get().refresh();
    });
    disk.onRemoteChange(({ table, setId }) => {
      void get().refresh();
      const open = get().set;
      if (open?.id !== setId || pending > 0) return;
      if (table === 'promptSets') void disk.sets.get(setId).then((found) => found && keep(found));
      if (table === 'datasets') void disk.datasets.get(setId).then((found) => found && set({ dataset: found.dataset }));
    });

    return {
      status: 'none',
      set: null,
      dataset: null,
      sets: [],
      author: null,
      openError: null,
      saveError: null,
      refresh: async () => {
        const author = await disk.settings.get<string>(AUTHOR);
        let known: number;
        let found: readonly Listing[];
        do {
          known = changes;
          found = await disk.listings.list();
        } while (known !== changes);
        // what is not on disk yet is as the page has it
        const here = get().sets.filter(({ id }) => unwritten.has(id));
        const there = found.filter(({ id, deletedAt }) => deletedAt === null && !unwritten.has(id));
        set({ author, sets: [...here, ...there] });
      },
      open: async (id) => {
        if (get().set?.id === id) return;
        const mine = ++turn;
        set({ status: 'opening', set: null, dataset: null, openError: null });
        try {
          const [found, rows] = await Promise.all([disk.sets.get(id), disk.datasets.get(id)]);
          if (mine !== turn) return;
          if (found && found.deletedAt === null) set({ status: 'open', set: found, dataset: rows?.dataset ?? null });
          else set({ status: 'missing' });
        } catch (cause) {
          if (mine === turn) set({ status: 'unreadable', openError: asStoreError(cause, 'Not opened') });
        }
      },
      close: () => {
        turn++;
        set({ status: 'none', set: null, dataset: null });
      },
      create: async ({ name, dataset, datasetName, words = [], baseTemplate = '' }) => {
        turn++;
        const made = createPromptSet(stamp(), {
          name,
          words: dataset ? alignWords(words, dataset.labels) : words,
          baseTemplate,
          datasetFingerprint: dataset?.fingerprint ?? null,
          datasetName,
          writing: dataset ? writingOf(dataset, null) : null,
          taken: taken(),
        });
        const listing = listingOf(made, { ...NO_FACTS, rows: dataset?.table.rows.length ?? null });
        changes++;
        unwritten.set(made.id, made);
        set(({ sets }) => ({ status: 'open', set: made, dataset, sets: [listing, ...sets] }));
        await save(async () => {
          await disk.sets.put(made);
          if (unwritten.get(made.id) === made) unwritten.delete(made.id);
          if (dataset) await disk.datasets.put({ setId: made.id, dataset });
        });
        return made;
      },
      update: (change) => {
        const open = get().set;
        if (!open) return Promise.reject(new StudioError('internal', 'internal: no prompt set is open'));
        return updateById(open.id, change);
      },
      updateById,
      setRows: async (id, dataset, facts = {}) => {
        const rows = dataset.table.rows.length;
        set(({ set: open, dataset: shown, sets }) => ({
          dataset: open?.id === id ? dataset : shown,
          sets: sets.map((s) => (s.id === id ? withRows(s, rows) : s)),
        }));
        await save(() => disk.datasets.put({ setId: id, dataset }));
        const task = { ...facts, datasetFingerprint: dataset.fingerprint };
        await updateById(id, (s) =>
          changeTask(s, { ...task, words: alignWords(s.words, dataset.labels), writing: writingOf(dataset, s) }, now()),
        );
      },
      saveAgain: async () => {
        const { set: open, dataset } = get();
        if (!open) return;
        await save(async () => {
          await disk.sets.put(open);
          if (dataset) await disk.datasets.put({ setId: open.id, dataset });
        });
        await get()
          .refresh()
          .catch(() => undefined); // what is gone is not listed
      },
      rename: async (name) => {
        await get().update((open) => renamePromptSet(open, name, now()));
      },
      setAuthor: async (name) => {
        const author = authorName(name);
        set({ author });
        await save(() => disk.settings.set(AUTHOR, author));
      },
      remove: async (id) => {
        await updateById(id, (s) => deletePromptSet(s, now()));
        if (get().set?.id === id) get().close();
      },
      restore: async (id) => {
        // another set may have its handle by now
        const used = taken(id);
        await updateById(id, (s) => {
          const back = undoDelete(s, now());
          return { ...back, handle: freeHandle(back.handle, used) };
        });
      },
    };
  });
}
