/** What stands behind the comparison on the screen: computed in the data worker, anew for each, and never stored. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { Insights } from '../../../evaluation/insights';
import type { Comparison } from '../../../evaluation/types';
import { StudioError } from '../../../lib/errors';
import type { Evaluation } from '../../../project/types';
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
  /** Whoever asks for what is being computed waits for it. */
  let looking: Promise<void> = Promise.resolve();
  return createStore<CloserState>((set, get) => {
    async function compute(evaluation: Evaluation, comparison: Comparison): Promise<void> {
      const { mode } = compare.getState();
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
    }

    return {
      insights: null,
      of: null,
      fraction: null,
      stopped: false,
      error: null,
      look: () => {
        const { evaluation, comparison } = compare.getState();
        if (evaluation && comparison && get().of !== comparison) looking = compute(evaluation, comparison);
        return looking;
      },
      stop: () => aborter?.abort(),
    };
  });
}
