/** The list of prompt sets, the shown set, and every change that the Library makes to one. */
import { createStore } from 'zustand/vanilla';
import type { DataVersion } from '../../../dataset/types';
import type { Answers } from '../../../prompt-set/answers';
import { changeHandle, freeHandle } from '../../../prompt-set/handle';
import type { Listing } from '../../../prompt-set/listing';
import { chooseTrained, chooseWritten } from '../../../prompt-set/make-versions';
import type { Measured } from '../../../prompt-set/performance';
import { type moveStage, setPolicy } from '../../../prompt-set/stages';
import type { PromptSet, StagePolicy } from '../../../prompt-set/types';
import { readTags, writeNote, writeSetNotes, writeTags } from '../../../prompt-set/versions';
import { navigate, screenPath } from '../../state/location';
import { type Resource, resource, steadyResource, useResource } from '../../state/resource';
import type { SetChange } from '../../state/saving-sets';
import { perStudio, type Studio, usePromptSets } from '../../state/studio';
import { attempted, toastUndo } from '../../ui';

interface Search {
  readonly search: string;
  readonly tag: string | null;
}

export const NO_SEARCH: Search = { search: '', tag: null };
export const listSearch = perStudio(() => createStore<Search>(() => NO_SEARCH));

/** The shown set, with its results but without its rows. */
export interface Detail extends Measured {
  readonly dataVersions: readonly DataVersion[];
}

/** By the set's id; null = the set is not in this browser. */
export const setDetail = perStudio(
  ({ services: { store } }): Resource<string, Detail | null> =>
    resource(async (setId) => {
      const [set, evaluations, measurements, rows] = await Promise.all([
        store.sets.get(setId),
        store.evaluations.ofSet(setId),
        store.measurements.ofSet(setId),
        store.datasets.get(setId),
      ]);
      if (set?.deletedAt !== null) return null;
      return { set, evaluations, measurements, dataVersions: rows?.dataset.versions ?? [] };
    }),
);

/** The shown set. If it is the open one it comes from the page, which may be ahead of the disk. */
export function useDetail(setId: string) {
  const { value, status, error } = useResource(setDetail.use(), setId);
  const open = usePromptSets(({ set }) => (set?.id === setId ? set : null));
  // one that was deleted since it was read is not here any more
  const isListed = usePromptSets(({ sets }) => sets.some(({ id }) => id === setId));
  const known = isListed ? value : null;
  return { detail: known && open ? { ...known, set: open } : known, status, error };
}

const UNDO_MS = 12_500;

/** The setting with the sets to delete for good, and when: after their undo. It survives a reload. */
const DISCARDED = 'discarded-sets';
type Discarded = Readonly<Record<string, number>>;

/** Deleted sets without discarded ones. The key is the number of sets, which changes when one is deleted or restored. */
export const deletedSets = perStudio(
  ({ services: { store }, stores: { promptSets } }): Resource<number, readonly Listing[]> =>
    steadyResource(async () => {
      await promptSets.getState().refresh();
      const discarded = (await store.settings.get<Discarded>(DISCARDED)) ?? {};
      const overdue = Object.keys(discarded).filter((id) => (discarded[id] ?? 0) < Date.now());
      for (const id of overdue) await store.sets.remove(id);
      if (overdue.length > 0) await forget(store, overdue);
      const all = await store.listings.list();
      return all.filter(({ id, deletedAt }) => deletedAt !== null && !(id in discarded));
    }),
);

type Disk = Studio['services']['store'];

const changeDiscarded = async ({ settings }: Disk, change: (before: Discarded) => Discarded): Promise<void> =>
  settings.set(DISCARDED, change((await settings.get<Discarded>(DISCARDED)) ?? {}));

const forget = (store: Disk, ids: readonly string[]) =>
  changeDiscarded(store, (before) => Object.fromEntries(Object.entries(before).filter(([id]) => !ids.includes(id))));

