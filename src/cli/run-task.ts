/** What `tune` and `write` share: prompts are trained, compared on test rows, exported, and everything is written to files. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Dataset } from '../dataset/types';
import { present } from '../lib/assert';
import { uninterruptedControl } from '../lib/control';
import { addHardVersion, chooseSoft, createPromptSet, finishRun, startRun } from '../project/prompt-set';
import type { PromptSet, WritingTask } from '../project/types';
import { accuracyOf } from '../training/checkpoint';
import type { Scores } from '../training/events';
import type { TrainingSettings } from '../training/settings';
import { type Compared, compare } from '../workflow/compare';
import type { CompareEvent } from '../workflow/compare-arms';
import type { Host } from '../workflow/host';
import { type TrainRunEvent, train } from '../workflow/train';
import { exportPrompt, type TunedPrompt } from './export-prompt';
import { duration, type Log, percentage } from './log';
import { type ModelOptions, openModel } from './model-dir';
import { type NodeHost, nodeHost } from './node-host';
import { type MadeFiles, reportFiles } from './report-files';
import type { Task } from './task';

export interface RunOptions extends ModelOptions {
  readonly out: string;
  /** Of each run; the first is the tuned prompt. */
  readonly runs: readonly TrainingSettings[];
  /** Also train vectors on top of the hand-written prompt. */
  readonly hybrid: boolean;
  /** Rows shown in the arm with examples; null = as many as the page shows. */
  readonly examples: number | null;
}

export interface Asked {
  readonly dataset: Dataset;
  readonly task: Task;
  /** Where texts are generated. */
  readonly writing: WritingTask | null;
}

/** @param ask what is asked of the model, which may need its tokenizer */
export async function runTask(
  options: RunOptions,
  log: Log,
  ask: (host: NodeHost) => Asked | Promise<Asked>,
): Promise<void> {
  const model = await openModel(options, log);
  const host = nodeHost(model);
  try {
    const asked = await ask(host);
    const { set, tuned } = await trainAll(host, asked, options, log);
    const { evaluation } = await compare(
      host,
      {
        set,
        dataset: asked.dataset,
        eachSeed: options.runs.length > 1,
        ...(options.examples === null ? {} : { examples: options.examples }),
      },
      { control: uninterruptedControl, emit: comparing(log) },
    );
    await mkdir(options.out, { recursive: true });
    await exportPrompt({
      model,
      dataset: asked.dataset,
      task: asked.task,
      tuned,
      result: resultOf(evaluation, asked.writing?.longest ?? 0),
      folder: join(options.out, 'prompt'),
    });
    const made = reportFiles({ host, dataset: asked.dataset, set, tuned, evaluation });
    await writeFiles(options.out, made);
    for (const line of made.lines) log.line(line);
    log.line(`Written to ${options.out}: ${[...made.files.keys(), 'prompt/'].join(', ')}`);
  } finally {
    await host.dispose();
  }
}

async function writeFiles(out: string, { files }: MadeFiles): Promise<void> {
  for (const [name, text] of files) await writeFile(join(out, name), text);
}

const resultOf = (evaluation: Compared, longest: number) =>
  evaluation.kind === 'classify'
    ? ({ ...evaluation, kind: 'labels' } as const)
    : ({ ...evaluation, kind: 'texts', longest } as const);

