/** Arguments of a command: parsed strictly, checked, and refused with a sentence. */
import { resolve } from 'node:path';
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { MEND_IDS } from '../dataset/mends';
import type { MendId, SplitBy } from '../dataset/types';
import { counted } from '../lib/format';
import { PLACEMENTS } from '../prompt/soft-prompt';
import { asContinuation } from '../task/template';
import type { AnswerWord } from '../task/types';
import { STANDARD, type TrainingSettings } from '../training/settings';
import type { PartSizes } from '../workflow/open-data';
import { DEFAULT_MODEL, type ModelOptions, modelFor, type PromptWeights } from './node-host';

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

/** Says what each option takes where it is given something else. Null = it was left out. @throws UsageError */
interface Readers<Name extends string> {
  /** The arguments that are no options: one for each of these names. */
  exactly<const N extends readonly string[]>(names: N): { readonly [K in keyof N]: string };
  /** @param otherwise where it is left out */
  required(name: Name, otherwise?: string): string;
  /** Absolute. */
  path(name: Name): string | null;
  /** All values of an option that may be given several times, and must be once. */
  list(name: Name): readonly string[];
  oneOf<const T extends string>(name: Name, choices: readonly T[]): T | null;
  wholeNumber(name: Name, least?: number): number | null;
  positive(name: Name): number | null;
  /** Of money or minutes: 0 is one. */
  amount(name: Name): number | null;
  probability(name: Name): number | null;
  /** "85" or "85%" of a hundred, as a share. 0.85 is refused where it is an accuracy, because it would let anything pass. */
  share(name: Name, unit: 'per cent' | 'points'): number | null;
}

type Columns = Readonly<Record<'text' | 'label', string>>;

/** Options that several commands have, read together. @throws UsageError */
interface Shared {
  /** Which columns have the text and the label. @param made those that a prompt was made with: where none are named */
  columns(made?: Columns): Columns;
  /** Of `modelOptions`. */
  model(): ModelOptions;
  /** Of `promptModelOptions`: the model that a prompt was made with, as `modelFor` finds it. */
  modelFor(needed: readonly PromptWeights[], preferred?: PromptWeights | null): Promise<ModelOptions>;
  /** The hand-written prompt of `--prompt`. */
  prompt(): string | null;
  /** Answer words by label, of `--words`. */
  words(): ReadonlyMap<string, string> | null;
  /** Of `mendOptions`. */
  mends(): readonly MendId[];
  /** How the rows are split, how many of each part are used, whether those that repeat a test row are left out, and a file with more. */
  rows(): PartSizes & {
    readonly splitBy: SplitBy | undefined;
    readonly mends: readonly MendId[];
    readonly dropTwins: boolean;
    readonly addRows: string | null;
  };
  /** The settings of a preset with what the options of `trainingOptions` say of a run. */
  settings(base?: TrainingSettings): TrainingSettings;
}

/** Parses arguments strictly: an unknown or incomplete option is a usage error. */
export function readArguments<const T extends Options>(args: readonly string[], options: T) {
  const { values, positionals } = parsed(args, options);
  const readers = readersOf(values, positionals);
  const ofNames: Readers<keyof T & string> = readers;
  return { ...ofNames, ...sharedOf(values, readers), values, positionals };
}

function parsed<const T extends Options>(args: readonly string[], options: T) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message : String(cause));
  }
}

function readersOf(values: Readonly<Record<string, unknown>>, positionals: readonly string[]): Readers<string> {
  const given = (name: string): string | null => (typeof values[name] === 'string' ? values[name] : null);
  const listed = (name: string) => (values[name] ?? []) as readonly string[];
  const refused = (name: string, takes: string) => new UsageError(`--${name} ${takes}, not “${given(name)}”.`);
  const number = (name: string, takes: string, isSound: (value: number) => boolean, of: (text: string) => number) => {
    const text = given(name);
    if (text === null) return null;
    const value = text.trim() === '' ? Number.NaN : of(text);
    if (!isSound(value)) throw refused(name, `takes ${takes}`);
    return value;
  };
  return {
    exactly: (names) => {
      if (positionals.length !== names.length)
        throw new UsageError(`Expected ${names.join(' ')}, got ${counted(positionals.length, 'argument')}.`);
      return positionals as never;
    },
    required: (name, otherwise) => {
      const value = given(name) ?? otherwise;
      if (!value) throw new UsageError(`--${name} is missing.`);
      return value;
    },
    path: (name) => {
      const value = given(name);
      return value === null ? null : resolve(value);
    },
    list: (name) => {
      if (!listed(name)[0]) throw new UsageError(`--${name} is missing.`);
      return listed(name);
    },
    oneOf: (name, choices) => {
      const value = given(name);
      const choice = choices.find((each) => each === value);
      if (value !== null && choice === undefined) throw refused(name, `is one of ${choices.join(', ')}`);
      return choice ?? null;
    },
    wholeNumber: (name, least = 1) =>
      number(name, `a whole number of at least ${least}`, (n) => Number.isSafeInteger(n) && n >= least, Number),
    positive: (name) => number(name, 'a positive number', (n) => n > 0, Number),
    amount: (name) => number(name, 'a number from 0', (n) => n >= 0 && n < Number.POSITIVE_INFINITY, Number),
    probability: (name) => number(name, 'a probability from 0 to 1, such as 0.8', (n) => n >= 0 && n <= 1, Number),
    share: (name, unit) => {
      const takes = `${unit} from 0 to 100, such as ${unit === 'points' ? 2 : 85}`;
      const isSound = (n: number) => n <= 100 && !(unit === 'per cent' && n > 0 && n < 1);
      const hundredths = number(name, takes, isSound, (text) =>
        /^\d+(?:\.\d+)?%?$/.test(text.trim()) ? Number.parseFloat(text) : Number.NaN,
      );
      return hundredths === null ? null : hundredths / 100;
    },
  };
}