export const setActions = perStudio((studio) => {
  const { services, stores } = studio;
  const { store } = services;
  const promptSets = () => stores.promptSets.getState();
  const deleted = deletedSets.of(studio);
  const restore = async (setId: string) => {
    await promptSets().restore(setId);
    await deleted.reload();
  };
  const emptied = (ids: readonly string[]) =>
    attempted('Not everything was deleted', async () => {
      for (const id of ids) await store.sets.remove(id);
      await forget(store, ids);
    });
  return {
    remove: async ({ id, name }: Pick<Listing, 'id' | 'name'>) => {
      const wasOpen = promptSets().set?.id === id;
      await promptSets().remove(id);
      if (wasOpen) navigate(screenPath(null, 'library'), { replace: true }); // the address still names the deleted set
      await deleted.reload();
      toastUndo(`“${name}” was deleted`, () => restore(id));
    },
    restore,
    /** Deletes sets for good once the undo has passed, even if the page was closed by then. */
    discard: async (sets: readonly Listing[]) => {
      const ids = new Set(sets.map(({ id }) => id));
      const until = Date.now() + UNDO_MS;
      const marked = Object.fromEntries([...ids].map((id) => [id, until]));
      await changeDiscarded(store, (before) => ({ ...before, ...marked })).catch(() => undefined);
      deleted.set((deleted.getState().value ?? []).filter(({ id }) => !ids.has(id)));
      const timer = setTimeout(() => void emptied([...ids]), UNDO_MS);
      const what = sets.length === 1 ? `“${sets[0]?.name}”` : `${sets.length} prompt sets`;
      const keep = async () => {
        clearTimeout(timer);
        await forget(store, [...ids]);
        await deleted.reload();
      };
      toastUndo(`${what} deleted for good`, keep, { whileShown: true });
    },
  };
});

export const detailActions = perStudio((studio) => {
  const { stores, services } = studio;
  const detail = setDetail.of(studio);

  const show = (set: PromptSet) => {
    const { key, value } = detail.getState();
    if (key === set.id && value) detail.set({ ...value, set });
  };
  const change = async (setId: string, next: SetChange) =>
    show(await stores.promptSets.getState().updateById(setId, next));
  const byHand = (setId: string, what: string, next: SetChange) =>
    stores.promptSets.getState().change(setId, what, next, show);
  // its own way back, and the way forward again
  const giveHandle = async (setId: string, what: string, handle: string, before: string): Promise<void> => {
    const taken = stores.promptSets.getState().sets.flatMap((set) => (set.id === setId ? [] : [set.handle]));
    await change(setId, (set, { now }) => changeHandle(set, freeHandle(handle, taken), now));
    toastUndo(what, () => giveHandle(setId, what, before, handle));
  };

  return {
    chooseYours: (setId: string, versionId: string) =>
      byHand(setId, 'Your prompt changed', (set, { now }) => chooseWritten(set, versionId, now)),
    chooseTuned: (setId: string, runId: string) =>
      byHand(setId, 'Tuned prompt changed', (set, { now }) => chooseTrained(set, runId, now)),
    move: (set: PromptSet, asked: Parameters<typeof moveStage>[1]) =>
      stores.promptSets.getState().pointStage(set, asked, show),
    setPolicy: (setId: string, policy: StagePolicy) => change(setId, (set, { now }) => setPolicy(set, policy, now)),
    note: (setId: string, versionId: string, text: string) =>
      change(setId, (set, { now }) => writeNote(set, versionId, text, now)),
    setNotes: (setId: string, text: string) =>
      byHand(setId, 'Notes changed', (set, { now }) => writeSetNotes(set, text, now)),
    changeHandle: ({ id, handle: before }: PromptSet, handle: string) =>
      giveHandle(id, `The handle is ${handle} now`, handle, before),
    setTags: (setId: string, text: string) =>
      byHand(setId, 'Tags changed', (set, { now }) => writeTags(set, readTags(text), now)),
    removeMeasurement: async (measurement: Answers) => {
      await services.store.measurements.remove(measurement);
      await detail.reload();
      toastUndo('The measurement was removed', () =>
        services.store.measurements.put(measurement).then(() => detail.reload()),
      );
    },
  };
});
