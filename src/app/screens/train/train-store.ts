/** The run: what it is given, what it has reached, and how it goes on after a reload. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { Dataset } from '../../../dataset/types';
import { StudioError } from '../../../lib/errors';
import { changeTask, finishRun, openRun, stamp, startRun, updateRun } from '../../../project/prompt-set';
import type { PromptSet, SoftVersion } from '../../../project/types';
import type { Placement } from '../../../prompt/types';
import type { Checkpoint, StepPoint, StopReason, TrainEvent, ValidationPoint } from '../../../training/events';
import { PRESETS, type PresetName, STANDARD, type TrainingSettings } from '../../../training/settings';
import type { ModelInfo, ScoreResult } from '../../../worker/protocol';
import type { ReferenceLine } from '../../charts/finding';
import type { Services } from '../../services';
import type { ProjectStore } from '../../state/project-store';
import type { SessionStore } from '../../state/session-store';
import { createBaselines } from './baselines';
import { learnStep, runSeconds, type Speed, stepTokens, type Work } from './estimate';
import { initialText } from './initial-text';
import { cacheKeyOf, initialIds, type RunInputs, tokenise, validationIds } from './run-inputs';

export interface LiveRun {
  readonly runId: string;
  readonly setId: string;
  readonly phase: 'preparing' | 'baselines' | 'caching' | 'training' | 'pausing' | 'stopping' | 'ended';
  /** What is going on inside a phase, in words. */
  readonly note: string | null;
  readonly cache: { readonly done: number; readonly total: number } | null;
  readonly steps: readonly StepPoint[];
  readonly validations: readonly ValidationPoint[];
  readonly step: number;
  readonly stepsTotal: number;
  readonly secondsLeft: number | null;
  readonly stepsPerSecond: number | null;
  readonly bestStep: number | null;
  readonly lines: readonly ReferenceLine[];
  readonly validationRows: number;
  readonly ending: StopReason | null;
  readonly error: StudioError | null;
  /** Step from which it can go on, when it was interrupted. */
  readonly resumeFrom: number | null;
}

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

type Done = Extract<TrainEvent, { kind: 'done' }>;

export type TrainStore = StoreApi<TrainState>;

/** After these the worker cannot be used again without a fresh start. */
const FATAL = new Set(['worker-died', 'device-lost', 'out-of-memory', 'session-failed', 'internal']);

const now = () => new Date().toISOString();
const asError = (cause: unknown): StudioError =>
  cause instanceof StudioError
    ? cause
    : new StudioError('internal', `Something went wrong in training: ${String(cause)}`, { cause });

