/** The Train screen: the settings of the next run, how long it would take, and the run that is shown. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import { StudioError } from '../../../lib/errors';
import { changeTask, openRun, startRun as recordRun, stamp, updateRun } from '../../../project/prompt-set';
import type { PromptSet, SoftVersion } from '../../../project/types';
import type { Placement } from '../../../prompt/types';
import { sameLabels } from '../../../task/align-words';
import { PRESETS, type PresetName, STANDARD, type TrainingSettings } from '../../../training/settings';
import type { Services } from '../../services';
import type { ProjectStore } from '../../state/project-store';
import type { SessionStore } from '../../state/session-store';
import { createBaselines } from './baselines';
import { runSeconds, type Speed, type Work } from './estimate';
import { initialText } from './initial-text';
import { freshRun, type LiveRun } from './live-run';
import { asError, isCancelled, type Running, type RunPlan, startRun } from './run';
import { cacheKeyOf, type RunInputs, tokenise, validationIds } from './run-inputs';
import { createSpeedometer } from './speedometer';

export interface TrainState {
  readonly preset: PresetName | 'own';
  readonly settings: TrainingSettings;
  readonly speed: Speed | null;
  readonly work: Work | null;
  /** Rows that do not fit the model's context and are left out. */
  readonly tooLong: readonly string[];
  /** The run on the screen: the running one, or the one that was chosen in the table. */
  readonly live: LiveRun | null;
  /** True while the engine trains, on whatever set. */
  readonly busy: boolean;
  /** The button was pressed; the model is not ready yet. */
  readonly waiting: boolean;
  /** Why the screen could not get ready. */
  readonly error: StudioError | null;
  /** The screen is shown: counts tokens, measures speed, picks up an interrupted run. */
  readonly enter: () => Promise<void>;
  readonly choosePlacement: (placement: Placement) => void;
  readonly choosePreset: (preset: PresetName) => void;
  readonly change: (settings: Partial<TrainingSettings>) => void;
  readonly start: () => Promise<void>;
  readonly resume: (runId: string) => Promise<void>;
  readonly pause: () => void;
  /** Ends the run and keeps the best step. */
  readonly stop: () => void;
  readonly show: (runId: string) => Promise<void>;
  /** Seconds that a run with these settings would take; null while nothing was measured. */
  readonly secondsOf: (settings: TrainingSettings) => number | null;
}

export type TrainStore = StoreApi<TrainState>;

const now = () => new Date().toISOString();

