/** All prompts on the same held-back rows: scored one after another, compared in the data worker, kept. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { Dataset } from '../../../dataset/types';
import type { Comparison, ComparisonPlan } from '../../../evaluation/types';
import { nowAfter } from '../../../lib/time';
import { ofKind } from '../../../project/evaluations';
import { changeTask } from '../../../project/prompt-set';
import type { ClassifyEvaluation, PromptSet } from '../../../project/types';
import { sameLabels } from '../../../task/align-words';
import type { ProjectStore } from '../../state/project-store';
import type { Services } from '../../state/services';
import type { SessionStore } from '../../state/session-store';
import { type Contest, contestOf } from './arms';
import { AT_REST, asError, type ContestState, contestRunner, waiting } from './contest-run';
import { scoreContest, type Told } from './score-contest';

/** Calibrated where the validation rows say that it helps, or for all, or for none: always by one rule for all prompts. */
export type CalibrationMode = 'chosen' | 'raw' | 'calibrated';

/** The plan as it is compared under a way of calibrating. */
export function planFor({ calibration: _, ...plan }: ComparisonPlan, mode: CalibrationMode): ComparisonPlan {
  if (mode === 'chosen') return { ...plan, calibrated: false, calibration: 'chosen' };
  return { ...plan, calibrated: mode === 'calibrated' };
}

export interface CompareState extends ContestState {
  /** The comparison on the screen. */
  readonly evaluation: ClassifyEvaluation | null;
  /** As the calibration that was chosen on the screen has it. */
  readonly comparison: Comparison | null;
  readonly mode: CalibrationMode;
  readonly switching: boolean;
  /** Held-back rows that were left out since they do not fit some prompt. */
  readonly leftOut: number;
  /** Further hand-written versions that take part next time. */
  readonly also: readonly string[];
  readonly enter: () => Promise<void>;
  readonly include: (versionId: string, included: boolean) => Promise<void>;
  readonly run: () => Promise<void>;
  readonly stop: () => void;
  readonly calibrate: (mode: CalibrationMode) => Promise<void>;
  /** Keeps what was found out later with the comparison on the screen. */
  readonly amend: (
    change: Partial<Pick<ClassifyEvaluation, 'votes' | 'review' | 'consistency' | 'everyRow'>>,
  ) => Promise<void>;
}

export type CompareStore = StoreApi<CompareState>;

export const alsoKey = (set: Pick<PromptSet, 'id'>) => `compare-also:${set.id}`;

export function createCompareStore(services: Services, session: SessionStore, project: ProjectStore): CompareStore {
  const { store: disk } = services;
  /** The other ways of calibrating, computed when they were asked for. */
  const computed = new Map<string, Comparison>();

  return createStore<CompareState>((set, get) => {
    const runner = contestRunner(session, { get, set });

    async function score(open: PromptSet, dataset: Dataset, contest: Contest, told: Told): Promise<void> {
      const { plan, leftOut, info } = await scoreContest({ services, session, project }, open, dataset, contest, told);
      set({ note: 'Comparing row by row', secondsLeft: null });
      const comparison = await services.data.call('recompare', plan, {
        signal: told.signal,
        onEvent: ({ done, total: rows }) => set({ fraction: rows > 0 ? done / rows : null }),
      });
      const { evaluation: before } = get();
      const evaluation: ClassifyEvaluation = {
        kind: 'classify',
        id: crypto.randomUUID(),
        setId: open.id,
        // the newest is what is shown after a reload, also where the clock was moved back
        createdAt: nowAfter(before?.setId === open.id ? before.createdAt : null),
        plan,
        comparison,
        hardVersion: contest.hard?.id ?? null,
        softVersion: contest.soft?.id ?? null,
        datasetFingerprint: dataset.fingerprint,
        backend: info.backend,
        threads: info.threads,
      };
      computed.clear();
      if (project.getState().set?.id === open.id) set({ evaluation, comparison, mode: 'chosen', leftOut });
      performance.mark('studio:compared');
      await disk.evaluations.put(evaluation).catch((cause) => set({ error: asError(cause) }));
    }

    /** Further hand-written versions, as the user chose. */
    const alsoOf = async (open: PromptSet): Promise<readonly string[]> =>
      (await disk.settings.get<readonly string[]>(alsoKey(open))) ?? [];

    return {
      ...AT_REST,
      evaluation: null,
      comparison: null,
      mode: 'chosen',
      switching: false,
      leftOut: 0,
      also: [],
      include: async (versionId, included) => {
        const open = project.getState().set;
        if (!open) return;
        const also = get().also.filter((id) => id !== versionId);
        if (included) also.push(versionId);
        set({ also });
        await disk.settings.set(alsoKey(open), also).catch((cause) => set({ error: asError(cause) }));
      },
      enter: async () => {
        const open = project.getState().set;
        const also = open ? await alsoOf(open).catch(() => []) : [];
        if (project.getState().set?.id !== open?.id) return;
        set({ also });
        const shown = get().evaluation;
        if (shown && shown.setId === open?.id) return;
        if (!get().running) set({ evaluation: null, comparison: null, error: null, leftOut: 0 });
        if (!open) return;
        try {
          const [latest] = ofKind(await disk.evaluations.ofSet(open.id), 'classify');
          if (latest && project.getState().set?.id === open.id && get().evaluation?.setId !== open.id)
            set({ evaluation: latest, comparison: latest.comparison, mode: 'chosen' });
        } catch (cause) {
          set({ error: asError(cause) });
        }
      },
      run: () =>
        runner.run(async (told) => {
          const { dataset } = project.getState();
          let open = project.getState().set;
          if (!open || !dataset) return;
          if (!sameLabels(open.words, dataset.labels) || open.baseTemplate === '') {
            await session.getState().tokenizerReady();
            const proposed = await services.data.call('propose', { dataset });
            open = await project
              .getState()
              .updateById(open.id, (s) =>
                changeTask(
                  s,
                  { words: proposed.words, baseTemplate: s.baseTemplate || proposed.template },
                  new Date().toISOString(),
                ),
              );
          }
          const contest = contestOf(open, await alsoOf(open));
          set({ progress: waiting(contest) });
          await score(open, dataset, contest, told);
        }),
      stop: runner.stop,
      amend: async (change) => {
        const { evaluation } = get();
        if (!evaluation) return;
        const next = { ...evaluation, ...change };
        set({ evaluation: next });
        await disk.evaluations.put(next).catch((cause) => set({ error: asError(cause) }));
      },
      calibrate: async (mode) => {
        const { evaluation } = get();
        if (!evaluation || get().mode === mode) return;
        const key = `${evaluation.id}:${mode}`;
        const kept = mode === 'chosen' ? evaluation.comparison : computed.get(key);
        if (kept) {
          set({ comparison: kept, mode });
          return;
        }
        set({ switching: true });
        try {
          const comparison = await services.data.call('recompare', planFor(evaluation.plan, mode));
          computed.set(key, comparison);
          if (get().evaluation?.id === evaluation.id) set({ comparison, mode });
        } catch (cause) {
          set({ error: asError(cause) });
        } finally {
          set({ switching: false });
        }
      },
    };
  });
}
