/** Training, as the command line does it: a prompt set from the rows, one run, and its prompt as a package. */
import { rowsOf } from '../dataset/labels';
import { controlOf } from '../lib/control';
import { asStudioError } from '../lib/errors';
import { streamed } from '../lib/stream';
import { chooseTrained } from '../prompt-set/make-versions';
import { DEFAULT_PRESET, PRESETS, STANDARD, type TrainingSettings } from '../training/settings';
import type { DistilEvent } from '../workflow/distil';
import { packageOf } from '../workflow/exported-prompt';
import { type Run, SILENT } from '../workflow/host';
import { trainRun } from '../workflow/train-run';
import { preparedSet } from '../workflow/tune';
import { settingsWords } from '../workflow/words';
import { checkTraining } from './check';
import { type ApiHost, hostOf } from './host';
import { openPrompt } from './prompt';
import { cellsOf, datasetOf } from './rows';
import type { Prompt, Rows, Train, TrainEvent, TrainOptions } from './types';

/** The preset of the task, with what the caller has chosen. */
function settingsOf({ task = 'classify', preset = DEFAULT_PRESET, ...options }: TrainOptions): TrainingSettings {
  const { auto, core, ...base } = task === 'generate' ? STANDARD : PRESETS[preset].settings;
  const { placement, virtualTokens, steps, learningRate = null, seed = 0 } = options;
  return {
    ...base,
    ...(placement === undefined && auto && core && { auto, core }),
    placement: placement ?? 'suffix',
    virtualTokens: virtualTokens ?? base.virtualTokens,
    steps: steps ?? base.steps,
    learningRate,
    seed,
  };
}

/** The events of the verbs as a program is told them. */
function eventOf(event: object): TrainEvent | null {
  if ('said' in event) return { kind: 'note', text: String(event.said) };
  if ('note' in event) return { kind: 'note', text: String(event.note) };
  const told = event as DistilEvent;
  switch (told.kind) {
    case 'cache':
      return { kind: 'reading', done: told.rowsDone, total: told.rowsTotal };
    case 'decided':
      return { kind: 'note', text: settingsWords(told.settings) };
    case 'step': {
      const { step, loss } = told.point;
      return { kind: 'step', step, steps: told.stepsTotal, loss, secondsLeft: told.secondsLeft };
    }
    case 'validation': {
      const { step, loss, ...scores } = told.point;
      const score = 'accuracy' in scores ? scores.accuracy : 'microF1' in scores ? scores.microF1 : scores.tokenShare;
      return { kind: 'validation', step, loss, score, best: told.best };
    }
    case 'done':
      return told.error ? { kind: 'note', text: told.error.message } : null;
    default:
      return null;
  }
}

async function trained(host: ApiHost, rows: Rows, options: TrainOptions, run: Run<object>): Promise<Prompt> {
  checkTraining(options);
  const dataset = await datasetOf(rows, options, run);
  const { name, prompt = null, heldOut } = options;
  const words = options.words ? new Map(Object.entries(options.words)) : null;
  const started = await preparedSet(host, { dataset, name, prompt, words, findWords: 'auto' }, run);
  const planned = { dataset, settings: settingsOf(options), hybrid: false, examples: 0, group: null };
  const { set: ended, checkpoint, added } = await trainRun(host, started, planned, run);
  const runId = added.run.id;
  const set = chooseTrained(ended, runId, host.now());
  const stored = {
    set,
    dataset,
    checkpoints: [{ runId, setId: set.id, checkpoint }],
    evaluations: [],
    measurements: [],
  };
  const of = await packageOf(host, { stored, subject: runId, withRows: true }, SILENT);
  const test = heldOut === 'share' ? cellsOf(rowsOf(dataset, 'test'), dataset.table.columns) : [];
  return openPrompt(host, of, {}, { stored, heldOut: test });
}

export const train: Train = (model, rows, options = {}) => {
  const control = controlOf(options.signal);
  const { result, [Symbol.asyncIterator]: iterate } = streamed<TrainEvent, Prompt>(async (give) => {
    const emit = (event: object) => {
      const shown = eventOf(event);
      if (shown) give(shown);
    };
    try {
      return await trained(hostOf(model), rows, options, { control, emit });
    } catch (cause) {
      throw asStudioError(cause);
    }
  });
  return { prompt: result, stop: () => control.ask('stop'), [Symbol.asyncIterator]: iterate };
};
