import { resolve } from 'node:path';
import type { Placement } from '../prompt/types';
import { PRESET_NAMES, PRESETS, type PresetName } from '../training/settings';
import { DEFAULT_MODEL, type ModelOptions } from './model-dir';
import { exactly, oneOf, parseOptions, required, UsageError, wholeNumber } from './usage';

export interface DataOptions {
  readonly data: string;
  readonly text: string;
  readonly label: string;
  readonly test: string | null;
  readonly trainRows: number | null;
  readonly testRows: number | null;
}

export interface TuneOptions extends DataOptions, ModelOptions {
  readonly prompt: string | null;
  /** Label -> answer word, as given. */
  readonly words: ReadonlyMap<string, string> | null;
  readonly placement: Placement;
  readonly tokens: number;
  readonly steps: number;
  readonly seed: number;
  readonly learningRate: number | null;
  /** So many seeds, from `seed` on; with more than one their mean is an arm. */
  readonly seeds: number;
  /** Also train vectors on top of the hand-written prompt. */
  readonly hybrid: boolean;
  readonly preset: PresetName;
  readonly init: 'text' | 'answer-words' | 'vocabulary';
  readonly reparameterise: boolean;
  readonly noise: number;
  readonly classWeights: boolean;
  readonly out: string;
}

const BACKENDS = ['node-wasm', 'node-native'] as const;
const PLACEMENTS = ['suffix', 'prefix'] as const;
const STARTS = ['text', 'answer-words', 'vocabulary'] as const;

export const modelOptions = {
  model: { type: 'string' },
  backend: { type: 'string' },
  threads: { type: 'string' },
} as const;

export const readModelOptions = (values: { model?: string; backend?: string; threads?: string }): ModelOptions => ({
  model: values.model === undefined ? DEFAULT_MODEL : resolve(values.model),
  backend: oneOf(values.backend, 'backend', BACKENDS) ?? 'node-wasm',
  threads: wholeNumber(values.threads, 'threads'),
});

export const TUNE_USAGE = `npm run tune -- DATA.csv --text COL --label COL --out DIR
  [--prompt "...{text}..."]   your hand-written prompt; proposed when left out
  [--words a=x,b=y]           answer words by label; proposed when left out
  [--placement suffix|prefix] vectors after the text (default, fast) or before it (loads in PEFT)
  [--preset quick|standard|thorough] [--tokens 10] [--steps 150] [--rate R]
  [--seed 0] [--seeds 1]      more than one (thorough: 3): so many runs, and their mean as a further prompt
  [--init text|answer-words|vocabulary]  what the vectors start from: the instruction's words (default), or others
  [--hybrid]                  also vectors on top of your prompt, as a further prompt
  [--reparameterise] [--noise 0.05] [--class-weights]
  [--train-rows N]            rows that gradients see, drawn by the seed; min(100, N/2) others validate
  [--test FILE.csv]           test rows; else a share of DATA.csv
  [--test-rows N]             fewer test rows, drawn by the seed
  [--model DIR] [--backend node-wasm|node-native] [--threads N]`;

/** @throws UsageError */
export function readTuneOptions(args: readonly string[]): TuneOptions {
  const { values, positionals } = parseOptions(args, {
    ...modelOptions,
    text: { type: 'string' },
    label: { type: 'string' },
    prompt: { type: 'string' },
    words: { type: 'string' },
    placement: { type: 'string' },
    tokens: { type: 'string' },
    steps: { type: 'string' },
    seed: { type: 'string' },
    rate: { type: 'string' },
    seeds: { type: 'string' },
    preset: { type: 'string' },
    init: { type: 'string' },
    hybrid: { type: 'boolean' },
    reparameterise: { type: 'boolean' },
    noise: { type: 'string' },
    'class-weights': { type: 'boolean' },
    'train-rows': { type: 'string' },
    test: { type: 'string' },
    'test-rows': { type: 'string' },
    out: { type: 'string' },
  });
  const [data] = exactly(positionals, ['DATA.csv']);
  const preset = oneOf(values.preset, 'preset', PRESET_NAMES) ?? 'standard';
  return {
    ...readModelOptions(values),
    data: resolve(data),
    text: required(values.text, 'text'),
    label: required(values.label, 'label'),
    prompt: values.prompt === undefined ? null : unescaped(values.prompt),
    words: values.words === undefined ? null : readWords(values.words),
    placement: readPlacement(values.placement),
    tokens: wholeNumber(values.tokens, 'tokens') ?? PRESETS[preset].settings.virtualTokens,
    steps: wholeNumber(values.steps, 'steps') ?? PRESETS[preset].settings.steps,
    seed: wholeNumber(values.seed, 'seed', 0) ?? 0,
    learningRate: readPositive(values.rate, 'rate'),
    seeds: wholeNumber(values.seeds, 'seeds') ?? PRESETS[preset].seeds,
    hybrid: values.hybrid ?? false,
    preset,
    init: oneOf(values.init, 'init', STARTS) ?? 'text',
    reparameterise: values.reparameterise ?? false,
    noise: readPositive(values.noise, 'noise') ?? 0,
    classWeights: values['class-weights'] ?? false,
    trainRows: wholeNumber(values['train-rows'], 'train-rows'),
    test: values.test === undefined ? null : resolve(values.test),
    testRows: wholeNumber(values['test-rows'], 'test-rows'),
    out: resolve(required(values.out, 'out')),
  };
}

export const readPlacement = (text: string | undefined): Placement => oneOf(text, 'placement', PLACEMENTS) ?? 'suffix';

/** A shell gives `\n` as two characters; a prompt means a line break. */
export const unescaped = (prompt: string): string => prompt.replaceAll('\\n', '\n');

/** `a=x,b=y`. A comma belongs to a word where no `=` follows it. */
function readWords(text: string): ReadonlyMap<string, string> {
  const words = new Map<string, string>();
  for (const pair of text.split(/,(?=[^,]*=)/)) {
    const at = pair.lastIndexOf('=');
    const [label, word] = [pair.slice(0, at).trim(), pair.slice(at + 1).trim()];
    if (at < 0 || label === '' || word === '') throw new UsageError(`--words takes label=word pairs, not “${pair}”.`);
    words.set(label, word);
  }
  return words;
}

function readPositive(text: string | undefined, option: string): number | null {
  if (text === undefined) return null;
  const number = Number(text);
  if (!(number > 0)) throw new UsageError(`--${option} takes a positive number, not “${text}”.`);
  return number;
}
