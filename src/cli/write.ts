import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { toCsv } from '../dataset/csv-out';
import { compareTexts, type GenerateArm, type GenerateOutcome } from '../evaluation/generate/compare';
import { type WritingReportInput, writingHtml, writingJson } from '../report/writing';
import { STANDARD, type TrainingSettings } from '../training/settings';
import { exportPrompt } from './export-prompt';
import { createLog } from './log';
import { openModel } from './model-dir';
import { modelOptions, readModelOptions, readPlacement, unescaped } from './options';
import { reportFacts } from './report-facts';
import { exactly, parseOptions, required, wholeNumber } from './usage';
import { longestAnswer, trainWriter, type WritingPrompt, writtenBy } from './writer';
import { readWritingTask, type WritingTask } from './writing-task';

export const WRITE_USAGE = `npm run write -- DATA.csv --text COL --target COL --prompt "...{text}..." --out DIR
  [--shots 3] [--placement suffix|prefix] [--tokens 10] [--steps 150] [--seed 0]
  [--train-rows N] [--test-rows N] [--model DIR] [--backend node-wasm|node-native] [--threads N]`;

/** Text-to-text, headless: a prompt is trained to write a target column, and compared with the hand-written one. */
export async function write(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseOptions(args, {
    ...modelOptions,
    text: { type: 'string' },
    target: { type: 'string' },
    prompt: { type: 'string' },
    shots: { type: 'string' },
    placement: { type: 'string' },
    tokens: { type: 'string' },
    steps: { type: 'string' },
    seed: { type: 'string' },
    'train-rows': { type: 'string' },
    'test-rows': { type: 'string' },
    out: { type: 'string' },
  });
  const [path] = exactly(positionals, ['DATA.csv']);
  const out = resolve(required(values.out, 'out'));
  const seed = wholeNumber(values.seed, 'seed', 0) ?? 0;
  const shots = wholeNumber(values.shots, 'shots') ?? 3;
  const log = createLog();
  const task = await readWritingTask(resolve(path), log, {
    text: required(values.text, 'text'),
    target: required(values.target, 'target'),
    prompt: unescaped(required(values.prompt, 'prompt')),
    trainRows: wholeNumber(values['train-rows'], 'train-rows'),
    testRows: wholeNumber(values['test-rows'], 'test-rows'),
  });
  const settings: TrainingSettings = {
    ...STANDARD,
    placement: readPlacement(values.placement),
    virtualTokens: wholeNumber(values.tokens, 'tokens') ?? STANDARD.virtualTokens,
    steps: wholeNumber(values.steps, 'steps') ?? STANDARD.steps,
    seed,
    initialisation: { kind: 'text', text: task.instruction },
  };
  const model = await openModel(readModelOptions(values), log);
  try {
    const context = { ...model, task, log };
    const tuned = await trainWriter(context, settings);
    const prompts: readonly WritingPrompt[] = [
      { id: 'untuned', name: 'Untuned', template: task.bare, shots: 0, soft: null },
      { id: 'yours', name: 'Yours', template: task.yours, shots: 0, soft: null },
      { id: 'examples', name: `Yours + ${shots} examples`, template: task.yours, shots, soft: null },
      { id: 'tuned', name: 'Tuned', template: task.bare, shots: 0, soft: tuned.soft },
    ];
    const outcomes: GenerateOutcome[] = [];
    for (const prompt of prompts) outcomes.push(await writtenBy(context, prompt));
    const wanted = task.parts.test.map((row) => row.cells[task.dataset.mapping.label] ?? '');
    const plan = { wanted, arms: outcomes, pairs: PAIRS, seed, rowIds: task.dataset.split.test, looks: 1 };
    const comparison = compareTexts(plan);
    await mkdir(out, { recursive: true });
    await exportPrompt({
      model,
      dataset: task.dataset,
      task: { ...task, words: [] },
      tuned,
      result: { kind: 'texts', longest: longestAnswer(context), plan, comparison },
      folder: join(out, 'prompt'),
    });
    const report: WritingReportInput = {
      ...reportFacts(model, task.dataset),
      plan,
      comparison,
      prompts: prompts.map(({ id, template, shots: shown }) => ({ armId: id, template, shots: shown })),
      training: {
        placement: settings.placement,
        tokens: settings.virtualTokens,
        seed,
        steps: tuned.done.checkpoint.step,
        bestStep: tuned.done.bestStep,
        seconds: tuned.done.trainSeconds,
      },
      votes: null,
    };
    await writeFile(join(out, 'results.json'), `${JSON.stringify(writingJson(report), null, 1)}\n`);
    await writeFile(join(out, 'report.html'), writingHtml(report, []));
    await writeFile(join(out, 'written.csv'), writtenCsv(task, wanted, outcomes));
    for (const arm of comparison.arms) log.line(armLine(arm));
    for (const { sentence } of comparison.duels) log.line(sentence);
    log.line(`Written to ${out}: results.json, report.html, written.csv, prompt/`);
  } finally {
    await model.engine.dispose();
  }
}

const PAIRS = [
  ['yours', 'tuned'],
  ['untuned', 'tuned'],
  ['examples', 'tuned'],
] as const;

function armLine({ name, rougeL, tokenF1, exactMatch, perplexity }: GenerateArm): string {
  const share = (value: number) => (100 * value).toFixed(1).padStart(5);
  return `ROUGE-L ${share(rougeL)}  F1 ${share(tokenF1)}  exact ${share(exactMatch)}  perplexity ${perplexity.toFixed(1).padStart(6)}  ${name}`;
}

const writtenCsv = (
  { dataset: { mapping }, parts }: WritingTask,
  wanted: readonly string[],
  outcomes: readonly GenerateOutcome[],
) =>
  toCsv(
    ['text', 'wanted', ...outcomes.map(({ id }) => id)],
    parts.test.map((row, i) => [
      row.cells[mapping.text] ?? '',
      wanted[i] ?? '',
      ...outcomes.map(({ written }) => written[i] ?? ''),
    ]),
    { neutralise: true },
  );
