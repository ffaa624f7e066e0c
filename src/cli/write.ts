import { resolve } from 'node:path';
import { STANDARD, type TrainingSettings } from '../training/settings';
import { longestAnswer } from '../workflow/generated-texts';
import { createLog } from './log';
import { modelOptions, readModelOptions, readPlacement, unescaped } from './options';
import { runTask } from './run-task';
import { exactly, parseOptions, required, wholeNumber } from './usage';
import { readWritingTask } from './writing-task';

export const WRITE_USAGE = `npm run write -- DATA.csv --text COL --target COL --prompt "...{text}..." --out DIR
  [--shots 3] [--placement suffix|prefix] [--tokens 10] [--steps 150] [--seed 0]
  [--train-rows N] [--test-rows N] [--model DIR] [--backend node-wasm|node-native] [--threads N]`;

/** Text-to-text, headless: a prompt is trained to generate a target column, and compared with the hand-written one. */
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
  const examples = wholeNumber(values.shots, 'shots');
  const log = createLog();
  const { dataset, ...task } = await readWritingTask(resolve(path), log, {
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
    seed: wholeNumber(values.seed, 'seed', 0) ?? 0,
    initialisation: { kind: 'text', text: task.instruction },
  };
  const options = { ...readModelOptions(values), out, runs: [settings], hybrid: false, examples };
  await runTask(options, log, (host) => ({
    dataset,
    task: { ...task, words: [], labels: [] },
    writing: { longest: longestAnswer(host, null, dataset) },
  }));
}
