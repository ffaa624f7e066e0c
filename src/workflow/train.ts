/** Verb: one training run, from the rows to the kept vectors, and then the scores of what there is to beat. */

import { drawnRows } from '../dataset/draw';
import { rowsById, targetOf, textOf, writes } from '../dataset/labels';
import { present } from '../lib/assert';
import { type Control, childControl } from '../lib/control';
import { asStudioError, badInput, StudioError, toWire, type WireError } from '../lib/errors';
import { rougeL } from '../metrics/text';
import { voicesOf } from '../prompt/prompt';
import { type SoftPrompt, trainedPrompt } from '../prompt/soft-prompt';
import { scoresIn } from '../prompt-set/tries';
import type { AnswersWith, Tried } from '../prompt-set/types';
import { generateTexts, longestAnswer, scoringTargets, targetScores } from '../route/generated-texts';
import { wordsFor } from '../task/template';
import type { PromptText } from '../task/types';
import type { TokenRow } from '../tokens/tokenizer';
import type { Scores, TrainEvent, Trained, ValidationPoint } from '../training/events';
import { ask, textRows } from './ask';
import { type DecidedEvent, decided } from './auto';
import type { Host, Run, Verb } from './host';
import { engineRequest, type RunInputs, type RunRequest, type RunRows, runInputs } from './run-rows';
import { tokenRows } from './token-rows';
import { cacheKeyOf, type Timing, timingOf, triedCount, triedIds, whyNoKeys } from './training-rows';
import { triedFrom } from './tries';

/** A prompt without vectors that the run is shown against: the plain text, or the hand-written prompt. */
export type BaselineId = 'untuned' | 'yours';

interface Baseline {
  readonly id: BaselineId;
  readonly prompt: PromptText;
  readonly with: AnswersWith;
}

export interface TrainRunRequest extends RunRequest {
  /** Scored after the last step, in this order: a run begins with nothing but what its prompt needs. */
  readonly baselines: readonly Baseline[];
  /** Where texts are generated: what the best step so far writes on a few rows, with at most this many tokens (null = as
   * the data set's texts suggest); undefined = nothing. */
  readonly sample?: { readonly longest: number | null };
}

export interface Sample {
  readonly step: number;
  readonly rougeL: number;
  readonly rows: readonly {
    readonly rowId: string;
    readonly text: string;
    readonly wanted: string;
    readonly written: string;
  }[];
}

export interface BaselineScores {
  readonly id: BaselineId;
  readonly scores: Scores & { readonly loss?: number };
  readonly tried: Tried | null;
  readonly timing: Timing | null;
}

export type TrainRunEvent =
  | TrainEvent
  | DecidedEvent
  | { readonly kind: 'rows'; readonly facts: RunRows }
  | { readonly kind: 'baseline-started'; readonly id: BaselineId }
  | ({ readonly kind: 'baseline' } & BaselineScores)
  /** Something beside the steps failed; the run is not affected. */
  | { readonly kind: 'trouble'; readonly error: WireError }
  | { readonly kind: 'sample'; readonly sample: Sample };

export interface TrainedRun extends Omit<Extract<TrainEvent, { kind: 'done' }>, 'kind' | 'vectors' | 'answerShift'> {
  readonly soft: SoftPrompt;
  readonly best: ValidationPoint | null;
  readonly validationRows: number;
}

export const train: Verb<TrainRunRequest, TrainRunEvent, TrainedRun> = async (host, request, run) => {
  const rows = await trainableInputs(host, request, run.control);
  if (!request.settings.auto) return trainOn(host, request, rows, run);
  const own = decided(request, rows, host.engine.info.keys);
  run.emit({ kind: 'decided', ...own });
  const asked = { ...request, ...own };
  const isPlaced = own.settings.placement === request.settings.placement; // a cue after vectors is encoded by itself
  return trainOn(host, asked, isPlaced ? rows : await runInputs(host, asked, run.control), run);
};