export function createTrainStore(services: Services, session: SessionStore, project: ProjectStore): TrainStore {
  const { store: disk } = services;
  let requestId: number | null = null;
  /** Asked before the engine had begun: obeyed as soon as it can be. */
  let asked: 'pause' | 'stop' | null = null;
  let aborter: AbortController | null = null;
  const baselines = createBaselines(services, project);
  const rowsInCache = new Map<string, number>();

  return createStore<TrainState>((set, get) => {
    const live = (change: Partial<LiveRun>) => set((state) => ({ live: state.live && { ...state.live, ...change } }));
    const speedKey = (info: ModelInfo) => `speed:${info.sha256}:${info.backend}:${info.threads}`;

    async function loadSpeed(info: ModelInfo): Promise<void> {
      if (get().speed) return;
      const kept = await disk.settings.get<Speed>(speedKey(info));
      if (kept) set({ speed: kept });
    }
    async function learn(info: ModelInfo, change: (speed: Speed | null) => Speed | null): Promise<void> {
      const speed = change(get().speed);
      if (!speed) return;
      set({ speed });
      await disk.settings.set(speedKey(info), speed).catch(() => undefined); // a nicety: measured again next time
    }

    const modelInfo = () => {
      const { model } = session.getState();
      return model.kind === 'ready' ? model.info : null;
    };
    /** Milliseconds a token; a handful of tokens would tell nothing. */
    async function learnTokens(info: ModelInfo, rows: ScoreResult['rows'], seconds: number): Promise<void> {
      const tokens = rows.reduce((sum, row) => sum + row.tokensComputed, 0);
      if (tokens > 500) await learn(info, (speed) => ({ step: speed?.step ?? {}, tokenMs: (seconds * 1000) / tokens }));
    }

    /** A few rows through the model, once, when nothing was measured on this machine yet. */
    async function calibrate(inputs: RunInputs): Promise<void> {
      const { model } = session.getState();
      if (model.kind !== 'ready' || get().busy) return;
      await loadSpeed(model.info);
      if (get().speed) return;
      const rows = inputs.train.slice(0, 8);
      const scored = await services.engine.call('score', { rows, labels: inputs.labels, soft: null, cacheKey: null });
      const tokens = scored.rows.reduce((sum, row) => sum + row.tokensComputed, 0);
      if (tokens > 0)
        await learn(model.info, (speed) => speed ?? { tokenMs: (scored.seconds * 1000) / tokens, step: {} });
    }

    async function measureWork(open: PromptSet, dataset: Dataset): Promise<RunInputs> {
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
    async function run(
      open: PromptSet,
      dataset: Dataset,
      version: SoftVersion,
      from: Checkpoint | null,
    ): Promise<void> {
      const lock = await disk.claimRun(version.id);
      if (!lock) {
        set({
          error: new StudioError(
            'store-blocked',
            'This run goes on in another tab of this browser. Look at it there, or close that tab and come back.',
          ),
        });
        return;
      }
      asked = null;
      aborter = new AbortController();
      set({ busy: true, error: null, live: fresh(version, open.id, from, validationIds(dataset).length) });
      session
        .getState()
        .setJob({ title: 'Training', screen: 'train', fraction: null, secondsLeft: null, stop: () => get().stop() });
      let latest = from;
      try {
        live({ note: 'The model is getting ready' });
        const info = await session.getState().modelReady();
        live({ note: 'Counting tokens' });
        const inputs = await tokenise(services, dataset, open, version.template);
        if (info.sha256 !== version.model.sha256)
          throw new StudioError(
            'bad-input',
            `This run was begun on ${version.model.id} with other weights than those that are loaded now, so it cannot go on here. Its vectors up to step ${from?.step ?? 0} are kept.`,
          );
        const subject = { open, dataset, template: version.template, info };
        const lines = await baselines.known(subject);
        live({ lines, validationRows: inputs.validation.length });
        if (asked) throw new StudioError('cancelled', 'Stopped before the first step.');
        const initTokenIds = await initialIds(services, version, inputs.labels, info.vocabulary);
        let interlude = inputs.validation.length > 0 && baselines.isMissing(open, lines);
        for (;;) {
          live({ phase: asked === 'stop' ? 'stopping' : 'training', note: null, secondsLeft: null });
          const ended = await trainUntilDone(open, dataset, version, inputs, initTokenIds, latest, {
            onCheckpoint: (checkpoint) => {
              latest = checkpoint;
            },
            pauseAtValidation: interlude,
          });
          latest = ended.checkpoint;
          if (!interlude || ended.reason !== 'paused' || asked === 'pause') {
            await finish(open.id, version, ended, info, inputs);
            break;
          }
          // Between two steps, so that the first ones come at once: what there is to beat. Going on changes no bit.
          interlude = false;
          live({ phase: 'baselines' });
          await baselines
            .score(subject, inputs, {
              signal: aborter?.signal ?? null,
              onNote: (note) => live({ note }),
              onProgress: (secondsLeft) => live({ secondsLeft }),
              onLines: (found) => live({ lines: found }),
              onScored: ({ rows, seconds }) => learnTokens(info, rows, seconds),
            })
            .catch((cause: unknown) => {
              if (!asked) throw cause;
            });
          if (asked === 'pause') {
            await finish(open.id, version, ended, info, inputs);
            break;
          }
        }
      } catch (cause) {
        await interrupted(open.id, version, asError(cause), latest);
      } finally {
        requestId = null;
        aborter = null;
        lock.release();
        set({ busy: false });
        session.getState().setJob(null);
      }
    }

    /** One call of the engine, from a checkpoint or from the start to whatever ends it. */
    async function trainUntilDone(
      open: PromptSet,
      dataset: Dataset,
      version: SoftVersion,
      inputs: RunInputs,
      initTokenIds: Int32Array,
      from: Checkpoint | null,
      on: { readonly onCheckpoint: (checkpoint: Checkpoint) => void; readonly pauseAtValidation: boolean },
    ): Promise<Done> {
      let ended: Done | null = null;
      const saving: Promise<unknown>[] = [];
      const keep = (checkpoint: Checkpoint) => {
        on.onCheckpoint(checkpoint);
        saving.push(disk.checkpoints.put({ runId: version.id, setId: open.id, checkpoint }).catch(complain));
      };
      await services.engine.call(
        'train',
        {
          runId: version.id,
          train: inputs.train,
          validation: inputs.validation,
          labels: inputs.labels,
          settings: version.settings,
          initTokenIds,
          cacheKey: cacheKeyOf(dataset.fingerprint, version.template),
          resume: from,
        },
        {
          onStart: (id) => {
            requestId = id;
            if (asked) services.engine.control(id, asked);
          },
          onEvent: (event) => {
            hear(event, version, dataset);
            if (event.kind === 'validation' && event.point.step > 0 && on.pauseAtValidation && requestId !== null)
              services.engine.control(requestId, 'pause');
            if (event.kind === 'checkpoint') keep(event.checkpoint);
            if (event.kind === 'done') {
              ended = event;
              keep(event.checkpoint);
            }
          },
        },
      );
      requestId = null;
      await Promise.all(saving);
      if (!ended) throw new StudioError('internal', 'internal: the run ended without saying how');
      return ended;
    }

    const complain = (cause: unknown) => {
      // The run goes on; only coming back after a reload is in danger, and the user should know now.
      set({ error: asError(cause) });
    };

    function hear(event: TrainEvent, version: SoftVersion, dataset: Dataset): void {
      const state = get().live;
      if (!state || state.runId !== version.id) return;
      switch (event.kind) {
        case 'cache': {
          const whole = event.rowsDone >= event.rowsTotal;
          rowsInCache.set(cacheKeyOf(dataset.fingerprint, version.template), event.rowsDone);
          const left =
            event.rowsDone > 0 ? (event.seconds / event.rowsDone) * (event.rowsTotal - event.rowsDone) : null;
          // Rows may also be read between steps; then the steps are what is shown.
          if (state.steps.length === 0 || !whole)
            live({
              phase:
                state.phase === 'training' || state.phase === 'caching'
                  ? whole || state.steps.length > 0
                    ? 'training'
                    : 'caching'
                  : state.phase,
              cache: { done: event.rowsDone, total: event.rowsTotal },
              ...(state.steps.length === 0 ? { secondsLeft: left } : {}),
            });
          break;
        }
        case 'step': {
          const recent = [...state.steps.slice(-19), event.point];
          const ms = recent.reduce((sum, p) => sum + p.ms, 0) / recent.length;
          live({
            phase: state.phase === 'caching' ? 'training' : state.phase,
            steps: [...state.steps, event.point],
            step: event.point.step,
            stepsTotal: event.stepsTotal,
            secondsLeft: event.secondsLeft,
            stepsPerSecond: ms > 0 ? 1000 / ms : null,
          });
          break;
        }
        case 'validation':
          live({
            validations: [...state.validations.filter((v) => v.step !== event.point.step), event.point],
            ...(event.best ? { bestStep: event.point.step } : {}),
          });
          break;
        case 'checkpoint':
        case 'done':
          break;
      }
      const after = get().live;
      if (after)
        session.getState().updateJob({
          title: after.phase === 'caching' ? 'Reading rows' : 'Training',
          fraction: after.phase === 'training' && after.stepsTotal > 0 ? after.step / after.stepsTotal : null,
          secondsLeft: after.secondsLeft,
        });
    }

    async function finish(
      setId: string,
      version: SoftVersion,
      done: Done,
      info: ModelInfo,
      inputs: RunInputs,
    ): Promise<void> {
      const { settings } = version;
      const state = get().live;
      const work: Work = {
        trainRows: inputs.train.length,
        validationRows: inputs.validation.length,
        meanTokens: inputs.meanTokens,
        cachedRows: 0,
      };
      await learn(info, (speed) =>
        learnStep(
          speed,
          settings.placement,
          done.checkpoint.steps.map((s) => s.ms),
          stepTokens(settings, work),
        ),
      );
      if (done.reason === 'paused') {
        await project
          .getState()
          .updateById(setId, (s) => updateRun(s, version.id, { status: 'paused', error: null }, now()));
        live({ phase: 'ended', ending: 'paused', secondsLeft: null, resumeFrom: done.checkpoint.step });
        return;
      }
      const best = done.checkpoint.validations.find((v) => v.step === done.bestStep);
      await project.getState().updateById(setId, (s) =>
        finishRun(
          s,
          version.id,
          {
            status: done.reason as 'finished' | 'early' | 'stopped',
            soft: {
              placement: settings.placement,
              vectors: done.vectors,
              virtualTokens: settings.virtualTokens,
              hidden: done.vectors.length / settings.virtualTokens,
            },
            bestStep: done.bestStep,
            validationAccuracy: best?.accuracy ?? state?.validations.at(-1)?.accuracy ?? null,
            seconds: done.checkpoint.elapsedMs / 1000,
          },
          now(),
        ),
      );
      live({ phase: 'ended', ending: done.reason, bestStep: done.bestStep, secondsLeft: null, resumeFrom: null });
    }

    /** The worker is gone, or the user stopped before there was anything to keep. What is kept can be gone on with. */
    async function interrupted(
      setId: string,
      version: SoftVersion,
      error: StudioError,
      latest: Checkpoint | null,
    ): Promise<void> {
      const cancelled = error.code === 'cancelled';
      const canResume = error.code !== 'diverged' && error.code !== 'bad-input';
      const status = cancelled || canResume ? 'paused' : 'failed';
      await project
        .getState()
        .updateById(setId, (s) => updateRun(s, version.id, { status, error: cancelled ? null : error.message }, now()))
        .catch(() => undefined);
      live({
        phase: 'ended',
        ending: cancelled ? 'paused' : null,
        error: cancelled ? null : error,
        secondsLeft: null,
        resumeFrom: canResume ? (latest?.step ?? 0) : null,
      });
      if (FATAL.has(error.code)) session.getState().engineLost(error);
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
          let current = open;
          if (current.words.length === 0 || current.baseTemplate === '') {
            const proposed = await services.data.call('propose', { dataset });
            current = await project.getState().updateById(open.id, (s) =>
              changeTask(
                s,
                {
                  words: s.words.length ? s.words : proposed.words,
                  baseTemplate: s.baseTemplate || proposed.template,
                },
                now(),
              ),
            );
          }
          const inputs = await measureWork(current, dataset);
          const left = openRun(current);
          if (left && !get().live && !get().busy) {
            const kept = await disk.checkpoints.get(left.id);
            const step = kept?.checkpoint.step ?? 0;
            // A run that a reload cut off goes on by itself, unless it was cut off here before: then the user decides.
            const before = await disk.settings.get<number>(`resumed:${left.id}`);
            if (left.status === 'running' && before !== step && session.getState().capabilities.trainingOff === null) {
              await disk.settings.set(`resumed:${left.id}`, step);
              await run(current, dataset, left, kept?.checkpoint ?? null);
              return;
            }
            await get().show(left.id);
          }
          await calibrate(inputs);
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
        set({ error: null, waiting: true, live: null });
        try {
          const { settings } = get();
          const card = session.getState().card;
          const info = await session.getState().modelReady();
          const initText =
            settings.initialisation.kind === 'text' ? settings.initialisation.text.trim() || initialText(open) : '';
          const at = stamp();
          let version: SoftVersion | null = null;
          const current = await project.getState().updateById(open.id, (s) => {
            const started = startRun(s, at, {
              name: get().preset === 'own' ? '' : `${get().preset}, seed ${settings.seed}`,
              settings,
              template: s.baseTemplate,
              initText,
              model: { id: info.id, sha256: info.sha256, dtype: card?.dtype ?? info.dtype },
              datasetFingerprint: dataset.fingerprint,
            });
            version = started.run;
            return started.set;
          });
          set({ waiting: false });
          if (version) await run(current, dataset, version, null);
        } catch (cause) {
          set({ error: asError(cause), waiting: false });
        }
      },
      resume: async (runId) => {
        const { dataset } = project.getState();
        const open = project.getState().set;
        const version = open?.soft.find((s) => s.id === runId);
        if (!open || !dataset || !version || get().busy) return;
        if (version.datasetFingerprint !== dataset.fingerprint) {
          set({
            error: new StudioError(
              'bad-input',
              'This run was begun on other rows than those that are open now. Open that file again on the Data screen, or start a new run.',
            ),
          });
          return;
        }
        const kept = await disk.checkpoints.get(runId);
        const current = await project
          .getState()
          .updateById(open.id, (s) => updateRun(s, runId, { status: 'running', error: null }, now()));
        await run(current, dataset, version, kept?.checkpoint ?? null);
      },
      pause: () => {
        asked = 'pause';
        if (requestId !== null) services.engine.control(requestId, 'pause');
        else aborter?.abort();
        live({ phase: 'pausing' });
      },
      stop: () => {
        asked = 'stop';
        if (requestId !== null) services.engine.control(requestId, 'stop');
        else aborter?.abort();
        live({ phase: 'stopping' });
      },
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
            ...fresh(version, open.id, kept?.checkpoint ?? null, rows.length),
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

function fresh(version: SoftVersion, setId: string, from: Checkpoint | null, validationRows: number): LiveRun {
  return {
    runId: version.id,
    setId,
    phase: 'preparing',
    note: null,
    cache: null,
    steps: from?.steps ?? [],
    validations: from?.validations ?? [],
    step: from?.step ?? 0,
    stepsTotal: version.settings.steps,
    secondsLeft: null,
    stepsPerSecond: null,
    bestStep: from?.best?.step ?? version.bestStep,
    lines: [],
    validationRows,
    ending: null,
    error: null,
    resumeFrom: null,
  };
}
