import { present } from '../lib/assert';
import { softPrompt } from '../prompt/soft-prompt';
import type { SoftPrompt } from '../prompt/types';
import type { Scores, TrainEvent } from '../training/events';
import { type Initialisation, PRESETS, type TrainingSettings } from '../training/settings';
import { BARE_KEY, type ContestContext, HYBRID_KEY, tokenRows } from './arms';
import type { TunedPrompt } from './export-prompt';
import { duration, type Log, percentage } from './log';
import type { TuneOptions } from './options';
import type { Task } from './task';

function settingsOf(options: TuneOptions, instruction: string, seed: number): TrainingSettings {
  const initialisation: Initialisation =
    options.init === 'text' ? { kind: 'text', text: instruction } : { kind: options.init };
  return {
    ...PRESETS[options.preset].settings,
    placement: options.placement,
    virtualTokens: options.tokens,
    initialisation,
    steps: options.steps,
    learningRate: options.learningRate,
    seed,
    reparameterise: options.reparameterise,
    noise: options.noise,
    classWeights: options.classWeights,
  };
}

/** A prompt for each seed, and one on top of the hand-written text where that is asked for; texts are read once. */
export async function trainAll(
  context: ContestContext,
  options: TuneOptions,
): Promise<{ readonly all: readonly SoftPrompt[]; readonly tuned: TunedPrompt; readonly hybrid: SoftPrompt | null }> {
  const { task, log } = context;
  const runs: TunedPrompt[] = [];
  for (let seed = options.seed; seed < options.seed + options.seeds; seed++) {
    if (options.seeds > 1) log.line(`Seed ${seed}`);
    runs.push(await trainPrompt(context, task.bare, BARE_KEY, settingsOf(options, task.instruction, seed)));
  }
  if (options.hybrid) log.line('Hybrid: vectors on top of your prompt');
  const settings = settingsOf(options, task.instruction, options.seed);
  const hybrid = options.hybrid ? await trainPrompt(context, task.yours, HYBRID_KEY, settings) : null;
  return { all: runs.map(({ soft }) => soft), tuned: present(runs[0], 'run'), hybrid: hybrid?.soft ?? null };
}

/** @param cacheKey of the text cache for rows under this template */
export async function trainPrompt(
  { engine, tokenizer, dataset, task, log }: ContestContext,
  template: string,
  cacheKey: string,
  settings: TrainingSettings,
  onEvent: (event: TrainEvent) => void = () => {},
): Promise<TunedPrompt> {
  const rows = (part: 'train' | 'validation') =>
    tokenRows(tokenizer, dataset, { template, shots: 0, shotSeed: 0 }, task.words, dataset.split[part]);
  const events = engine.train({
    runId: 'cli',
    train: rows('train'),
    validation: rows('validation'),
    labels: task.labels,
    settings,
    initTokenIds: initialIds(settings, task, tokenizer),
    cacheKey,
    resume: null,
  });
  let done: TunedPrompt['done'] | null = null;
  for await (const event of events) {
    tell(event, log);
    onEvent(event);
    if (event.kind === 'done') done = event;
  }
  const end = present(done, 'end of training');
  return { soft: softPrompt(settings.placement, end.vectors, engine.info.hidden), settings, done: end };
}

const initialIds = ({ initialisation }: TrainingSettings, task: Task, tokenizer: ContestContext['tokenizer']) =>
  initialisation.kind === 'answer-words'
    ? Int32Array.from(task.labels.flatMap(({ tokenIds }) => [...tokenIds]))
    : tokenizer.encode(task.instruction);

const reached = (scores: Scores) => percentage(scores.kind === 'classify' ? scores.accuracy : scores.tokenShare);

export function tell(event: TrainEvent, log: Log): void {
  switch (event.kind) {
    case 'cache':
      log.progress(`Reading the texts once: ${event.rowsDone} of ${event.rowsTotal} rows, ${duration(event.seconds)}`);
      break;
    case 'step': {
      const { step, loss } = event.point;
      const left = event.secondsLeft === null ? '' : `, about ${duration(event.secondsLeft)} left`;
      log.progress(`Step ${step} of ${event.stepsTotal}: loss ${loss.toFixed(3)}${left}`);
      break;
    }
    case 'validation':
      log.line(
        `Step ${event.point.step}: ${reached(event.point)} on validation rows, loss ${event.point.loss.toFixed(3)}${event.best ? ' (kept so far)' : ''}`,
      );
      break;
    case 'done':
      log.line(
        `Trained in ${duration(event.trainSeconds)} (${event.stepsPerSecond.toFixed(2)} steps a second; texts read in ${duration(event.cacheSeconds)}); the vectors of step ${event.bestStep} are kept`,
      );
      break;
    case 'checkpoint':
      break;
  }
}
