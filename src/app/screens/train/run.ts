/** One run, from the rows to its end, whatever that is: trained, paused, stopped, or cut off. */
import type { Dataset } from '../../../dataset/types';
import { StudioError } from '../../../lib/errors';
import { oneAtATime } from '../../../lib/one-at-a-time';
import { finishRun, updateRun } from '../../../project/prompt-set';
import type { PromptSet, SoftVersion } from '../../../project/types';
import { accuracyOf, readCheckpoint } from '../../../training/checkpoint';
import { stepTokens } from '../../../training/estimate';
import type { Checkpoint, TrainEvent } from '../../../training/events';
import type { ModelInfo } from '../../../worker/protocol';
import { cacheKeyOf, validationIds } from '../../../workflow/training-rows';
import type { ProjectStore } from '../../state/project-store';
import type { Services } from '../../state/services';
import type { SessionStore } from '../../state/session-store';
import type { Speedometer } from '../../state/speedometer';
import type { Baselines } from './baselines';
import { freshRun, heard, jobOf, type LiveRun } from './live-run';
import { initialIds, initialVectors, type RunInputs, tokenise } from './run-inputs';
import { createSampler } from './sampling';

type Done = Extract<TrainEvent, { kind: 'done' }>;

/** What is run, and from where. */
export interface RunPlan {
  readonly open: PromptSet;
  readonly dataset: Dataset;
  readonly version: SoftVersion;
  readonly from: Checkpoint | null;
}

interface RunWith {
  readonly services: Services;
  readonly session: SessionStore;
  readonly project: ProjectStore;
  readonly baselines: Baselines;
  readonly speedometer: Speedometer;
  /** Of the run on the screen. */
  readonly show: (live: LiveRun) => void;
  readonly isShown: (runId: string) => boolean;
  /** Trouble that does not end the run. */
  readonly complain: (error: StudioError) => void;
  readonly onRowsCached: (cacheKey: string, rows: number) => void;
}

/** A run under way. */
export interface Running {
  /** Obeyed after the step that is being made, or at once while there is none. */
  ask(what: 'pause' | 'stop'): void;
  readonly ended: Promise<void>;
}

/** After these the worker cannot be used again without a fresh start. */
const FATAL = new Set(['worker-died', 'device-lost', 'out-of-memory', 'session-failed', 'internal']);

const now = () => new Date().toISOString();

export const asError = (cause: unknown): StudioError =>
  cause instanceof StudioError
    ? cause
    : new StudioError('internal', `Something went wrong in training: ${String(cause)}`, { cause });

/** Stopped by the user: nothing went wrong. */
export const isCancelled = (cause: unknown): boolean => cause instanceof StudioError && cause.code === 'cancelled';

/** The stored state of a run, in this version's format; null when there is none. */
export async function keptCheckpoint({ checkpoints }: Services['store'], run: SoftVersion): Promise<Checkpoint | null> {
  const kept = await checkpoints.get(run.id);
  return kept && readCheckpoint(kept.checkpoint, run.writes ? 'generate' : 'classify');
}

