/** Options of the command line: a row each, which gives its parser, its type and its help. */
import { MEND_IDS } from '../dataset/mends';
import { QUOTES, type SplitBy } from '../dataset/types';
import { PLACEMENTS } from '../prompt/soft-prompt';
import { STANDARD, type TrainingSettings } from '../training/settings';
import { DEFAULT_MODEL, type ModelOptions, modelFor, type PromptWeights } from './node-host';

/** The command line is wrong: exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** As it was typed; true = a switch, undefined = it was left out. */
export type Typed = string | readonly string[] | true | undefined;

export interface Option<T = unknown> {
  /** Stands for the value in help; null = a switch. */
  readonly takes: string | null;
  readonly help: string;
  /** Several values follow one another (list), or the option is given again for each. */
  readonly many?: 'list' | 'again';
  /** @param flag such as --train-rows @throws UsageError */
  readonly read: (typed: Typed, flag: string) => T;
}

export type Options = Readonly<Record<string, Option>>;

export type Values<O extends Options> = { readonly [K in keyof O]: O[K] extends Option<infer T> ? T : never };

type Read<T> = (text: string, flag: string) => T;

/** Null where it is left out. */
const single = <T>(takes: string, help: string, read: Read<T>): Option<T | null> => ({
  takes,
  help,
  read: (typed, flag) => (typeof typed === 'string' ? read(typed, flag) : null),
});

const number =
  (takes: string, isSound: (value: number) => boolean, of: (text: string) => number = Number): Read<number> =>
  (text, flag) => {
    const value = text.trim() === '' ? Number.NaN : of(text);
    if (!isSound(value)) throw new UsageError(`${flag} takes ${takes}, not “${text}”.`);
    return value;
  };

const among =
  <const T extends string>(choices: readonly T[]): Read<T> =>
  (text, flag) => {
    const choice = choices.find((each) => each === text);
    if (choice === undefined) throw new UsageError(`${flag} is one of ${choices.join(', ')}, not “${text}”.`);
    return choice;
  };

export const text = (takes: string, help: string) => single(takes, help, (given) => given);

export const flag = (help: string): Option<boolean> => ({ takes: null, help, read: (typed) => typed === true });

export const oneOf = <const T extends string>(choices: readonly T[], help: string) =>
  single('NAME', `${help}: ${choices.join(', ')}`, among(choices));

const numeric = (takes: string, wanted: string, isSound: (value: number) => boolean) => (help: string) =>
  single(takes, help, number(wanted, isSound));

export const whole = (help: string, least = 1) =>
  numeric('N', `a whole number of at least ${least}`, (n) => Number.isSafeInteger(n) && n >= least)(help);

/** Of money or minutes: 0 is one. */
export const amount = numeric('N', 'a number from 0', (n) => n >= 0 && n < Number.POSITIVE_INFINITY);

export const positive = numeric('N', 'a positive number', (n) => n > 0);

export const probability = numeric('P', 'a probability from 0 to 1, such as 0.8', (n) => n >= 0 && n <= 1);

/** "85" or "85%" of a hundred, as a share. 0.85 is refused where it is an accuracy, because it would let anything pass. */
export const share = (unit: 'per cent' | 'points', help: string) => {
  const isSound = (n: number) => n <= 100 && !(unit === 'per cent' && n > 0 && n < 1);
  const of = (given: string) => (/^\d+(?:\.\d+)?%?$/.test(given.trim()) ? Number.parseFloat(given) : Number.NaN);
  const hundredths = number(`${unit} from 0 to 100, such as ${unit === 'points' ? 2 : 85}`, isSound, of);
  return single(unit === 'points' ? 'POINTS' : 'PER_CENT', help, (given, flag) => hundredths(given, flag) / 100);
};

export const list = (takes: string, help: string): Option<readonly string[]> => ({
  takes,
  help,
  many: 'list',
  read: (typed) => (Array.isArray(typed) ? typed : []),
});

export const needed = <T>(option: Option<T>): Option<NonNullable<T>> => ({
  ...option,
  help: `${option.help} (required)`,
  read: (typed, flag) => {
    if (typed === undefined || typed === '' || (Array.isArray(typed) && !typed[0]))
      throw new UsageError(`${flag} is missing.`);
    return option.read(typed, flag) as NonNullable<T>;
  },
});

export const orElse = <T, V extends NonNullable<T>>(
  option: Option<T>,
  value: V,
  said = String(value),
): Option<NonNullable<T> | V> => ({
  ...option,
  help: `${option.help} (default: ${said})`,
  read: (typed, flag) => (typed === undefined ? value : (option.read(typed, flag) as NonNullable<T>)),
});

// Options that several commands have.

export const COMPUTE = {
  backend: orElse(oneOf(['node-wasm', 'node-native'], 'what computes'), 'node-wasm'),
  threads: whole('threads that compute'),
  weights: orElse(oneOf(['fast', 'small'], 'how weights are held in memory'), 'fast'),
};

export const MODEL = {
  model: orElse(text('DIR', 'folder of the model, or its id on the hub'), DEFAULT_MODEL, 'the built-in model'),
  ...COMPUTE,
};