function sharedOf(values: Readonly<Record<string, unknown>>, readers: Readers<string>): Shared {
  const shared: Shared = {
    columns: (made) => ({
      text: readers.required('text', made?.text),
      label: readers.required('label', made?.label),
    }),
    model: () => ({
      model: readers.path('model') ?? DEFAULT_MODEL,
      backend: readers.oneOf('backend', BACKENDS) ?? 'node-wasm',
      threads: readers.wholeNumber('threads'),
      weights: readers.oneOf('weights', WEIGHTS) ?? 'fast',
    }),
    modelFor: async (needed, preferred) => {
      const others = ((values.models ?? []) as readonly string[]).map((folder) => resolve(folder));
      const model = await modelFor(needed, { named: readers.path('model'), others }, preferred);
      return { ...shared.model(), model };
    },
    prompt: () => (typeof values.prompt === 'string' ? unescaped(values.prompt) : null),
    words: () => (typeof values.words === 'string' ? readWords(values.words) : null),
    mends: () =>
      ((values.mend ?? []) as readonly string[]).map((id) => {
        const mend = MENDS.find((each) => each === id);
        if (!mend) throw new UsageError(`--mend is one of ${MENDS.join(', ')}, not “${id}”.`);
        return mend;
      }),
    rows: () => ({
      splitBy: splitOf(values),
      mends: shared.mends(),
      trainRows: readers.wholeNumber('train-rows'),
      testRows: readers.wholeNumber('test-rows'),
      dropTwins: values['drop-twins'] === true,
      addRows: readers.path('add-rows'),
    }),
    settings: (base = STANDARD) => ({
      ...base,
      placement: readers.oneOf('placement', PLACEMENTS) ?? 'suffix',
      virtualTokens: readers.wholeNumber('tokens') ?? base.virtualTokens,
      steps: readers.wholeNumber('steps') ?? base.steps,
      seed: readers.wholeNumber('seed', 0) ?? 0,
    }),
  };
  return shared;
}

/** @throws UsageError where the columns would split the rows twice */
function splitOf({ group, part, test }: Readonly<Record<string, unknown>>): SplitBy | undefined {
  if (typeof group === 'string' && part !== undefined)
    throw new UsageError('--group and --part split the rows in two ways. Name one of them.');
  if (typeof part === 'string' && test !== undefined)
    throw new UsageError('--part names the test rows of one file, and --test those of another. Name one of them.');
  if (typeof group === 'string') return { kind: 'group', column: group };
  return typeof part === 'string' ? { kind: 'column', column: part } : undefined;
}

/** How the rows of a file are split. */
export const splitOptions = valued('group', 'part', 'train-rows', 'test-rows');

/** How that is named in a command's usage. */
export const SPLIT_USAGE = `[--group COL | --part COL]   rows with the same cell, such as a customer, stay in one part; or the cells name the part: train,
                              validation, test. Left out: by the seed
  [--train-rows N] [--test-rows N]  fewer rows, drawn by the seed; min(100, N/2) others are for validation`;

export const modelOptions = valued('model', 'backend', 'threads', 'weights');

/** How the options above are named in a command's usage. */
export const MODEL_USAGE = '[--model DIR] [--backend node-wasm|node-native] [--threads N] [--weights fast|small]';

/** Of a command that loads the model of a prompt. */
export const promptModelOptions = { ...modelOptions, models: { type: 'string', multiple: true } } as const;

/** How that is named in a command's usage. */
export const PROMPT_MODEL_USAGE = `[--models DIR...] ${MODEL_USAGE}
  the model that the prompt was made with is loaded: of the catalogue, or a folder of --models; --model says which one`;

const BACKENDS = ['node-wasm', 'node-native'] as const;
const WEIGHTS = ['fast', 'small'] as const;

/** What is mended in the rows of every file. */
export const mendOptions = { mend: { type: 'string', multiple: true } } as const;

/** Of a command that asks a model about the rows of a file. */
export const askingOptions = { ...modelOptions, ...mendOptions } as const;

const MENDS = MEND_IDS.filter((id) => id !== 'label-column');

/** How that is named in a command's usage. */
export const MEND_USAGE = `[--mend ${MENDS.join('|')}] (several times: in this order)`;

export const trainingOptions = {
  ...askingOptions,
  ...splitOptions,
  ...valued('text', 'prompt', 'placement', 'tokens', 'steps', 'seed', 'add-rows', 'out'),
  ...flags('drop-twins'),
} as const;

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

/** The answer words of `--words`, one for each label, as they continue the template. @throws UsageError */
export function givenWords(
  labels: readonly string[],
  template: string,
  given: ReadonlyMap<string, string>,
): AnswerWord[] {
  const unknown = [...given.keys()].find((label) => !labels.includes(label));
  if (unknown !== undefined)
    throw new UsageError(`--words: no row has the label “${unknown}”; the labels are ${labels.join(', ')}.`);
  return labels.map((label) => {
    const word = given.get(label);
    if (word === undefined) throw new UsageError(`--words: the label “${label}” has no answer word.`);
    return { label, word: asContinuation(template, word) };
  });
}
