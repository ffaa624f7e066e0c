/** The prompt sets as a repository: found, renamed, deleted and brought back; and the one that is looked into. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { DataVersion } from '../../../dataset/types';
import { StudioError } from '../../../lib/errors';
import { ofKind } from '../../../project/evaluations';
import type { Listing } from '../../../project/listing';
import type { Measured } from '../../../project/performance';
import { chooseHard, chooseSoft, renamePromptSet } from '../../../project/prompt-set';
import { moveStage, stagesOf } from '../../../project/stages';
import type { PromptSet } from '../../../project/types';
import { readTags, versionById, versionWords, writeNote, writeSetNotes, writeTags } from '../../../project/versions';
import { navigate, screenPath } from '../../shell/location';
import type { ProjectStore } from '../../state/project-store';
import type { Services } from '../../state/services';
import { toastUndo } from '../../ui';

/** A set that is looked into, with what belongs to it but its rows. */
export interface Detail extends Measured {
  readonly dataVersions: readonly DataVersion[];
}

export interface RepositoryState {
  readonly search: string;
  /** Only sets with this tag; null = all. */
  readonly tag: string | null;
  readonly deleted: readonly Listing[];
  readonly detail: Detail | null;
  /** The set that was asked for is not here. */
  readonly missing: boolean;
  readonly error: StudioError | null;
  readonly enter: () => Promise<void>;
  readonly find: (search: string) => void;
  readonly filter: (tag: string | null) => void;
  /** Looks into a set; null = back to all of them. */
  readonly look: (setId: string | null) => Promise<void>;
  readonly rename: (setId: string, name: string) => Promise<void>;
  readonly remove: (of: Pick<Listing, 'id' | 'name'>) => Promise<void>;
  readonly restore: (setId: string) => Promise<void>;
  /** For good, once the undo has passed. */
  readonly discard: (sets: readonly Listing[]) => void;
  readonly chooseYours: (versionId: string) => Promise<void>;
  readonly chooseTuned: (runId: string) => Promise<void>;
  readonly move: (move: {
    readonly stage: string;
    readonly to: string | null;
    readonly note?: string;
  }) => Promise<void>;
  readonly note: (versionId: string, text: string) => Promise<void>;
  readonly setNotes: (text: string) => Promise<void>;
  readonly setTags: (text: string) => Promise<void>;
  /** What was measured of the set that is looked into has changed. */
  readonly measured: () => Promise<void>;
}

export type RepositoryStore = StoreApi<RepositoryState>;

/** As long as the note with its undo stands there. */
const UNDO_MS = 12_500;

const now = () => new Date().toISOString();

