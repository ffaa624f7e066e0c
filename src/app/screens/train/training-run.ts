import { generates } from '../../../dataset/task-facts';
import type { Dataset } from '../../../dataset/types';
import { oneAtATime } from '../../../lib/control';
import { asStudioError, badInput, fromWire, StudioError, toWire } from '../../../lib/errors';
import { finishRun, updateRun } from '../../../prompt-set/make-versions';
import type { PromptSet, Run } from '../../../prompt-set/types';
import { stepTokens } from '../../../training/estimate';
import type { Checkpoint } from '../../../training/events';
import type { ModelInfo } from '../../../worker/protocol';
import type { DecidedEvent } from '../../../workflow/auto';
import type { DistilEvent, DistilledRun } from '../../../workflow/distil';
import type { RunRows } from '../../../workflow/run-rows';
import { resultOf, startVectors, teacherOf } from '../../../workflow/runs';
import type { TrainedRun, TrainRunEvent } from '../../../workflow/train';
import { validationCount } from '../../../workflow/training-rows';
import type { Speedometer } from '../../state/models-store';
import { aheadKey } from '../../state/read-ahead';
import { isEngineGone } from '../../state/session-state';
import { OfStudio, type Studio } from '../../state/studio';
import type { Baselines, Subject } from './baselines';
import { freshRun, heard, jobOf, type LiveRun } from './live-run';

export interface RunPlan {
  readonly open: PromptSet;
  readonly dataset: Dataset;
  readonly version: Run;
  readonly from: Checkpoint | null;
}

interface RunWith {
  readonly baselines: Baselines;
  readonly speedometer: Speedometer;
  readonly show: (live: LiveRun) => void;
  readonly complain: (error: StudioError) => void;
  readonly onRowsCached: (cacheKey: string, rows: number) => void;
}

type RunResult = TrainedRun & Partial<Pick<DistilledRun, 'reached'>>;

type Running = Subject & { readonly info: ModelInfo };

/** After these the engine cannot be used again without a fresh start. */
const isFatal = (error: StudioError): boolean => error.code === 'internal' || isEngineGone(error);

