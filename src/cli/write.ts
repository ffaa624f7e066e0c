import { resolve } from 'node:path';
import { STANDARD, type TrainingSettings } from '../training/settings';
import { readDataset } from './data';
import { createLog } from './log';
import {
  exactly,
  MODEL_USAGE,
  parseOptions,
  readModelOptions,
  readPlacement,
  required,
  trainingOptions,
  unescaped,
  wholeNumber,
} from './options';
import { runTask } from './run-task';

export const WRITE_USAGE = `npm run write -- DATA.csv --text COL --target COL --prompt "...{text}..." --out DIR
  [--shots 3]                 examples in the hand-written prompt that is compared with examples
  [--placement suffix|infix|prefix] [--tokens 10] [--steps 150] [--seed 0]
  [--train-rows N] [--test-rows N]  fewer rows, drawn by the seed; min(100, N/2) others are for validation
  ${MODEL_USAGE}`;

/** A prompt that generates texts: data, training, comparison on test rows, and a folder with the results and the prompt. */
export async function write(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseOptions(args, {
    ...trainingOptions,
    target: { type: 'string' },
    shots: { type: 'string' },
  });
  const [data] = exactly(positionals, ['DATA.csv']);
  const columns = { text: required(values.text, 'text'), target: required(values.target, 'target') };
  const out = resolve(required(values.out, 'out'));
  const prompt = unescaped(required(values.prompt, 'prompt'));
  const examples = wholeNumber(values.shots, 'shots');
  const seed = wholeNumber(values.seed, 'seed', 0) ?? 0;
  const settings: TrainingSettings = {
    ...STANDARD,
    placement: readPlacement(values.placement),
    virtualTokens: wholeNumber(values.tokens, 'tokens') ?? STANDARD.virtualTokens,
    steps: wholeNumber(values.steps, 'steps') ?? STANDARD.steps,
    seed,
    initialisation: { kind: 'text', text: '' },
  };
  const model = readModelOptions(values);
  const rows = {
    trainRows: wholeNumber(values['train-rows'], 'train-rows'),
    testRows: wholeNumber(values['test-rows'], 'test-rows'),
  };
  const log = createLog();
  const dataset = await readDataset({ data: resolve(data), test: null, columns, seed, ...rows }, log);
  await runTask({ dataset, model, out, prompt, words: null, runs: [settings], hybrid: false, examples }, log);
}
