import type { RowsRead } from '../inference/text-cache';
import { present } from '../lib/assert';
import { breathe, type Polled, uninterrupted } from '../lib/control';
import { StudioError, toWire } from '../lib/errors';
import { diverged, select, type Validated } from './checkpoint';
import type { Checkpoint, StopReason, TrainEvent, Trained, Trial } from './events';
import type { Gradient } from './objective';
import { adamW, clipped, learningRateShare, norm, secondsLeft } from './optimiser';
import { nextBatch, type RowOrder, startOrder } from './row-order';
import type { TrainingSettings } from './settings';
import { normRange, rmsOfParts } from './vectors';

/** Injected, so that the loop runs without a model. */
export interface TrainWork {
  /** Over training rows by index. */
  gradient(trained: Trained, rows: readonly number[]): Promise<Gradient>;
  /** Null without validation rows, or when `control` interrupted it. */
  evaluate(trained: Trained): Promise<Trial | null>;
  /** Computes beforehand what these rows need, in small pieces. */
  prepare(rows: readonly number[] | 'validation'): AsyncIterable<RowsRead>;
}

export interface TrainOptions {
  readonly settings: TrainingSettings;
  /** Peak. */
  readonly learningRate: number;
  /** Of the answer words. */
  readonly answersRate: number;
  /** Training rows; those of the core come first. */
  readonly rows: number;
  readonly validationRows: number;
  /** With a shift the answer words are trained too. */
  readonly initial: Trained;
  /** Numbers of a vector; of keys and values, of a head. */
  readonly hidden: number;
  readonly resume: Checkpoint | null;
  readonly environment: string;
  readonly work: TrainWork;
  readonly control?: Polled;
  /** Milliseconds. */
  readonly now?: () => number;
}

/**
 * Everything that a later step depends on is in the state, which is a checkpoint: resuming gives bit for bit what the
 * uninterrupted run gives. At each step: its validation if one is due, its checkpoint, requests from outside, the next step.
 * A run that diverges ends as if stopped before that step, where a validated one is kept.
 * @throws StudioError `diverged` where none is, `cancelled`, and whatever the work throws
 */
export async function* train(options: TrainOptions): AsyncGenerator<TrainEvent, void, undefined> {
  const { settings, work, control = uninterrupted, now = () => performance.now() } = options;
  let state = options.resume ?? start(options);
  const resumedAt = state.step;
  let cacheSeconds = 0;

  /** Ends early on a request from outside. */
  async function* prepared(rows: readonly number[] | 'validation'): AsyncGenerator<TrainEvent, void, undefined> {
    const begin = now();
    const before = cacheSeconds;
    for await (const progress of work.prepare(rows)) {
      cacheSeconds = before + (now() - begin) / 1000;
      yield { kind: 'cache', ...progress, seconds: cacheSeconds };
      await breathe();
      if (control.requested) return;
    }
  }

  for (;;) {
    for (let due = validationDue(state, options); due; due = validationDue(state, options)) {
      yield* prepared('validation');
      const begin = now();
      const result = control.requested ? null : await work.evaluate(due.trained);
      if (!result) break;
      state = withValidation(state, { step: due.step, ...result }, due.trained, settings, now() - begin);
      const point = present(state.validations.at(-1), 'validation');
      yield { kind: 'validation', point, best: state.best?.step === due.step };
    }
    if (state.step > resumedAt && state.step % settings.checkpointEvery === 0)
      yield { kind: 'checkpoint', checkpoint: state };
    await breathe();
    if (control.requested === 'cancel') throw new StudioError('cancelled', 'Training was cancelled.');
    if (control.requested === 'pause') {
      yield { kind: 'checkpoint', checkpoint: state };
      return yield endOf(state, 'paused', cacheSeconds);
    }
    const reason = reasonToEnd(state, settings, control);
    if (reason) return yield endOf(state, reason, cacheSeconds);
    const { batch, order } = nextBatch(...walkOf(state, options), settings.batchSize);
    yield* prepared(batch);
    if (control.requested) continue;
    const next = await nextStep({ ...state, ...order }, batch, options, now);
    if (next instanceof StudioError) return yield endBy(next, state, cacheSeconds);
    state = next;
    yield stepOf(state, options);
  }
}

const stepOf = (state: Checkpoint, { settings, validationRows }: TrainOptions): TrainEvent => ({
  kind: 'step',
  point: present(state.steps.at(-1), 'step'),
  stepsTotal: settings.steps,
  secondsLeft: secondsLeft(state, settings, validationRows),
});

function start({ settings, initial, environment }: TrainOptions): Checkpoint {
  const { init } = adamW;
  const { vectors, heads, answerShift: shift } = initial;
  return {
    formatVersion: 1,
    step: 0,
    vectors,
    ...(heads && { heads, scales: rmsOfParts(vectors, 2 * heads.layers) }),
    initial,
    optimiser: init(vectors.length),
    ...(shift && { answers: { shift, optimiser: init(shift.length) } }),
    ...startOrder(settings.seed),
    best: null,
    evaluationsWithoutGain: 0,
    steps: [],
    validations: [],
    elapsedMs: 0,
    environment,
  };
}

/** The core comes first; with all rows a new epoch begins. */
function walkOf(state: Checkpoint, { settings: { core }, rows }: TrainOptions): [RowOrder, rows: number] {
  if (core && state.step < core.steps) return [state, Math.min(core.rows, rows)];
  return [core?.steps === state.step ? { ...state, pending: [] } : state, rows];
}