export class TrainingRun extends OfStudio {
  #plan: RunPlan;
  readonly #using: RunWith;
  /** Quick steps make more checkpoints than a disk takes, and all other reading would wait behind them. */
  readonly #saving = oneAtATime((checkpoint: Checkpoint) =>
    this.services.store.checkpoints
      .put({ runId: this.#plan.version.id, setId: this.#plan.open.id, checkpoint })
      // training continues; only resuming after a reload is at risk, and the user should know now
      .catch((cause) => this.#using.complain(asStudioError(cause))),
  );
  #live: LiveRun;
  #requestId: number | null = null;
  #asked: 'pause' | 'stop' | null = null;
  #latest: Checkpoint | null;
  #rows: RunRows | null = null;
  #keeping: Promise<void> = Promise.resolve();
  #readAt: number | null = null;
  #hasStepped = false;

  constructor(studio: Studio, plan: RunPlan, using: RunWith) {
    super(studio);
    const { open, dataset, version, from } = plan;
    this.#plan = plan;
    this.#using = using;
    this.#latest = from;
    this.#live = freshRun(version, open, from, validationCount(dataset));
  }

  async go(): Promise<void> {
    try {
      this.#change({ note: 'Getting the model ready' });
      const info = await this.session.modelReady();
      this.#checkWeights(info);
      const { open, dataset, version } = this.#plan;
      const subject = { open, dataset, template: version.template, words: version.words, info };
      this.#change({ lines: await this.#using.baselines.known(subject), note: 'Counting tokens' });
      if (this.#asked) throw new StudioError('cancelled', 'Stopped before the first step.');
      const trained = await this.#train(subject);
      await this.#saving.settled();
      await this.#keeping;
      await this.#finish(trained, info);
    } catch (cause) {
      await this.#interrupted(asStudioError(cause, 'Training failed'));
    }
  }

  /** Obeyed after the current step, or at once when there is none. */
  ask(what: 'pause' | 'stop'): void {
    this.#asked = what;
    if (this.#requestId !== null) this.services.workflow.control(this.#requestId, what);
    this.#change({ phase: what === 'pause' ? 'pausing' : 'stopping' });
  }

  #change(part: Partial<LiveRun>): void {
    this.#live = { ...this.#live, ...part };
    this.#using.show(this.#live);
  }

  #checkWeights(info: ModelInfo): void {
    const { version, from } = this.#plan;
    if (info.sha256 !== version.model.sha256)
      throw badInput(
        `This run used ${version.model.id} with different weights than those loaded now, so it cannot continue here. Its vectors up to step ${from?.step ?? 0} are kept.`,
      );
  }

  async #train(subject: Running): Promise<RunResult> {
    const { open, dataset, version, from } = this.#plan;
    const { services } = this;
    const { baselines } = this.#using;
    const { settings, template, examples, initText } = version;
    const { initialisation } = settings;
    const earlier =
      initialisation.kind === 'prompt' ? await services.store.checkpoints.get(initialisation.runId) : null;
    performance.mark('studio:training');
    const request = {
      runId: version.id,
      dataset,
      template,
      examples,
      words: subject.words,
      settings,
      initText,
      initFrom: startVectors(open, settings, earlier),
      resume: from,
      baselines: await baselines.missing(subject),
      ...(generates(open.kind) && { sample: { longest: open.longest } }),
    };
    const steered = {
      onStart: (id: number) => {
        this.#requestId = id;
        if (this.#asked) services.workflow.control(id, this.#asked);
      },
      onEvent: (event: DistilEvent) => this.#hear(event, subject),
    };
    const teacher = teacherOf(open, version);
    return teacher
      ? services.workflow.call('distil', { ...request, teacher, texts: null }, steered)
      : services.workflow.call('train', request, steered);
  }

  #hear(event: DistilEvent, subject: Running): void {
    const { complain, onRowsCached } = this.#using;
    this.#change(heard(this.#live, event));
    this.session.updateJob(jobOf(this.#live));
    switch (event.kind) {
      case 'rows':
        this.#rows = event.facts;
        break;
      case 'cache':
        this.#readAt = performance.now();
        onRowsCached(aheadKey({ ...subject, model: subject.info.sha256 }), event.rowsDone);
        break;
      case 'decided':
        this.#keepDecided(event);
        break;
      case 'step':
        this.#markFirstStep();
        break;
      case 'checkpoint':
      case 'done':
        this.#latest = event.checkpoint;
        this.#saving.put(event.checkpoint);
        break;
      case 'baseline':
        this.#keeping = this.#keeping.then(() => this.#keepBaseline(event, subject));
        break;
      case 'trouble':
        // if the engine is gone, the run itself says so
        if (!isFatal(fromWire(event.error))) complain(fromWire(event.error));
        break;
    }
  }

  #markFirstStep(): void {
    if (this.#hasStepped) return;
    this.#hasStepped = true;
    if (this.#readAt !== null) performance.mark('studio:texts-read', { startTime: this.#readAt });
    performance.mark('studio:first-step');
  }

  /** From now on the run has these settings. */
  #keepDecided({ settings, initText }: DecidedEvent): void {
    const { version } = this.#plan;
    this.#plan = { ...this.#plan, version: { ...version, settings, initText } };
    this.#keeping = this.#keeping
      .then(async () => void (await this.#update({ settings, initText })))
      .catch((cause) => this.#using.complain(asStudioError(cause)));
  }

  async #keepBaseline(scores: Extract<TrainRunEvent, { kind: 'baseline' }>, subject: Running): Promise<void> {
    const { baselines, speedometer, complain } = this.#using;
    try {
      await baselines.keep(subject, scores);
      this.#change({ lines: await baselines.known(subject) });
      await speedometer.learnTokens(subject.info, scores.timing);
    } catch (cause) {
      complain(asStudioError(cause));
    }
  }

  async #finish({ reached, ...trained }: RunResult, info: ModelInfo): Promise<void> {
    const { open, version } = this.#plan;
    const { reason, error, bestStep, checkpoint } = trained;
    const { settings } = version;
    if (this.#rows) {
      const times = checkpoint.steps.map(({ ms }) => ms);
      const tokens = stepTokens(settings, { ...this.#rows, roomTokens: info.roomTokens });
      await this.#using.speedometer.learnSteps(info, settings.placement, times, tokens);
    }
    if (reason === 'paused') {
      await this.#update({ status: 'paused', error: null });
      return this.#end({ ending: 'paused', resumeFrom: checkpoint.step });
    }
    const distilled = version.distilled && reached && { distilled: { ...version.distilled, reached } };
    const result = { ...resultOf(trained), ...distilled };
    await this.sets.updateById(open.id, (set, { now }) => finishRun(set, version.id, result, now));
    this.#end({ ending: reason, error: error === undefined ? null : fromWire(error), bestStep, resumeFrom: null });
    performance.mark('studio:trained');
  }

  /** A worker is gone, or the user stopped before there was anything to keep. What is kept can be resumed. */
  async #interrupted(error: StudioError): Promise<void> {
    const isCancelled = error.code === 'cancelled';
    const canResume = error.code !== 'diverged' && error.code !== 'bad-input';
    const status = canResume ? 'paused' : 'failed';
    await this.#update({ status, error: isCancelled ? null : toWire(error) }).catch(() => undefined);
    this.#end({
      ending: isCancelled ? 'paused' : null,
      error: isCancelled ? null : error,
      resumeFrom: canResume ? (this.#latest?.step ?? 0) : null,
    });
    if (isFatal(error)) this.session.engineLost(error);
  }

  #end(part: Partial<LiveRun>): void {
    this.#change({ phase: 'ended', secondsLeft: null, ...part });
  }

  #update(change: Parameters<typeof updateRun>[2]): Promise<PromptSet> {
    const { open, version } = this.#plan;
    return this.sets.updateById(open.id, (set, { now }) => updateRun(set, version.id, change, now));
  }
}
