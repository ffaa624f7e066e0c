/** Prompts that write, on the same held-back rows: answers of one after another, compared in the data worker, kept. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import { nowAfter } from '../../../lib/time';
import { ofKind } from '../../../project/evaluations';
import { changeTask } from '../../../project/prompt-set';
import type { GenerateEvaluation } from '../../../project/types';
import type { ProjectStore } from '../../state/project-store';
import type { Services } from '../../state/services';
import type { SessionStore } from '../../state/session-store';
import { contestOf } from './arms';
import { alsoKey } from './compare-store';
import { AT_REST, asError, type ContestState, contestRunner, waiting } from './contest-run';
import type { Told } from './score-contest';
import { scoreWriting } from './score-writing';

export interface WritingState extends ContestState {
  /** The comparison on the screen. */
  readonly evaluation: GenerateEvaluation | null;
  /** Held-back rows that were left out since they do not fit some prompt. */
  readonly leftOut: number;
  readonly enter: () => Promise<void>;
  readonly run: () => Promise<void>;
  readonly stop: () => void;
  /** Keeps votes with the comparison on the screen. */
  readonly amend: (change: Pick<GenerateEvaluation, 'votes'>) => Promise<void>;
}

export type WritingStore = StoreApi<WritingState>;

export function createWritingStore(services: Services, session: SessionStore, project: ProjectStore): WritingStore {
  const { store: disk } = services;

  return createStore<WritingState>((set, get) => {
    const runner = contestRunner(session, { get, set });

    async function compare(told: Told): Promise<void> {
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
      set({ progress: waiting(contest) });
      const { plan, leftOut, info } = await scoreWriting({ services, session, project }, open, dataset, contest, told);
      set({ note: 'Comparing row by row', secondsLeft: null });
      const comparison = await services.data.call('compareTexts', plan, {
        signal: told.signal,
        onEvent: ({ done, total }) => set({ fraction: total > 0 ? done / total : null }),
      });
      const { evaluation: before } = get();
      const evaluation: GenerateEvaluation = {
        kind: 'generate',
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
      await disk.evaluations.put(evaluation).catch((cause) => set({ error: asError(cause) }));
    }

    return {
      ...AT_REST,
      evaluation: null,
      leftOut: 0,
      enter: async () => {
        const open = project.getState().set;
        if (get().evaluation?.setId === open?.id) return;
        if (!get().running) set({ evaluation: null, error: null, leftOut: 0 });
        if (!open) return;
        try {
          const [latest] = ofKind(await disk.evaluations.ofSet(open.id), 'generate');
          if (latest && project.getState().set?.id === open.id && get().evaluation?.setId !== open.id)
            set({ evaluation: latest });
        } catch (cause) {
          set({ error: asError(cause) });
        }
      },
      run: () => runner.run(compare),
      stop: runner.stop,
      amend: async (change) => {
        const { evaluation } = get();
        if (!evaluation) return;
        const next = { ...evaluation, ...change };
        set({ evaluation: next });
        await disk.evaluations.put(next).catch((cause) => set({ error: asError(cause) }));
      },
    };
  });
}
