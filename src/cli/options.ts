/** Arguments of a command: parsed strictly, checked, and refused with a sentence. */
import { resolve } from 'node:path';
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { MEND_IDS } from '../dataset/mends';
import type { MendId } from '../dataset/types';
import { counted } from '../lib/format';
import { PLACEMENTS } from '../prompt/soft-prompt';
import { asContinuation } from '../task/template';
import type { LabelWord } from '../task/types';
import { STANDARD, type TrainingSettings } from '../training/settings';
import { DEFAULT_MODEL, type ModelOptions } from './node-host';

/** The command line is wrong: exit code 2, with the usage below the message. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

type Options = NonNullable<ParseArgsConfig['options']>;

/** Options with a value. */
export const valued = <const N extends string>(...names: readonly N[]) =>
  Object.fromEntries(names.map((name) => [name, { type: 'string' }])) as {
    readonly [K in N]: { readonly type: 'string' };
  };

/** Options without one. */
export const flags = <const N extends string>(...names: readonly N[]) =>
  Object.fromEntries(names.map((name) => [name, { type: 'boolean' }])) as {
    readonly [K in N]: { readonly type: 'boolean' };
  };

/** Parses arguments strictly: an unknown or incomplete option is a usage error. */
export function parseOptions<const T extends Options>(args: readonly string[], options: T) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message : String(cause));
  }
}

/** `--data a.csv b.csv` as `--data a.csv --data b.csv`, for options that take several values. */
export function withLists(args: readonly string[], names: readonly string[]): readonly string[] {
  const out: string[] = [];
  let list: string | null = null;
  for (const arg of args) {
    const isOption = arg.startsWith('--');
    const isNext = !isOption && list !== null && out.at(-1) !== list;
    if (isOption) list = names.some((name) => arg === `--${name}`) ? arg : null;
    out.push(...(isNext && list !== null ? [list, arg] : [arg]));
  }
  return out;
}

/** @throws UsageError when an argument is missing or left over */
export function exactly<const N extends readonly string[]>(
  positionals: readonly string[],
  names: N,
): { readonly [K in keyof N]: string } {
  if (positionals.length !== names.length)
    throw new UsageError(`Expected ${names.join(' ')}, got ${counted(positionals.length, 'argument')}.`);
  return positionals as unknown as { readonly [K in keyof N]: string };
}

export function required(value: string | undefined, option: string): string {
  if (value === undefined || value === '') throw new UsageError(`--${option} is missing.`);
  return value;
}

export function wholeNumber(value: string | undefined, option: string, least = 1): number | null {
  if (value === undefined) return null;
  const number = Number(value);
  if (!Number.isSafeInteger(number) || number < least)
    throw new UsageError(`--${option} takes a whole number of at least ${least}, not “${value}”.`);
  return number;
}

export function probability(value: string | undefined, option: string): number | null {
  if (value === undefined) return null;
  const number = value.trim() === '' ? Number.NaN : Number(value);
  if (!(number >= 0 && number <= 1))
    throw new UsageError(`--${option} takes a probability from 0 to 1, such as 0.8, not “${value}”.`);
  return number;
}

/** "85" or "85%" of a hundred, as a share. 0.85 is refused where it is an accuracy, because it would let anything pass. */
export function shareOf(value: string | undefined, option: string, unit: 'per cent' | 'points'): number | null {
  if (value === undefined) return null;
  const number = /^\d+(?:\.\d+)?%?$/.test(value.trim()) ? Number.parseFloat(value) : Number.NaN;
  if (!(number <= 100) || (unit === 'per cent' && number > 0 && number < 1))
    throw new UsageError(
      `--${option} takes ${unit} from 0 to 100, such as ${unit === 'points' ? 2 : 85}, not “${value}”.`,
    );
  return number / 100;
}

export function oneOf<const T extends string>(
  value: string | undefined,
  option: string,
  choices: readonly T[],
): T | null {
  if (value === undefined) return null;
  const choice = choices.find((each) => each === value);
  if (choice === undefined) throw new UsageError(`--${option} is one of ${choices.join(', ')}, not “${value}”.`);
  return choice;
}