/** The rows of a run, before anything is trained or asked. @throws StudioError `bad-input` where it cannot learn keys and values; as `runInputs` */
export async function trainableInputs(
  host: Host,
  request: Parameters<typeof runInputs>[1] & Pick<RunRequest, 'settings'>,
  control: Control,
): Promise<RunInputs> {
  const inputs = await runInputs(host, request, control);
  const { placement, auto } = request.settings;
  const why = placement === 'kv' && !auto ? whyNoKeys(request, inputs.facts.maxTokens, host.engine.info.keys) : null;
  if (why) throw badInput(why);
  return inputs;
}

/**
 * Trains one soft prompt on these rows. Samples are asked of the engine beside the steps, which answers between two of them:
 * the numbers of the run do not depend on them. Checkpoints are events; the caller keeps them.
 * @throws StudioError `diverged`, `bad-input`, `cancelled`, and as the engine's train
 */
export async function trainOn(
  host: Host,
  request: TrainRunRequest,
  inputs: RunInputs,
  { control, emit }: Run<TrainRunEvent>,
): Promise<TrainedRun> {
  emit({ kind: 'rows', facts: inputs.facts });
  if (control.requested && !request.resume) throw new StudioError('cancelled', 'Stopped before the first step.');
  const beside = { control: childControl(control), emit };
  const sampled = sampler(host, request, inputs, beside);
  const timed = withReading(request);
  let done: Extract<TrainEvent, { kind: 'done' }> | null = null;
  try {
    for await (const event of host.engine.train(engineRequest(host, request, inputs), control)) {
      emit(timed(event));
      sampled.hear(event);
      if (event.kind === 'done') done = event;
    }
  } catch (cause) {
    beside.control.ask('cancel');
    throw cause;
  }
  await sampled.ended();
  if (!done) throw new StudioError('internal', 'internal: the run ended without a result');
  if (!control.requested) await scoreBaselines(host, request, inputs, beside);
  const { vectors: _vectors, heads: _heads, answerShift: _shift, ...end } = done;
  return {
    ...end,
    soft: trainedPrompt(request.settings, done, host.engine.info.hidden),
    best:
      end.checkpoint.validations.find(({ step }) => step === end.bestStep) ?? end.checkpoint.validations.at(-1) ?? null,
    validationRows: inputs.facts.validationRows,
  };
}

/** The engine knows the time of its steps; texts that are not read yet, and your prompt after the last step, take as long as those read so far. */
function withReading({ dataset, baselines }: TrainRunRequest): (event: TrainEvent) => TrainEvent {
  const asked = baselines.some(({ id }) => id === 'yours') ? triedCount(dataset) : 0;
  let [secondsPerRow, unread] = [0, 0];
  return (event) => {
    if (event.kind === 'cache' && event.rowsDone > 0) {
      secondsPerRow = event.seconds / event.rowsDone;
      unread = event.rowsTotal - event.rowsDone;
    }
    if (event.kind !== 'step' || event.secondsLeft === null) return event;
    return { ...event, secondsLeft: event.secondsLeft + secondsPerRow * (unread + asked) };
  };
}

type Asked = Pick<TrainRunRequest, 'dataset' | 'template'> & Baseline;

type Scoring = (host: Host, asked: Asked, inputs: RunInputs, control: Control) => Promise<BaselineScores>;

/** Answers over the answer words. The hand-written prompt is asked the rows of a try, as it answers elsewhere. */
const scoreLabels: Scoring = async (host, { id, prompt, dataset, template, with: answers }, inputs, control) => {
  const isUntuned = id === 'untuned';
  const asked = { voices: voicesOf(prompt, wordsFor(prompt, answers.words)) };
  const rows = isUntuned
    ? inputs.validation
    : (await textRows(host, asked, { dataset, split: triedIds(dataset) }, control)).rows;
  // the run itself has read the untuned texts by now
  const cacheKey = isUntuned ? cacheKeyOf(dataset.fingerprint, template) : null;
  const scored = await ask(host, asked, { rows, dataset, cacheKey }, control);
  const tried = triedFrom({ dataset, rows, with: answers }, scored, host.engine);
  const scores = present(scoresIn(tried), 'scores of labels');
  return { id, scores, ...(isUntuned ? { tried: null, timing: null } : { tried, timing: timingOf(scored) }) };
};

