import { type Initialisation, PRESETS, type TrainingSettings } from '../training/settings';
import { readDataset } from './data';
import { createLog } from './log';
import { readTuneOptions, type TuneOptions } from './options';
import { runTask } from './run-task';
import { readTask } from './task';

/** The main job, headless: data -> prompt -> training -> comparison on test rows -> results, report, export. */
export async function tune(args: readonly string[]): Promise<void> {
  const options = readTuneOptions(args);
  const log = createLog();
  const dataset = await readDataset(options, options.seed, log);
  const runs = Array.from({ length: options.seeds }, (_, i) => settingsOf(options, options.seed + i));
  await runTask({ ...options, runs, examples: null }, log, ({ tokens }) => {
    const task = readTask(dataset, tokens.tokenizer, options);
    log.line(`Answer words: ${task.words.map(({ label, word }) => `${label} =${word}`).join(', ')}`);
    return { dataset, task, writing: null };
  });
}

function settingsOf(options: TuneOptions, seed: number): TrainingSettings {
  const initialisation: Initialisation = options.init === 'text' ? { kind: 'text', text: '' } : { kind: options.init };
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