/** The prompt set as the page would have it, with a run for each seed, and one on top of the hand-written prompt. */
async function trainAll(
  host: Host,
  { dataset, task, writing }: Asked,
  { runs, hybrid }: RunOptions,
  log: Log,
): Promise<{ readonly set: PromptSet; readonly tuned: TunedPrompt }> {
  const stamp = () => ({ id: host.newId(), now: host.now() });
  const { fileName } = dataset.table.format;
  const empty = createPromptSet(stamp(), {
    name: fileName.replace(/\.[^.]*$/, ''),
    words: task.words,
    baseTemplate: task.bare,
    datasetFingerprint: dataset.fingerprint,
    datasetName: fileName,
    taken: [],
    ...(writing ? { writing } : {}),
  });
  const hand = addHardVersion(empty, stamp(), { prompt: { template: task.yours, shots: 0, shotSeed: 0 } });
  let set = hand.set;
  const tuned: TunedPrompt[] = [];
  for (const settings of runs) {
    if (runs.length > 1) log.line(`Seed ${settings.seed}`);
    const trained = await trainRun(host, set, { dataset, task, settings, template: task.bare }, log);
    set = trained.set;
    tuned.push(trained.tuned);
  }
  // the first seed is the tuned prompt, whichever is best on validation rows
  set = chooseSoft(set, present(set.soft[0], 'run').id, host.now());
  const [settings] = runs;
  if (hybrid && settings) {
    log.line('Hybrid: vectors on top of your prompt');
    const handVersion = present(set.hard[0], 'hand-written prompt').id;
    set = (await trainRun(host, set, { dataset, task, settings, template: task.yours, handVersion }, log)).set;
  }
  return { set, tuned: present(tuned[0], 'run') };
}

interface Planned {
  readonly dataset: Dataset;
  readonly task: Task;
  readonly settings: TrainingSettings;
  readonly template: string;
  /** Of a hybrid. */
  readonly handVersion?: string;
}

/** A start from a text is a start from the instruction's words. */
const startingFrom = (settings: TrainingSettings, instruction: string): TrainingSettings =>
  settings.initialisation.kind === 'text'
    ? { ...settings, initialisation: { kind: 'text', text: instruction } }
    : settings;

async function trainRun(
  host: Host,
  set: PromptSet,
  { dataset, task, settings: asked, template, handVersion }: Planned,
  log: Log,
): Promise<{ readonly set: PromptSet; readonly tuned: TunedPrompt }> {
  const settings = startingFrom(asked, task.instruction);
  const { id, sha256, dtype } = host.engine.info;
  const { fingerprint: datasetFingerprint } = dataset;
  const started = startRun(
    set,
    { id: host.newId(), now: host.now() },
    {
      settings,
      template,
      initText: task.instruction,
      model: { id, sha256, dtype },
      datasetFingerprint,
      ...(handVersion ? { handVersion } : {}),
    },
  );
  const { soft, best, ...done } = await train(
    host,
    {
      runId: started.run.id,
      dataset,
      template,
      words: task.words,
      settings,
      initText: task.instruction,
      initFrom: null,
      resume: null,
      baselines: [],
    },
    { control: uninterruptedControl, emit: (event) => tell(event, log) },
  );
  const status = done.reason === 'paused' ? 'stopped' : done.reason;
  const kept = {
    soft,
    bestStep: done.bestStep,
    validationAccuracy: best ? accuracyOf(best) : null,
    ...(best?.kind === 'generate' ? { validationLoss: best.loss } : {}),
    seconds: done.trainSeconds,
  };
  return {
    set: finishRun(started.set, started.run.id, { status, ...kept }, host.now()),
    tuned: { soft, settings, done: { ...done, kind: 'done', vectors: soft.vectors } },
  };
}

const reached = (scores: Scores) => percentage(scores.kind === 'classify' ? scores.accuracy : scores.tokenShare);

function tell(event: TrainRunEvent, log: Log): void {
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
    case 'rows':
      if (event.facts.tooLong.length > 0)
        log.line(`${event.facts.tooLong.length} rows are longer than the model’s context and do not train`);
      break;
  }
}

/** Progress of a comparison, as lines. */
function comparing(log: Log): (event: CompareEvent) => void {
  return (event) => {
    if (event.kind !== 'progress') return;
    const share = event.fraction === null ? '' : `: ${Math.round(100 * event.fraction)}%`;
    log.progress(`${event.note}${share}`);
  };
}