export function createTrainStore(services: Services, session: SessionStore, project: ProjectStore): TrainStore {
  const { store: disk } = services;
  const baselines = createBaselines(services, project);
  const rowsInCache = new Map<string, number>();
  let running: Running | null = null;

  return createStore<TrainState>((set, get) => {
    const speedometer = createSpeedometer(services, (speed) => set({ speed }));
    const modelInfo = () => {
      const { model } = session.getState();
      return model.kind === 'ready' ? model.info : null;
    };

    /** A few rows through the model, once, when nothing was measured on this machine yet. */
    async function measureSpeed({ train, labels }: RunInputs): Promise<void> {
      const info = modelInfo();
      // Never in front of a run that was asked for.
      const idle = () => !get().busy && !get().waiting;
      if (!info || (await speedometer.known(info)) || !idle()) return;
      set({ speed: null });
      const score = (count: number) =>
        services.engine.call('score', { rows: train.slice(0, count), labels, soft: null, cacheKey: null });
      await score(1); // the first call of a fresh session takes longer than any other
      if (idle()) await speedometer.learnTokens(info, await score(tellingRows(train)));
    }

    async function measureWork({ dataset, open }: Pick<RunPlan, 'dataset' | 'open'>): Promise<RunInputs> {
      const inputs = await tokenise(services, dataset, open, open.baseTemplate);
      set({
        tooLong: inputs.tooLong,
        work: {
          trainRows: inputs.train.length,
          validationRows: inputs.validation.length,
          meanTokens: inputs.meanTokens,
          cachedRows: rowsInCache.get(cacheKeyOf(dataset.fingerprint, open.baseTemplate)) ?? 0,
        },
      });
      return inputs;
    }

    /** Runs or goes on with a run that is in the set already. */
    async function run(plan: RunPlan): Promise<void> {
      const lock = await disk.claimRun(plan.version.id);
      if (!lock) {
        set({
          error: new StudioError(
            'store-blocked',
            'This run goes on in another tab of this browser. Look at it there, or close that tab and come back.',
          ),
        });
        return;
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
          complain: (error) => set({ error }),
          onRowsCached: (cacheKey, rows) => rowsInCache.set(cacheKey, rows),
        });
        await running.ended;
      } finally {
        running = null;
        lock.release();
        set({ busy: false });
        session.getState().setJob(null);
      }
    }

    /** Does the work once the model's gradients are known to be right. */
    async function whenChecked(work: () => Promise<void>): Promise<void> {
      // what was asked for first goes on, e.g. a new run over one that a reload cut off
      if (get().busy || get().waiting) return;
      set({ error: null, waiting: true });
      try {
        await session.getState().trainingReady();
        await work();
      } catch (cause) {
        if (!isCancelled(cause)) set({ error: asError(cause) });
      } finally {
        set({ waiting: false });
      }
    }

    /** The set with what training needs, proposed where the user has not said it. */
    async function withTask({ dataset, open }: Pick<RunPlan, 'dataset' | 'open'>): Promise<PromptSet> {
      if (sameLabels(open.words, dataset.labels) && open.baseTemplate !== '') return open;
      const proposed = await services.data.call('propose', { dataset });
      return project.getState().updateById(open.id, (s) =>
        changeTask(
          s,
          {
            words: sameLabels(s.words, dataset.labels) ? s.words : proposed.words,
            baseTemplate: s.baseTemplate || proposed.template,
          },
          now(),
        ),
      );
    }

    return {
      preset: 'standard',
      settings: STANDARD,
      speed: null,
      work: null,
      tooLong: [],
      live: null,
      busy: false,
      waiting: false,
      error: null,
      enter: async () => {
        const { set: open, dataset } = project.getState();
        if (!open || !dataset || get().busy) return;
        if (get().live?.setId !== open.id) set({ live: null, work: null, tooLong: [] });
        try {
          await session.getState().tokenizerReady();
          const current = await withTask({ dataset, open });
          const inputs = await measureWork({ dataset, open: current });
          const left = openRun(current);
          if (left && !get().live && !get().busy) {
            const kept = await disk.checkpoints.get(left.id);
            const step = kept?.checkpoint.step ?? 0;
            // A run that a reload cut off goes on by itself, unless it was cut off here before: then the user decides.
            const before = await disk.settings.get<number>(`resumed:${left.id}`);
            if (left.status === 'running' && before !== step && session.getState().capabilities.trainingOff === null) {
              await disk.settings.set(`resumed:${left.id}`, step);
              await whenChecked(() => run({ open: current, dataset, version: left, from: kept?.checkpoint ?? null }));
              return;
            }
            await get().show(left.id);
          }
          await measureSpeed(inputs);
        } catch (cause) {
          set({ error: asError(cause) });
        }
      },
      choosePlacement: (placement) => set(({ settings }) => ({ settings: { ...settings, placement } })),
      choosePreset: (preset) =>
        set(({ settings }) => ({ preset, settings: { ...PRESETS[preset], placement: settings.placement } })),
      change: (change) => set(({ settings }) => ({ preset: 'own', settings: { ...settings, ...change } })),
      start: async () => {
        const { dataset } = project.getState();
        const open = project.getState().set;
        if (!open || !dataset || get().busy || get().waiting) return;
        set({ live: null });
        await whenChecked(async () => {
          const { settings } = get();
          const card = session.getState().card;
          const info = await session.getState().modelReady();
          const initText =
            settings.initialisation.kind === 'text' ? settings.initialisation.text.trim() || initialText(open) : '';
          const at = stamp();
          let version: SoftVersion | null = null;
          const current = await project.getState().updateById(open.id, (s) => {
            const started = recordRun(s, at, {
              name: get().preset === 'own' ? '' : `${get().preset}, seed ${settings.seed}`,
              settings,
              template: s.baseTemplate,
              initText,
              model: { id: info.id, sha256: info.sha256, dtype: card?.dtype ?? info.dtype },
              datasetFingerprint: dataset.fingerprint,
              heldBackHash: dataset.heldBackHash,
            });
            version = started.run;
            return started.set;
          });
          if (version) await run({ open: current, dataset, version, from: null });
        });
      },
      resume: async (runId) => {
        const { dataset } = project.getState();
        const open = project.getState().set;
        const version = open?.soft.find((s) => s.id === runId);
        if (!open || !dataset || !version || get().busy || get().waiting) return;
        if (version.datasetFingerprint !== dataset.fingerprint) {
          set({
            error: new StudioError(
              'bad-input',
              'This run was begun on other rows than those that are open now. Open that file again on the Data screen, or start a new run.',
            ),
          });
          return;
        }
        await whenChecked(async () => {
          const kept = await disk.checkpoints.get(runId);
          const current = await project
            .getState()
            .updateById(open.id, (s) => updateRun(s, runId, { status: 'running', error: null }, now()));
          await run({ open: current, dataset, version, from: kept?.checkpoint ?? null });
        });
      },
      pause: () => running?.ask('pause'),
      stop: () => running?.ask('stop'),
      show: async (runId) => {
        const open = project.getState().set;
        const version = open?.soft.find((s) => s.id === runId);
        const { dataset } = project.getState();
        if (!open || !version || get().busy) return;
        const kept = await disk.checkpoints.get(runId);
        const rows = dataset ? validationIds(dataset) : [];
        const ended = version.status === 'running' ? 'paused' : version.status === 'failed' ? null : version.status;
        const open_ = version.status === 'running' || version.status === 'paused';
        set({
          live: {
            ...freshRun(version, open.id, kept?.checkpoint ?? null, rows.length),
            phase: 'ended',
            ending: ended,
            error: version.error ? new StudioError('internal', version.error) : null,
            resumeFrom: open_ ? (kept?.checkpoint.step ?? 0) : null,
            lines: dataset
              ? await baselines.known({ open, dataset, template: version.template, info: modelInfo() })
              : [],
          },
        });
      },
      secondsOf: (settings) => {
        const { work, speed } = get();
        return work && speed ? runSeconds(settings, work, speed) : null;
      },
    };
  });
}

/** A mean over fewer tokens would be mostly what a call costs. */
const TELLING_TOKENS = 600;

function tellingRows(rows: RunInputs['train']): number {
  let tokens = 0;
  const enough = rows.findIndex(({ ids }) => {
    tokens += ids.length;
    return tokens >= TELLING_TOKENS;
  });
  return enough < 0 ? rows.length : enough + 1;
}
