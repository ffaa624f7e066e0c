/** Prompts that write, on the same held-back rows: answers of one after another, compared in the data worker, kept. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import { StudioError } from '../../../lib/errors';
import { nowAfter } from '../../../lib/time';
import { changeTask } from '../../../project/prompt-set';
import type { WritingEvaluation } from '../../../project/types';
import type { Services } from '../../services';
import type { ProjectStore } from '../../state/project-store';
import { isEngineGone } from '../../state/session-state';
import type { SessionStore } from '../../state/session-store';
import { contestOf } from './arms';
import { alsoKey } from './compare-store';
import type { ArmProgress } from './score-contest';
import { scoreWriting } from './score-writing';
import { telling } from './telling';

export interface WritingState {
  readonly running: boolean;
  /** What is going on, in words. */
  readonly note: string | null;
  readonly progress: readonly ArmProgress[];
  readonly fraction: number | null;
  readonly secondsLeft: number | null;
  readonly error: StudioError | null;
  /** The comparison on the screen. */
  readonly evaluation: WritingEvaluation | null;
  /** Held-back rows that were left out since they do not fit some prompt. */
  readonly leftOut: number;
  readonly enter: () => Promise<void>;
  readonly run: () => Promise<void>;
  readonly stop: () => void;
  /** Keeps votes with the comparison on the screen. */
  readonly amend: (change: Pick<WritingEvaluation, 'votes'>) => Promise<void>;
}

export type WritingStore = StoreApi<WritingState>;

const asError = (cause: unknown): StudioError =>
  cause instanceof StudioError
    ? cause
    : new StudioError('internal', `The comparison stopped: ${String(cause)}`, { cause });

export function createWritingStore(services: Services, session: SessionStore, project: ProjectStore): WritingStore {
  const { store: disk } = services;
  let aborter: AbortController | null = null;

  return createStore<WritingState>((set, get) => {
    async function compare(signal: AbortSignal): Promise<void> {
      const { dataset } = project.getState();
      let open = project.getState().set;
      if (!open || !dataset) return;
      if (open.baseTemplate === '') {
        const { template, words } = await services.data.call('propose', { dataset });
        open = await project
          .getState()
          .updateById(open.id, (s) => changeTask(s, { words, baseTemplate: template }, new Date().toISOString()));
      }
      const { id: setId } = open;
      const contest = contestOf(open, (await disk.settings.get<readonly string[]>(alsoKey(open))) ?? []);
      set({ progress: contest.arms.map(({ id, name }) => ({ id, name, state: 'waiting', fraction: 0 })) });
      const told = telling(signal, session, { get, set });
      const { plan, leftOut, info } = await scoreWriting({ services, session, project }, open, dataset, contest, told);
      set({ note: 'Comparing row by row', secondsLeft: null });
      const comparison = await services.data.call('compareWriting', plan, {
        signal,
        onEvent: ({ done, total }) => set({ fraction: total > 0 ? done / total : null }),
      });
      const { evaluation: before } = get();
      const evaluation: WritingEvaluation = {
        id: crypto.randomUUID(),
        setId,
        createdAt: nowAfter(before?.setId === setId ? before.createdAt : null),
        plan,
        comparison,
        hardVersion: contest.hard?.id ?? null,
        softVersion: contest.soft?.id ?? null,
        datasetFingerprint: dataset.fingerprint,
        backend: info.backend,
        threads: info.threads,
      };
      if (project.getState().set?.id === setId) set({ evaluation, leftOut });
      performance.mark('studio:compared');
      await disk.writings.put(evaluation).catch((cause) => set({ error: asError(cause) }));
    }

    return {
      running: false,
      note: null,
      progress: [],
      fraction: null,
      secondsLeft: null,
      error: null,
      evaluation: null,
      leftOut: 0,
      enter: async () => {
        const open = project.getState().set;
        if (get().evaluation?.setId === open?.id) return;
        if (!get().running) set({ evaluation: null, error: null, leftOut: 0 });
        if (!open) return;
        try {
          const [latest] = await disk.writings.ofSet(open.id);
          if (latest && project.getState().set?.id === open.id && get().evaluation?.setId !== open.id)
            set({ evaluation: latest });
        } catch (cause) {
          set({ error: asError(cause) });
        }
      },
      run: async () => {
        if (get().running) return;
        aborter = new AbortController();
        set({ running: true, error: null, fraction: null, secondsLeft: null, progress: [] });
        session.getState().setJob({
          title: 'Comparing',
          screen: 'compare',
          fraction: null,
          secondsLeft: null,
          stop: () => get().stop(),
        });
        try {
          await compare(aborter.signal);
        } catch (cause) {
          const error = asError(cause);
          if (error.code !== 'cancelled') set({ error });
          if (isEngineGone(error)) session.getState().engineLost(error);
        } finally {
          aborter = null;
          set({ running: false, note: null, fraction: null, secondsLeft: null });
          session.getState().setJob(null);
        }
      },
      stop: () => aborter?.abort(),
      amend: async (change) => {
        const { evaluation } = get();
        if (!evaluation) return;
        const next = { ...evaluation, ...change };
        set({ evaluation: next });
        await disk.writings.put(next).catch((cause) => set({ error: asError(cause) }));
      },
    };
  });
}
