/** The engine's one place for a run: who may take it, when the gradients are trusted, and how a cut-off run goes on. */
import type { StoreApi } from 'zustand/vanilla';
import type { Dataset } from '../../../dataset/types';
import { StudioError } from '../../../lib/errors';
import { isUsable } from '../../../project/prompt-set';
import type { PromptSet, SoftVersion } from '../../../project/types';
import type { ProjectStore } from '../../state/project-store';
import type { Services } from '../../state/services';
import type { SessionStore } from '../../state/session-store';
import type { Speedometer } from '../../state/speedometer';
import type { Baselines } from './baselines';
import type { QueuedRun } from './queue';
import { recordRun } from './recording';
import { asError, isCancelled, keptCheckpoint, type Running, type RunPlan, startRun } from './run';
import type { RunEnd } from './run-queue';
import type { TrainState } from './train-state';

interface RoomWith {
  readonly services: Services;
  readonly session: SessionStore;
  readonly project: ProjectStore;
  readonly baselines: Baselines;
  readonly speedometer: Speedometer;
  readonly onRowsCached: (cacheKey: string, rows: number) => void;
  readonly get: StoreApi<TrainState>['getState'];
  readonly set: (change: Partial<TrainState>) => void;
}

export interface TrainingRoom {
  /** Does the work once the model's gradients are known to be right; null when it could not. */
  whenChecked<T>(work: () => Promise<T>): Promise<T | null>;
  /** Runs or goes on with a run that is in the set already. */
  run(plan: RunPlan): Promise<RunEnd>;
  /** Records a run that waited, and runs it on these rows; null = it could not begin. */
  begin(item: QueuedRun, setId: string, dataset: Dataset, recorded: () => Promise<void>): Promise<RunEnd | null>;
  /** A run that a reload cut off goes on by itself, unless it was cut off here before: then the user decides (null). */
  pickUp(left: SoftVersion, open: PromptSet, dataset: Dataset): Promise<RunEnd | null>;
  /** Of the run under way; false = there is none. */
  ask(what: 'pause' | 'stop'): boolean;
}

export function createTrainingRoom(using: RoomWith): TrainingRoom {
  const { services, session, project, baselines, speedometer, onRowsCached, get, set } = using;
  const { store: disk } = services;
  let running: Running | null = null;

  const whenChecked: TrainingRoom['whenChecked'] = async (work) => {
    // what was asked for first goes on, e.g. a new run over one that a reload cut off
    if (get().busy || get().waiting) return null;
    set({ error: null, waiting: true });
    try {
      await session.getState().trainingReady();
      return await work();
    } catch (cause) {
      if (!isCancelled(cause)) set({ error: asError(cause) });
      return null;
    } finally {
      set({ waiting: false });
    }
  };

  async function run(plan: RunPlan): Promise<RunEnd> {
    const lock = await disk.claimRun(plan.version.id);
    if (!lock) {
      set({ error: elsewhere });
      return 'held';
    }
    // while the lock was waited for, the other tab may have come to the end
    const stored = (await disk.sets.get(plan.open.id))?.soft.find(({ id }) => id === plan.version.id);
    if (stored && isUsable(stored)) {
      lock.release();
      await get().show(stored.id);
      return 'over';
    }
    set({ busy: true, waiting: false, error: null });
    session
      .getState()
      .setJob({ title: 'Training', screen: 'train', fraction: null, secondsLeft: null, stop: () => get().stop() });
    try {
      running = startRun(plan, {
        services,
        session,
        project,
        baselines,
        speedometer,
        show: (live) => set({ live }),
        isShown: (runId) => get().live?.runId === runId,
        complain: (error) => set({ error }),
        onRowsCached,
      });
      await running.ended;
    } finally {
      running = null;
      lock.release();
      set({ busy: false });
      session.getState().setJob(null);
    }
    const { live } = get();
    const isOver = live?.ending === 'paused' ? false : live?.ending != null || live?.error?.code === 'diverged';
    return isOver ? 'over' : 'held';
  }

  return {
    whenChecked,
    run,
    begin: (item, setId, dataset, recorded) =>
      whenChecked(async () => {
        const info = await session.getState().modelReady();
        const dtype = session.getState().card?.dtype ?? info.dtype;
        const { open, version } = await recordRun(project, setId, item, {
          model: { id: info.id, sha256: info.sha256, dtype },
          datasetFingerprint: dataset.fingerprint,
          heldBackHash: dataset.heldBackHash,
        });
        await recorded();
        return run({ open, dataset, version, from: null });
      }),
    pickUp: async (left, open, dataset) => {
      const kept = await keptCheckpoint(disk, left);
      const step = kept?.step ?? 0;
      const before = await disk.settings.get<number>(`resumed:${left.id}`);
      if (left.status !== 'running' || before === step || session.getState().capabilities.trainingOff !== null) {
        await get().show(left.id);
        return null;
      }
      await disk.settings.set(`resumed:${left.id}`, step).catch(() => undefined);
      return whenChecked(() => run({ open, dataset, version: left, from: kept }));
    },
    ask: (what) => {
      running?.ask(what);
      return running !== null;
    },
  };
}

const elsewhere = new StudioError(
  'store-blocked',
  'This run goes on in another tab of this browser. Look at it there, or close that tab and come back.',
);