export function startRun({ open, dataset, version, from }: RunPlan, using: RunWith): Running {
  const { services, session, project, baselines, speedometer } = using;
  const { engine, store: disk } = services;
  const aborter = new AbortController();
  let requestId: number | null = null;
  let asked: 'pause' | 'stop' | null = null;
  let latest = from;
  let live = freshRun(version, open, from, validationIds(dataset).length);

  const change = (part: Partial<LiveRun>) => {
    live = { ...live, ...part };
    using.show(live);
  };
  const updateVersion = (how: Parameters<typeof updateRun>[2]) =>
    project.getState().updateById(open.id, (s) => updateRun(s, version.id, how, now()));

  /** What there is to beat: the engine answers between two steps, so the first ones come at once. */
  async function scoreBaselines(info: ModelInfo, inputs: RunInputs): Promise<void> {
    try {
      await baselines.score({ open, dataset, template: version.template, info }, inputs, {
        signal: aborter.signal,
        onNote: (note) => change({ note }),
        onLines: (lines) => change({ lines }),
        onScored: (scored) => speedometer.learnTokens(info, scored),
      });
    } catch (cause) {
      // the run does not hang on it; a dead engine is told by the run itself
      const error = asError(cause);
      if (error.code !== 'cancelled' && !FATAL.has(error.code)) using.complain(error);
    } finally {
      change({ note: null });
    }
  }

  async function train(info: ModelInfo, inputs: RunInputs): Promise<Done> {
    const initTokenIds = await initialIds(services, version, inputs.labels);
    const initFrom = await initialVectors(services, open, version);
    const cacheKey = cacheKeyOf(dataset.fingerprint, version.template);
    let stepped = false;
    let readAt: number | null = null;
    let scoring: Promise<void> = Promise.resolve();
    let ended: Done | null = null;
    // Quick steps make more than a disk takes, and all other reading would wait behind them.
    const saving = oneAtATime((checkpoint: Checkpoint) =>
      disk.checkpoints
        .put({ runId: version.id, setId: open.id, checkpoint })
        // The run goes on; only coming back after a reload is in danger, and the user should know now.
        .catch((cause) => using.complain(asError(cause))),
    );
    const keep = (checkpoint: Checkpoint) => {
      latest = checkpoint;
      saving.put(checkpoint);
    };
    const { settings } = version;
    const rows = inputs.validation;
    const sampling = { open, dataset, settings, rows, cacheKey };
    const sampled = createSampler(services, sampling, aborter.signal, (sample) => {
      // it may come after the end, when another run is on the screen
      if (using.isShown(version.id)) change({ sample });
    });
    const hear = (event: TrainEvent) => {
      sampled(event);
      live = heard(live, event);
      using.show(live);
      session.getState().updateJob(jobOf(live));
      if (event.kind === 'cache') using.onRowsCached(cacheKey, event.rowsDone);
      if (event.kind === 'checkpoint') keep(event.checkpoint);
      if (event.kind === 'done') {
        ended = event;
        keep(event.checkpoint);
      }
      if (event.kind === 'cache') readAt = performance.now();
      if (event.kind !== 'step') return;
      if (stepped) return;
      stepped = true;
      if (readAt !== null) performance.mark('studio:texts-read', { startTime: readAt });
      performance.mark('studio:first-step');
      if (inputs.validation.length > 0 && baselines.isMissing(open, live.lines)) scoring = scoreBaselines(info, inputs);
    };
    performance.mark('studio:training');
    change({ phase: 'training', note: null, secondsLeft: null });
    await engine.call(
      'train',
      {
        runId: version.id,
        train: inputs.train,
        validation: inputs.validation,
        labels: inputs.labels,
        settings: version.settings,
        initTokenIds,
        ...(initFrom && { initFrom }),
        cacheKey,
        resume: from,
      },
      {
        onStart: (id) => {
          requestId = id;
          if (asked) engine.control(id, asked);
        },
        onEvent: hear,
      },
    );
    requestId = null;
    await saving.settled();
    if (!asked) change({ phase: 'baselines', secondsLeft: null });
    await scoring;
    if (!ended) throw new StudioError('internal', 'internal: the run ended without saying how');
    return ended;
  }

  async function finish(done: Done, info: ModelInfo, inputs: RunInputs): Promise<void> {
    const { settings } = version;
    const { checkpoint } = done;
    const times = checkpoint.steps.map(({ ms }) => ms);
    const tokens = stepTokens(settings, inputs);
    await speedometer.learnSteps(info, settings.placement, times, tokens);
    if (done.reason === 'paused') {
      await updateVersion({ status: 'paused', error: null });
      change({ phase: 'ended', ending: 'paused', secondsLeft: null, resumeFrom: checkpoint.step });
      return;
    }
    const { reason } = done;
    const best = checkpoint.validations.find((v) => v.step === done.bestStep) ?? live.validations.at(-1);
    const result = {
      status: reason,
      soft: {
        placement: settings.placement,
        vectors: done.vectors,
        virtualTokens: settings.virtualTokens,
        hidden: done.vectors.length / settings.virtualTokens,
      },
      bestStep: done.bestStep,
      validationAccuracy: best ? accuracyOf(best) : null,
      ...(live.writes && best ? { validationLoss: best.loss } : {}),
      seconds: checkpoint.elapsedMs / 1000,
    };
    await project.getState().updateById(open.id, (s) => finishRun(s, version.id, result, now()));
    change({ phase: 'ended', ending: reason, bestStep: done.bestStep, secondsLeft: null, resumeFrom: null });
    performance.mark('studio:trained');
  }

  /** The worker is gone, or the user stopped before there was anything to keep. What is kept can be gone on with. */
  async function interrupted(error: StudioError): Promise<void> {
    aborter.abort();
    const cancelled = error.code === 'cancelled';
    const canResume = error.code !== 'diverged' && error.code !== 'bad-input';
    const status = cancelled || canResume ? 'paused' : 'failed';
    await updateVersion({ status, error: cancelled ? null : error.message }).catch(() => undefined);
    change({
      phase: 'ended',
      ending: cancelled ? 'paused' : null,
      error: cancelled ? null : error,
      secondsLeft: null,
      resumeFrom: canResume ? (latest?.step ?? 0) : null,
    });
    if (FATAL.has(error.code)) session.getState().engineLost(error);
  }

  async function run(): Promise<void> {
    try {
      change({ note: 'The model is getting ready' });
      const info = await session.getState().modelReady();
      change({ note: 'Counting tokens' });
      const inputs = await tokenise(services, dataset, open, version.template);
      if (info.sha256 !== version.model.sha256)
        throw new StudioError(
          'bad-input',
          `This run was begun on ${version.model.id} with other weights than those that are loaded now, so it cannot go on here. Its vectors up to step ${from?.step ?? 0} are kept.`,
        );
      const lines = await baselines.known({ open, dataset, template: version.template, info });
      change({ lines, validationRows: inputs.validation.length });
      if (asked) throw new StudioError('cancelled', 'Stopped before the first step.');
      await finish(await train(info, inputs), info, inputs);
    } catch (cause) {
      await interrupted(asError(cause));
    }
  }

  return {
    ended: run(),
    ask: (what) => {
      asked = what;
      aborter.abort(); // what is asked for beside the steps is not waited for
      if (requestId !== null) engine.control(requestId, what);
      change({ phase: what === 'pause' ? 'pausing' : 'stopping' });
    },
  };
}
