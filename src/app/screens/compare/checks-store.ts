/** Checks of the comparison on the screen that take the model: run one at a time, shown as a job, stopped at will, kept. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { ArmOutcome } from '../../../evaluation/types';
import { StudioError } from '../../../lib/errors';
import { adaptationStep } from '../../../metrics/adaptation';
import { countLook } from '../../../project/prompt-set';
import type { ClassifyEvaluation, PromptSet } from '../../../project/types';
import { seedsOf } from '../../../project/versions';
import type { ProjectStore } from '../../state/project-store';
import type { Services } from '../../state/services';
import type { SessionStore } from '../../state/session-store';
import { type ArmPlan, alsoAmong, contestOf } from './arms';
import { type CompareState, type CompareStore, planFor } from './compare-store';
import { type CheckWith, checkConsistency, checkEveryRow } from './engine-checks';

/** How soon the run that was compared had learned what it learned. */
interface Adaptation {
  readonly step: number;
  /** Rows whose gradients were seen until then, repeats counted. */
  readonly rows: number;
  readonly seconds: number;
}

/** Validation accuracy of runs that differ in nothing but their seed. */
interface SeedRange {
  readonly seeds: number;
  readonly low: number;
  readonly high: number;
}

export interface ChecksState {
  readonly running: 'consistency' | 'every-row' | null;
  readonly fraction: number;
  readonly note: string;
  readonly error: StudioError | null;
  /** Of the evaluation with this id. */
  readonly of: string | null;
  readonly adaptation: Adaptation | null;
  readonly seedRange: SeedRange | null;
  /** Reads what is known of the training run, without the model. */
  readonly recall: () => Promise<void>;
  readonly consistency: () => Promise<void>;
  readonly everyRow: () => Promise<void>;
  readonly stop: () => void;
}

export type ChecksStore = StoreApi<ChecksState>;

const asError = (cause: unknown): StudioError =>
  cause instanceof StudioError ? cause : new StudioError('internal', `The check stopped: ${String(cause)}`, { cause });

const FATAL = new Set(['worker-died', 'device-lost', 'out-of-memory', 'session-failed']);

export function createChecksStore(
  services: Services,
  session: SessionStore,
  project: ProjectStore,
  compare: CompareStore,
): ChecksStore {
  let aborter: AbortController | null = null;
  /** Whoever asks for what is being read waits for it. */
  let recalling: Promise<void> = Promise.resolve();
  return createStore<ChecksState>((set, get) => {
    /** The arms as they were compared. */
    function asCompared(
      evaluation: ClassifyEvaluation,
      armId: string | undefined,
    ): readonly [ArmPlan, ArmOutcome] | null {
      const open = project.getState().set;
      const outcome = evaluation.plan.arms.find(({ id }) => id === armId);
      if (!open || !outcome) return null;
      const then = { ...open, chosenHard: evaluation.hardVersion, chosenSoft: evaluation.softVersion };
      const ids = evaluation.plan.arms.map(({ id }) => id);
      const plan = contestOf(then, alsoAmong(then, ids)).arms.find(({ id }) => id === armId);
      return plan ? [plan, outcome] : null;
    }

    async function run(
      what: 'consistency' | 'every-row',
      title: string,
      work: (using: CheckWith, evaluation: ClassifyEvaluation) => Promise<Parameters<CompareState['amend']>[0]>,
    ): Promise<void> {
      const { set: open, dataset } = project.getState();
      const { evaluation, mode } = compare.getState();
      if (!open || !dataset || !evaluation || get().running || session.getState().job) return;
      const mine = new AbortController();
      aborter = mine;
      set({ running: what, fraction: 0, note: 'The model is getting ready', error: null });
      const stop = () => mine.abort();
      session.getState().setJob({ title, screen: 'compare', fraction: 0, secondsLeft: null, stop });
      const startedAt = performance.now();
      const onProgress = (fraction: number, note: string) => {
        const elapsed = (performance.now() - startedAt) / 1000;
        set({ fraction, note });
        session
          .getState()
          .updateJob({ fraction, secondsLeft: fraction > 0.02 ? (elapsed * (1 - fraction)) / fraction : null });
      };
      try {
        await session.getState().modelReady();
        const plan = planFor(evaluation.plan, mode);
        const found = await work({ services, set: open, dataset, plan, signal: mine.signal, onProgress }, evaluation);
        // another comparison may be on the screen by now
        if (compare.getState().evaluation?.id === evaluation.id) await compare.getState().amend(found);
      } catch (cause) {
        const error = asError(cause);
        if (error.code !== 'cancelled') set({ error });
        if (FATAL.has(error.code)) session.getState().engineLost(error);
      } finally {
        aborter = null;
        set({ running: null });
        session.getState().setJob(null);
      }
    }

    async function recall(open: PromptSet, evaluation: ClassifyEvaluation): Promise<void> {
      set({ of: evaluation.id, adaptation: null, seedRange: null, error: null });
      const version = open.soft.find(({ id }) => id === evaluation.softVersion);
      if (!version) return;
      const accuracies = seedsOf(open, version).flatMap(({ validationAccuracy: v }) => (v === null ? [] : [v]));
      if (accuracies.length > 1)
        set({
          seedRange: { seeds: accuracies.length, low: Math.min(...accuracies), high: Math.max(...accuracies) },
        });
      const kept = await services.store.checkpoints.get(version.id).catch(() => null);
      if (!kept || get().of !== evaluation.id) return;
      const { steps, validations } = kept.checkpoint;
      const step = adaptationStep(
        validations.flatMap((v) => ('accuracy' in v ? [{ step: v.step, value: v.accuracy }] : [])),
        version.bestStep,
      );
      if (step === null) return;
      const seconds = steps.filter((s) => s.step < step).reduce((sum, s) => sum + s.ms, 0) / 1000;
      set({ adaptation: { step, rows: step * version.settings.batchSize, seconds } });
    }

    return {
      running: null,
      fraction: 0,
      note: '',
      error: null,
      of: null,
      adaptation: null,
      seedRange: null,
      recall: () => {
        const { evaluation } = compare.getState();
        const { set: open } = project.getState();
        if (evaluation && open && get().of !== evaluation.id) recalling = recall(open, evaluation);
        return recalling;
      },
      consistency: () =>
        run('consistency', 'Checking consistency', async (using, evaluation) => {
          const pair = evaluation.comparison.pairs[0];
          const arms = [asCompared(evaluation, pair?.a), asCompared(evaluation, pair?.b)].filter((arm) => arm !== null);
          return { consistency: await checkConsistency(using, arms) };
        }),
      everyRow: () =>
        run('every-row', 'Checking every row', async (using, evaluation) => {
          const version = using.set.soft.find(({ id }) => id === evaluation.softVersion);
          const hand = asCompared(evaluation, 'yours');
          if (!version || !hand)
            throw new StudioError('bad-input', 'There is no tuned and no hand-written prompt in this comparison.');
          if (version.settings.initialisation.kind === 'prompt')
            throw new StudioError(
              'bad-input',
              'This prompt was trained on from an earlier one, which has seen rows of every fold. Choose a run that started afresh, and compare that.',
            );
          await session.getState().trainingReady();
          const everyRow = await checkEveryRow(using, version, hand);
          await project.getState().updateById(using.set.id, (s) => countLook(s, new Date().toISOString()));
          return { everyRow };
        }),
      stop: () => aborter?.abort(),
    };
  });
}
