import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Dataset } from '../dataset/types';
import { insightsOf } from '../evaluation/classify/insights';
import { type Comparison, type ComparisonPlan, isLearned } from '../evaluation/types';
import { drained } from '../lib/steps';
import { htmlReport } from '../report/html';
import type { ReportInput } from '../report/types';
import { accuracyOf } from '../training/checkpoint';
import { contenders, contest } from './arms';
import { readDataset } from './data';
import { exportPrompt, type TunedPrompt } from './export-prompt';
import { createLog, percentage } from './log';
import { type OpenModel, openModel } from './model-dir';
import { readTuneOptions } from './options';
import { reportFacts } from './report-facts';
import { resultsOf } from './results';
import { readTask, type Task } from './task';
import { trainAll } from './train-prompt';

/** The main job, headless: data -> prompt -> training -> comparison on held-back rows -> results, report, export. */
export async function tune(args: readonly string[]): Promise<void> {
  const options = readTuneOptions(args);
  const log = createLog();
  const dataset = await readDataset(options, options.seed, log);
  const model = await openModel(options, log);
  try {
    const task = readTask(dataset, model.tokenizer, options);
    log.line(`Answer words: ${task.words.map(({ label, word }) => `${label} =${word}`).join(', ')}`);
    const context = { ...model, dataset, task, log };
    const { all, tuned, hybrid } = await trainAll(context, options);
    const { plan, comparison } = await contest(context, contenders(task, all, hybrid), options.seed);
    await mkdir(options.out, { recursive: true });
    const result = { kind: 'labels', plan, comparison } as const;
    await exportPrompt({ model, dataset, task, tuned, result, folder: join(options.out, 'prompt') });
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

interface ReportParts {
  readonly model: OpenModel;
  readonly dataset: Dataset;
  readonly task: Task;
  readonly tuned: TunedPrompt;
  readonly plan: ComparisonPlan;
  readonly comparison: Comparison;
}

function reportInput({ model, dataset, task, tuned, plan, comparison }: ReportParts): ReportInput {
  const { settings, done } = tuned;
  const accuracyAt = new Map(done.checkpoint.validations.map((point) => [point.step, accuracyOf(point) ?? 0]));
  const prompt = (armId: string, template: string, shots = 0) => ({ armId, template, shots });
  return {
    ...reportFacts(model, dataset),
    plan,
    comparison,
    closer: { insights: drained(insightsOf(plan, comparison, dataset)) },
    prompts: [
      prompt('untuned', task.bare),
      prompt('yours', task.yours),
      prompt('yours-8', task.yours, 8),
      ...comparison.arms
        .filter(({ kind }) => isLearned(kind))
        .map(({ id, kind }) => prompt(id, kind === 'hybrid' ? task.yours : task.bare)),
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