export function positive(value: string | undefined, option: string): number | null {
  if (value === undefined) return null;
  const number = Number(value);
  if (!(number > 0)) throw new UsageError(`--${option} takes a positive number, not “${value}”.`);
  return number;
}

export const modelOptions = valued('model', 'backend', 'threads', 'weights');

/** How the options above are named in a command's usage. */
export const MODEL_USAGE = '[--model DIR] [--backend node-wasm|node-native] [--threads N] [--weights fast|small]';

const BACKENDS = ['node-wasm', 'node-native'] as const;
const WEIGHTS = ['fast', 'small'] as const;

type ModelValues = { readonly [K in keyof typeof modelOptions]?: string };

export const readModelOptions = (values: ModelValues): ModelOptions => ({
  model: values.model === undefined ? DEFAULT_MODEL : resolve(values.model),
  backend: oneOf(values.backend, 'backend', BACKENDS) ?? 'node-wasm',
  threads: wholeNumber(values.threads, 'threads'),
  weights: oneOf(values.weights, 'weights', WEIGHTS) ?? 'fast',
});

/** What is mended in the rows of every file. */
export const mendOptions = { mend: { type: 'string', multiple: true } } as const;

const MENDS = MEND_IDS.filter((id) => id !== 'label-column');

/** How that is named in a command's usage. */
export const MEND_USAGE = `[--mend ${MENDS.join('|')}] (several times: in this order)`;

export const readMends = (values: readonly string[] = []): readonly MendId[] =>
  values.flatMap((value) => oneOf(value, 'mend', MENDS) ?? []);

export const trainingOptions = {
  ...modelOptions,
  ...mendOptions,
  ...valued('text', 'prompt', 'placement', 'tokens', 'steps', 'seed', 'train-rows', 'test-rows', 'add-rows', 'out'),
  ...flags('drop-twins'),
} as const;

/** How many rows of each part are used, whether those that repeat a test row are left out, and a file with more. */
export const readRowOptions = (values: {
  'train-rows'?: string;
  'test-rows'?: string;
  'drop-twins'?: boolean;
  'add-rows'?: string;
  mend?: string[];
}) => ({
  mends: readMends(values.mend),
  trainRows: wholeNumber(values['train-rows'], 'train-rows'),
  testRows: wholeNumber(values['test-rows'], 'test-rows'),
  dropTwins: values['drop-twins'] ?? false,
  addRows: values['add-rows'] === undefined ? null : resolve(values['add-rows']),
});

/** The settings of a preset with what the options of `trainingOptions` say of a run. */
export const readTrainingSettings = (
  values: { placement?: string; tokens?: string; steps?: string; seed?: string },
  base: TrainingSettings = STANDARD,
): TrainingSettings => ({
  ...base,
  placement: oneOf(values.placement, 'placement', PLACEMENTS) ?? 'suffix',
  virtualTokens: wholeNumber(values.tokens, 'tokens') ?? base.virtualTokens,
  steps: wholeNumber(values.steps, 'steps') ?? base.steps,
  seed: wholeNumber(values.seed, 'seed', 0) ?? 0,
});

/** A shell gives `\n` as two characters; a prompt means a line break. */
export const unescaped = (prompt: string): string => prompt.replaceAll('\\n', '\n');

/** The answer words of `--words`, one for each label, as they continue the template. @throws UsageError */
export function givenWords(
  labels: readonly string[],
  template: string,
  given: ReadonlyMap<string, string>,
): LabelWord[] {
  const unknown = [...given.keys()].find((label) => !labels.includes(label));
  if (unknown !== undefined)
    throw new UsageError(`--words: no row has the label “${unknown}”; the labels are ${labels.join(', ')}.`);
  return labels.map((label) => {
    const word = given.get(label);
    if (word === undefined) throw new UsageError(`--words: the label “${label}” has no answer word.`);
    return { label, word: asContinuation(template, word) };
  });
}
