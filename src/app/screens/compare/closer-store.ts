/** What stands behind the comparison on the screen: computed in the data worker, anew for each, and never stored. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { Insights } from '../../../evaluation/classify/insights';
import type { Comparison } from '../../../evaluation/types';
import { StudioError } from '../../../lib/errors';
import type { ClassifyEvaluation } from '../../../project/types';
import type { ProjectStore } from '../../state/project-store';
import type { Services } from '../../state/services';
import { type CompareStore, planFor } from './compare-store';

export interface CloserState {
  readonly insights: Insights | null;
  /** The comparison that `insights` is of. */
  readonly of: Comparison | null;
  /** The pair whose slices `insights` has. */
  readonly pairIndex: number;
  /** Share done while it is computed. */
  readonly fraction: number | null;
  readonly stopped: boolean;
  readonly error: StudioError | null;
  /** Computes what is on the screen now, unless it is there. */
  readonly look: (pairIndex?: number) => Promise<void>;
  readonly stop: () => void;
  /** Those of the headline's pair, whichever is looked at; null without a comparison. */
  readonly ofHeadline: () => Promise<Insights | null>;
}

export type CloserStore = StoreApi<CloserState>;

export function createCloserStore(services: Services, project: ProjectStore, compare: CompareStore): CloserStore {
  let aborter: AbortController | null = null;
  /** Whoever asks for what is being computed waits for it. */
  let looking: Promise<void> = Promise.resolve();
  const ask = (
    evaluation: ClassifyEvaluation,
    { arms, pairs }: Comparison,
    pairIndex: number,
    options: Parameters<typeof services.data.call<'insights'>>[2] = {},
  ) =>
    services.data.call(
      'insights',
      {
        plan: planFor(evaluation.plan, compare.getState().mode),
        comparison: { arms, pairs },
        dataset: project.getState().dataset,
        pairIndex,
      },
      options,
    );
  return createStore<CloserState>((set, get) => {
    async function compute(evaluation: ClassifyEvaluation, comparison: Comparison, pairIndex: number): Promise<void> {
      aborter?.abort();
      const mine = new AbortController();
      aborter = mine;
      set({ of: comparison, pairIndex, insights: null, fraction: 0, stopped: false, error: null });
      try {
        const insights = await ask(evaluation, comparison, pairIndex, {
          signal: mine.signal,
          onEvent: ({ done, total }) => set({ fraction: total > 0 ? done / total : 0 }),
        });
        if (aborter === mine) set({ insights });
      } catch (cause) {
        if (aborter !== mine) return;
        const error = cause instanceof StudioError ? cause : new StudioError('internal', String(cause), { cause });
        set(error.code === 'cancelled' ? { stopped: true, of: null } : { error, of: null });
      } finally {
        if (aborter === mine) set({ fraction: null });
      }
    }

    return {
      insights: null,
      of: null,
      pairIndex: 0,
      fraction: null,
      stopped: false,
      error: null,
      look: (pairIndex = 0) => {
        const { evaluation, comparison } = compare.getState();
        const isThere = get().of === comparison && get().pairIndex === pairIndex;
        if (evaluation && comparison && !isThere) looking = compute(evaluation, comparison, pairIndex);
        return looking;
      },
      stop: () => aborter?.abort(),
      ofHeadline: async () => {
        const { evaluation, comparison } = compare.getState();
        if (!evaluation || !comparison) return null;
        if (get().of === comparison && get().pairIndex === 0) await looking;
        const { of, pairIndex, insights } = get();
        if (insights && of === comparison && pairIndex === 0) return insights;
        return ask(evaluation, comparison, 0);
      },
    };
  });
}