const scoreTexts: Scoring = async (host, { id, prompt, dataset, template }, inputs, control) => {
  const isUntuned = id === 'untuned';
  const rows = isUntuned
    ? inputs.validation
    : (await tokenRows(host, { dataset, prompt, words: [], split: rowIds(inputs.validation) }, control)).rows;
  const cacheKey = isUntuned ? cacheKeyOf(dataset.fingerprint, template) : null;
  const written = await host.engine.write(scoringTargets(rows, cacheKey), control);
  return { id, scores: { kind: 'generate', ...targetScores(written) }, tried: null, timing: null };
};

const rowIds = (rows: readonly TokenRow[]) => rows.map(({ rowId }) => rowId);

async function scoreBaselines(
  host: Host,
  request: TrainRunRequest,
  inputs: RunInputs,
  { control, emit }: Run<TrainRunEvent>,
): Promise<void> {
  if (inputs.validation.length === 0) return;
  const scored = writes(request.dataset.mapping) ? scoreTexts : scoreLabels;
  try {
    for (const baseline of request.baselines) {
      emit({ kind: 'baseline-started', id: baseline.id });
      emit({ kind: 'baseline', ...(await scored(host, { ...request, ...baseline }, inputs, control)) });
    }
  } catch (cause) {
    if (asStudioError(cause).code !== 'cancelled') emit({ kind: 'trouble', error: toWire(cause) });
  }
}

const SAMPLE_ROWS = 3;

/** Generates with the best step whenever that is a new one; one sample at a time. */
function sampler(
  host: Host,
  { dataset, template, settings, sample }: TrainRunRequest,
  { validation }: RunInputs,
  { control, emit }: Run<TrainRunEvent>,
) {
  const withTarget = sample ? validation.filter(({ target }) => target) : [];
  const shown = new Set(drawnRows(dataset, rowIds(withTarget), SAMPLE_ROWS));
  const rows = withTarget.filter(({ rowId }) => shown.has(rowId));
  const byId = rowsById(dataset.table.rows);
  const cacheKey = cacheKeyOf(dataset.fingerprint, template);
  let sampled = -1;
  let writing: Promise<void> | null = null;

  async function generate(step: number, trained: Trained): Promise<void> {
    const soft = trainedPrompt(settings, trained, host.engine.info.hidden);
    const longest = longestAnswer(host, sample?.longest, dataset);
    const written = await generateTexts(host, { rows, soft, cacheKey, longest }, control);
    const found = written.flatMap(({ rowId, text }) => {
      const row = byId.get(rowId);
      if (!row) return [];
      return [{ rowId, text: textOf(row, dataset.mapping), wanted: targetOf(row, dataset.mapping), written: text }];
    });
    const near = found.map(({ wanted, written: text }) => rougeL(text, wanted));
    const mean = near.reduce((sum, value) => sum + value, 0) / Math.max(1, near.length);
    emit({ kind: 'sample', sample: { step, rougeL: mean, rows: found } });
  }

  return {
    hear: (event: TrainEvent) => {
      if (event.kind !== 'checkpoint' && event.kind !== 'done') return;
      const { best } = event.checkpoint;
      if (rows.length === 0 || writing || control.requested || !best || best.step === sampled) return;
      sampled = best.step;
      writing = generate(best.step, best)
        .catch(() => undefined) // a run does not depend on its samples; if the engine is gone, the run says so
        .finally(() => {
          writing = null;
        });
    },
    ended: async () => void (await writing),
  };
}