export const PROMPT_MODEL = {
  model: text('DIR', 'folder of the model (default: the one that the prompt was made with)'),
  ...COMPUTE,
  models: list('DIR', 'folders in which the model of the prompt is looked for, before the catalogue'),
};

/** The model that a prompt was made with, as `modelFor` finds it. */
export const modelOf = async (
  given: Values<typeof PROMPT_MODEL>,
  weights: readonly PromptWeights[],
  preferred?: PromptWeights | null,
): Promise<ModelOptions> => ({
  ...given,
  model: await modelFor(weights, { named: given.model, others: given.models }, preferred),
});

const MENDS = MEND_IDS.filter((id) => id !== 'label-column');

export const FIX = {
  mend: {
    takes: 'NAME',
    help: `mend the rows of every file, several times in this order: ${MENDS.join(', ')}`,
    many: 'again' as const,
    read: (typed: Typed, flag: string): readonly (typeof MENDS)[number][] =>
      Array.isArray(typed) ? typed.map((id: string) => among(MENDS)(id, flag)) : [],
  },
  quote: oneOf(QUOTES, 'what is around the cells of every CSV (default: as it looks)'),
};

export const COLUMNS = {
  text: needed(text('COL', 'column of the texts')),
  label: needed(text('COL', 'column of the labels')),
};

export const SEVERAL = {
  several: flag('give every label that fits: the cells of --label name several, such as billing; urgent'),
};

/** Left out: the columns that the prompt was made with. */
export const PROMPT_COLUMNS = {
  text: text('COL', 'column of the texts (default: the one that the prompt was made with)'),
  label: text('COL', 'column of the labels (default: likewise)'),
};

export function columnsOf(given: Values<typeof PROMPT_COLUMNS>, made: Values<typeof COLUMNS> | undefined) {
  const columns = { text: given.text ?? made?.text, label: given.label ?? made?.label };
  const { text, label } = columns;
  if (text === undefined || label === undefined)
    throw new UsageError(`--${text === undefined ? 'text' : 'label'} is missing: the prompt does not say its columns.`);
  return { text, label };
}

export const ROWS = {
  test: text('FILE.csv', 'test rows (default: a share of the data)'),
  group: text('COL', 'rows with the same cell, such as a customer, stay in one part'),
  part: text('COL', 'a column that names the part: train, validation, test'),
  trainRows: whole('training rows, drawn by the seed; min(100, N/2) others are for validation'),
  testRows: whole('test rows, drawn by the seed'),
  dropTwins: flag('leave out training rows that repeat a test row, or almost'),
  addRows: text('FILE.csv', 'more training rows, with the same columns'),
  seed: orElse(whole('what is random', 0), 0),
  ...FIX,
};

/** @throws UsageError where the columns would split the rows twice */
export function splitOf(given: Values<Pick<typeof ROWS, 'group' | 'part' | 'test'>>): SplitBy | undefined {
  const { group, part, test } = given;
  if (group !== null && part !== null)
    throw new UsageError('--group and --part split the rows in two ways. Name one of them.');
  if (part !== null && test !== null)
    throw new UsageError('--part names the test rows of one file, and --test those of another. Name one of them.');
  if (group !== null) return { kind: 'group', column: group };
  return part === null ? undefined : { kind: 'column', column: part };
}

/** A shell gives `\n` as two characters; a prompt means a line break. */
const unescaped = (prompt: string): string => prompt.replaceAll('\\n', '\n');

export const PROMPT = {
  prompt: single('TEXT', 'your hand-written prompt, such as "{text}\\nTone:" (default: a simple one)', unescaped),
};

export const WORDS = {
  words: single('a=x,b=y', 'an answer word for each label (default: single tokens where possible)', readWords),
};

export const TRAINING = {
  placement: oneOf(
    PLACEMENTS,
    'vectors after the text, between it and its last line, keys and values there, or before it (PEFT, slower)',
  ),
  tokens: whole(`virtual tokens (default: ${STANDARD.virtualTokens})`),
  steps: whole(`training steps (default: ${STANDARD.steps})`),
  out: needed(text('DIR', 'folder for the results and the prompt')),
};

export const settingsOf = (
  given: Values<Pick<typeof TRAINING & typeof ROWS, 'placement' | 'tokens' | 'steps' | 'seed'>>,
  base: TrainingSettings = STANDARD,
): TrainingSettings => ({
  ...base,
  placement: given.placement ?? 'suffix',
  virtualTokens: given.tokens ?? base.virtualTokens,
  steps: given.steps ?? base.steps,
  seed: given.seed,
});

/** `a=x,b=y`. A comma belongs to a word where no `=` follows it. */
function readWords(given: string): ReadonlyMap<string, string> {
  const words = new Map<string, string>();
  for (const pair of given.split(/,(?=[^,]*=)/)) {
    const at = pair.lastIndexOf('=');
    const [label, word] = [pair.slice(0, at).trim(), pair.slice(at + 1).trim()];
    if (at < 0 || label === '' || word === '') throw new UsageError(`--words takes label=word pairs, not “${pair}”.`);
    words.set(label, word);
  }
  return words;
}
