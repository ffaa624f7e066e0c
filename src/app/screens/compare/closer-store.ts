/** What stands behind the comparison on the screen: computed in the data worker, anew for each, and never stored. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { Insights } from '../../../evaluation/insights';
import type { Comparison } from '../../../evaluation/types';
import { StudioError } from '../../../lib/errors';
import type { Services } from '../../services';
import type { ProjectStore } from '../../state/project-store';
import { type CompareStore, planFor } from './compare-store';

export interface CloserState {
  readonly insights: Insights | null;
  /** The comparison that `insights` is of. */
  readonly of: Comparison | null;
  /** Share done while it is computed. */
  readonly fraction: number | null;
  readonly stopped: boolean;
  readonly error: StudioError | null;
  /** Computes what is on the screen now, unless it is there. */
  readonly look: () => Promise<void>;
  readonly stop: () => void;
}

export type CloserStore = StoreApi<CloserState>;

export function createCloserStore(services: Services, project: ProjectStore, compare: CompareStore): CloserStore {
  let aborter: AbortController | null = null;
  return createStore<CloserState>((set, get) => ({
    insights: null,
    of: null,
    fraction: null,
    stopped: false,
    error: null,
    look: async () => {
      const { evaluation, comparison, mode } = compare.getState();
      if (!evaluation || !comparison || get().of === comparison) return;
      aborter?.abort();
      const mine = new AbortController();
      aborter = mine;
      set({ of: comparison, insights: null, fraction: 0, stopped: false, error: null });
      try {
        const insights = await services.data.call(
          'insights',
          {
            plan: planFor(evaluation.plan, mode),
            comparison: { arms: comparison.arms, pairs: comparison.pairs },
            dataset: project.getState().dataset,
          },
          { signal: mine.signal, onEvent: ({ done, total }) => set({ fraction: total > 0 ? done / total : 0 }) },
        );
        if (get().of === comparison) set({ insights });
      } catch (cause) {
        if (get().of !== comparison) return;
        const error = cause instanceof StudioError ? cause : new StudioError('internal', String(cause), { cause });
        set(error.code === 'cancelled' ? { stopped: true, of: null } : { error, of: null });
      } finally {
        if (aborter === mine) set({ fraction: null });
      }
    },
    stop: () => aborter?.abort(),
  }));
}