const endOf = (state: Checkpoint, reason: StopReason, cacheSeconds: number): Extract<TrainEvent, { kind: 'done' }> => ({
  kind: 'done',
  reason,
  ...(state.best ? trainedOf(state.best) : keptNow(state)),
  bestStep: state.best?.step ?? state.step,
  checkpoint: state,
  cacheSeconds,
  trainSeconds: state.elapsedMs / 1000,
  stepsPerSecond: stepsPerSecond(state),
});

/** With the best step. @throws StudioError where there is none */
function endBy(error: StudioError, state: Checkpoint, cacheSeconds: number): TrainEvent {
  if (!state.best?.step) throw error;
  return { ...endOf(state, 'stopped', cacheSeconds), error: toWire(error) };
}

const readNow = ({ vectors, heads, answers }: Checkpoint): Trained => ({
  vectors,
  ...(heads && { heads }),
  ...(answers && { answerShift: answers.shift }),
});

/** Validated too. */
const keptNow = (state: Checkpoint): Trained => state.mean ?? readNow(state);

/**
 * `m' = m + (x - m) / min(n, N)` for the nth step that sees all rows and N steps: single steps scatter by many points while the
 * learning rate is high. Source: Polyak & Juditsky 1992; Izmailov et al. 2018, "Averaging weights leads to wider optima".
 */
function averaged(
  state: Checkpoint,
  now: Trained,
  { core, averagedSteps }: TrainingSettings,
): Pick<Checkpoint, 'mean'> {
  const steps = state.step + 1 - (core?.steps ?? 0);
  if (averagedSteps === undefined || steps < 1) return {};
  const toward = (mean: Float32Array, values: Float32Array) =>
    mean.map((m, i) => m + ((values[i] as number) - m) / Math.min(steps, averagedSteps));
  const { mean = now } = state;
  const shift = mean.answerShift && now.answerShift && toward(mean.answerShift, now.answerShift);
  return { mean: { ...now, vectors: toward(mean.vectors, now.vectors), ...(shift && { answerShift: shift }) } };
}

const trainedOf = ({ vectors, heads, answerShift }: Trained): Trained => ({
  vectors,
  ...(heads && { heads }),
  ...(answerShift && { answerShift }),
});

/** Step 0 waits for the first one that is due, so that a run begins with nothing but steps. */
function validationDue(state: Checkpoint, options: TrainOptions) {
  const { settings, validationRows } = options;
  const { step, initial, validations } = state;
  const last = validations.at(-1);
  if (validationRows === 0 || last?.step === step) return null;
  if (step !== settings.steps && (step === 0 || step % settings.validateEvery !== 0)) return null;
  return last ? { step, trained: keptNow(state) } : { step: 0, trained: initial ?? options.initial };
}

function reasonToEnd(state: Checkpoint, settings: TrainingSettings, control: Polled): StopReason | null {
  if (control.requested === 'stop') return 'stopped';
  if (state.step >= settings.steps) return 'finished';
  if (settings.patience !== null && state.evaluationsWithoutGain >= settings.patience) return 'early';
  return null;
}

function withValidation(
  state: Checkpoint,
  validated: Validated,
  trained: Trained,
  { metric }: TrainingSettings,
  ms: number,
): Checkpoint {
  const { rowLosses: _, ...point } = validated;
  const { initial: _initial, ...rest } = state;
  const lossAt = (step: number) => state.validations.find((other) => other.step === step)?.loss;
  return {
    ...rest,
    ...select(state, validated, trained, metric, lossAt),
    validations: [...state.validations, point],
    elapsedMs: state.elapsedMs + ms,
  };
}

async function nextStep(state: Checkpoint, batch: readonly number[], options: TrainOptions, now: () => number) {
  const { settings } = options;
  const begin = now();
  const step = state.step + 1;
  const { loss, gradient, answerGradient } = await options.work.gradient(readNow(state), batch);
  const share = learningRateShare(step, settings);
  const at = { step, learningRate: options.learningRate * share, settings };
  const gradNorm = norm(gradient);
  if (![loss, gradNorm, norm(answerGradient ?? new Float32Array(0))].every(Number.isFinite))
    return diverged(step, options.learningRate);
  const short = clipped(gradient, gradNorm, settings.clipNorm);
  const scaled = { ...at, scales: state.scales };
  const { values: vectors, state: optimiser } = adamW.step(state.vectors, state.optimiser, short, scaled);
  const next: Checkpoint = {
    ...state,
    vectors,
    optimiser,
    ...(answerGradient && updateAnswers(state, answerGradient, { ...at, learningRate: options.answersRate * share })),
  };
  const { learningRate } = at;
  const read = readNow(next);
  const vectorNorms = normRange(read.vectors, options.hidden);
  const ms = now() - begin;
  return {
    ...next,
    ...averaged(state, read, settings),
    step,
    steps: [...state.steps, { step, loss, learningRate, gradNorm, ms, vectorNorms }],
    elapsedMs: state.elapsedMs + ms,
  };
}

interface At {
  readonly step: number;
  readonly learningRate: number;
  readonly settings: TrainingSettings;
}

/** Clipped by themselves, so that the vectors move as they would without them. */
function updateAnswers({ answers }: Checkpoint, gradient: Float32Array, at: At): Pick<Checkpoint, 'answers'> {
  if (!answers) return {};
  const { values, state } = adamW.step(
    answers.shift,
    answers.optimiser,
    clipped(gradient, norm(gradient), at.settings.clipNorm),
    at,
  );
  return { answers: { shift: values, optimiser: state } };
}

const stepsPerSecond = (state: Checkpoint) => {
  const seconds = state.steps.reduce((sum, point) => sum + point.ms, 0) / 1000;
  return seconds > 0 ? state.steps.length / seconds : 0;
};