export function createRepositoryStore(services: Services, project: ProjectStore): RepositoryStore {
  const { store: disk } = services;
  /** Sets that go for good when their undo has passed. */
  const doomed = new Set<string>();
  /** The latest look is what is shown, whichever set was read sooner. */
  let looks = 0;

  return createStore<RepositoryState>((set, get) => {
    const showTrouble = (cause: unknown) =>
      set({
        error:
          cause instanceof StudioError
            ? cause
            : new StudioError('internal', `The library could not be read: ${String(cause)}`, { cause }),
      });

    const readDeleted = async () => {
      const all = await disk.listings.list();
      set({ deleted: all.filter(({ id, deletedAt }) => deletedAt !== null && !doomed.has(id)) });
    };

    /** A change of the set that is looked into, seen at once. */
    async function change(next: (set: PromptSet) => PromptSet): Promise<void> {
      const { detail } = get();
      if (!detail) return;
      const changed = await project.getState().updateById(detail.set.id, next);
      if (get().detail?.set.id === changed.id) set({ detail: { ...detail, ...get().detail, set: changed } });
    }

    project.subscribe(({ set: open }, before) => {
      const { detail } = get();
      if (open && open !== before.set && detail?.set.id === open.id) set({ detail: { ...detail, set: open } });
    });

    const moveNow = (stage: string, to: string | null, note = '') =>
      change((s) => moveStage(s, { stage, to, note }, now()));

    return {
      search: '',
      tag: null,
      deleted: [],
      detail: null,
      missing: false,
      error: null,
      enter: async () => {
        try {
          await Promise.all([project.getState().refresh(), readDeleted()]);
          set({ error: null });
        } catch (cause) {
          showTrouble(cause);
        }
      },
      find: (search) => set({ search }),
      filter: (tag) => set({ tag }),
      look: async (setId) => {
        const mine = ++looks;
        if (setId === null) return set({ detail: null, missing: false });
        try {
          const open = project.getState().set;
          const [found, dataset, compared, measurements] = await Promise.all([
            open?.id === setId ? open : disk.sets.get(setId),
            disk.datasets.get(setId),
            disk.evaluations.ofSet(setId),
            disk.measurements.ofSet(setId),
          ]);
          if (mine !== looks) return;
          if (!found || found.deletedAt !== null) return set({ detail: null, missing: true });
          const dataVersions = dataset?.dataset.versions ?? [];
          const measured = {
            evaluations: ofKind(compared, 'classify'),
            writings: ofKind(compared, 'generate'),
            measurements,
          };
          set({ detail: { set: found, dataVersions, ...measured }, missing: false, error: null });
        } catch (cause) {
          showTrouble(cause);
        }
      },
      rename: async (setId, name) => {
        await project.getState().updateById(setId, (s) => renamePromptSet(s, name, now()));
      },
      remove: async ({ id, name }) => {
        const wasOpen = project.getState().set?.id === id;
        await project.getState().remove(id);
        if (wasOpen) navigate(screenPath(null, 'library'), { replace: true }); // the address still names what is gone
        await readDeleted();
        toastUndo(`“${name}” was deleted`, () => void get().restore(id));
      },
      restore: async (setId) => {
        await project.getState().restore(setId);
        await get().enter();
      },
      discard: (sets) => {
        for (const { id } of sets) doomed.add(id);
        set(({ deleted }) => ({ deleted: deleted.filter(({ id }) => !doomed.has(id)) }));
        const timer = setTimeout(async () => {
          for (const { id } of sets) await disk.sets.remove(id).catch(showTrouble);
          for (const { id } of sets) doomed.delete(id);
        }, UNDO_MS);
        const what = sets.length === 1 ? `“${sets[0]?.name}” is` : `${sets.length} prompt sets are`;
        toastUndo(`${what} gone for good`, () => {
          clearTimeout(timer);
          for (const { id } of sets) doomed.delete(id);
          void readDeleted();
        });
      },
      chooseYours: (versionId) => change((s) => chooseHard(s, versionId, now())),
      chooseTuned: (runId) => change((s) => chooseSoft(s, runId, now())),
      move: async ({ stage, to, note = '' }) => {
        const open = get().detail?.set;
        const from = open && stagesOf(open).find(({ name }) => name === stage)?.versionId;
        await moveNow(stage, to, note);
        const moved = to === null ? null : open && versionById(open, to);
        toastUndo(
          moved ? `“${stage}” now stands at ${versionWords(moved)}` : `The stage “${stage}” was taken away`,
          () => void moveNow(stage, from ?? null, 'taken back'),
        );
      },
      note: (versionId, text) => change((s) => writeNote(s, versionId, text, now())),
      setNotes: (text) => change((s) => writeSetNotes(s, text, now())),
      setTags: (text) => change((s) => writeTags(s, readTags(text), now())),
      measured: async () => {
        const { detail } = get();
        if (!detail) return;
        const measurements = await disk.measurements.ofSet(detail.set.id);
        if (get().detail?.set.id === detail.set.id)
          set((state) => ({ detail: state.detail && { ...state.detail, measurements } }));
      },
    };
  });
}
