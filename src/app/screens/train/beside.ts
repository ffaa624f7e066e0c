/** Runs that are marked to be seen side by side, and their validation results. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { ValidationPoint } from '../../../training/events';
import { checkpointOf } from '../../../workflow/runs';
import { resource } from '../../state/resource';
import { perStudio, screenStore } from '../../state/screen-store';

interface MarkedState {
  readonly setId: string | null;
  readonly runIds: readonly string[];
  readonly mark: (setId: string, runIds: readonly string[]) => void;
}

export const useMarked = screenStore(
  (): StoreApi<MarkedState> =>
    createStore<MarkedState>((set) => ({
      setId: null,
      runIds: [],
      mark: (setId, runIds) => set({ setId, runIds }),
    })),
);

type Curves = ReadonlyMap<string, readonly ValidationPoint[]>;

/** Kept validation results of runs; the key is their ids. */
export const keptCurves = perStudio(({ services: { store }, stores: { project } }) =>
  resource(
    async (runIds: readonly string[]): Promise<Curves> => {
      const runs = project.getState().set?.soft.filter(({ id }) => runIds.includes(id)) ?? [];
      const kept = runs.map(async (run) => {
        const checkpoint = checkpointOf(run, await store.checkpoints.get(run.id));
        return [run.id, checkpoint?.validations ?? []] as const;
      });
      return new Map(await Promise.all(kept));
    },
    { keepPrevious: true },
  ),
);
