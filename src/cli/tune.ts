import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Dataset } from '../dataset/types';
import type { Comparison, ComparisonPlan } from '../evaluation/types';
import { present } from '../lib/assert';
import { softPrompt } from '../prompt/soft-prompt';
import { htmlReport } from '../report/html';
import type { ReportInput } from '../report/types';
import type { TrainEvent } from '../training/events';
import { STANDARD, type TrainingSettings } from '../training/settings';
import { BARE_KEY, contenders, contest, tokenRows } from './arms';
import { readDataset } from './data';
import { exportPrompt, type TunedPrompt } from './export-prompt';
import { createLog, duration, type Log, percentage } from './log';
import { type OpenModel, openModel } from './model-dir';
import { readTuneOptions, type TuneOptions } from './options';
import { resultsOf } from './results';
import { readTask, type Task } from './task';

/** The main job, headless: data -> prompt -> training -> comparison on held-back rows -> results, report, export. */
export async function tune(args: readonly string[]): Promise<void> {
  const options = readTuneOptions(args);
  const log = createLog();
  const dataset = await readDataset(options, options.seed, log);
  const model = await openModel(options, log);
  try {
    const task = readTask(dataset, model.tokenizer, options);
    log.line(`Answer words: ${task.words.map(({ label, word }) => `${label} =${word}`).join(', ')}`);
    const tuned = await trainPrompt(model, dataset, task, options, log);
    const context = { ...model, dataset, task, log };
    const { plan, comparison } = await contest(context, contenders(task, tuned.soft), options.seed);
    await mkdir(options.out, { recursive: true });
    await exportPrompt({ model, dataset, task, tuned, plan, comparison, folder: join(options.out, 'prompt') });
    const report = reportInput({ model, dataset, task, tuned, plan, comparison });
    await writeFile(join(options.out, 'results.json'), `${JSON.stringify(resultsOf(report), null, 1)}\n`);
    await writeFile(join(options.out, 'report.html'), htmlReport(report));
    for (const arm of comparison.arms)
      log.line(`${percentage(arm.accuracy).padStart(6)}  ${arm.name}${arm.calibrated ? ' (calibrated)' : ''}`);
    log.line(comparison.verdict.headline);
    log.line(`Written to ${options.out}: results.json, report.html, prompt/`);
  } finally {
    await model.engine.dispose();
  }
}

async function trainPrompt(
  { engine, tokenizer }: OpenModel,
  dataset: Dataset,
  task: Task,
  options: TuneOptions,
  log: Log,
): Promise<TunedPrompt> {
  const settings: TrainingSettings = {
    ...STANDARD,
    placement: options.placement,
    virtualTokens: options.tokens,
    initialisation: { kind: 'text', text: task.instruction },
    steps: options.steps,
    learningRate: options.learningRate,
    seed: options.seed,
  };
  const rows = (part: 'train' | 'validation') =>
    tokenRows(tokenizer, dataset, { template: task.bare, shots: 0, shotSeed: 0 }, task.words, dataset.split[part]);
  const events = engine.train({
    runId: 'cli',
    train: rows('train'),
    validation: rows('validation'),
    labels: task.labels,
    settings,
    initTokenIds: tokenizer.encode(task.instruction),
    cacheKey: BARE_KEY,
    resume: null,
  });
  let done: TunedPrompt['done'] | null = null;
  for await (const event of events) {
    tell(event, log);
    if (event.kind === 'done') done = event;
  }
  const end = present(done, 'end of training');
  return { soft: softPrompt(settings.placement, end.vectors, engine.info.hidden), settings, done: end };
}

function tell(event: TrainEvent, log: Log): void {
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
        `Step ${event.point.step}: ${percentage(event.point.accuracy)} on validation rows, loss ${event.point.loss.toFixed(3)}${event.best ? ' (best so far)' : ''}`,
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

interface ReportParts {
  readonly model: OpenModel;
  readonly dataset: Dataset;
  readonly task: Task;
  readonly tuned: TunedPrompt;
  readonly plan: ComparisonPlan;
  readonly comparison: Comparison;
}

function reportInput({ model, dataset, task, tuned, plan, comparison }: ReportParts): ReportInput {
  const { info } = model.engine;
  const { settings, done } = tuned;
  const { train, validation, test } = dataset.split;
  const accuracyAt = new Map(done.checkpoint.validations.map(({ step, accuracy }) => [step, accuracy]));
  const prompt = (armId: string, template: string, shots = 0) => ({ armId, template, shots });
  return {
    title: dataset.table.format.fileName,
    createdAt: new Date().toISOString(),
    plan,
    comparison,
    model: { id: info.id, dtype: info.dtype, sha256: info.sha256 },
    environment: { backend: info.backend, threads: info.threads },
    dataset: {
      name: dataset.table.format.fileName,
      rows: dataset.table.rows.length,
      train: train.length,
      validation: validation.length,
      test: test.length,
      fingerprint: dataset.fingerprint,
      splitHash: dataset.splitHash,
    },
    prompts: [
      prompt('untuned', task.bare),
      prompt('yours', task.yours),
      prompt('yours-8', task.yours, 8),
      prompt('tuned', task.bare),
    ],
    training: {
      placement: settings.placement,
      tokens: settings.virtualTokens,
      seed: settings.seed,
      steps: done.checkpoint.step,
      bestStep: done.bestStep,
      stepsPerSecond: done.stepsPerSecond,
      cacheSeconds: done.cacheSeconds,
      trainSeconds: done.trainSeconds,
      history: done.checkpoint.steps.map(({ step, loss }) => ({
        step,
        loss,
        validationAccuracy: accuracyAt.get(step) ?? null,
      })),
    },
  };
}
