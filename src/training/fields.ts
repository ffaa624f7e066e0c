/** The number fields under "All settings": names, limits, and what they do. */

import type { NumberRange } from '../lib/read-number';
import { DEFAULT_RATE, type TrainingSettings } from './settings';

type NumberKey = {
  [K in keyof TrainingSettings]-?: Exclude<TrainingSettings[K], undefined> extends number | null ? K : never;
}[keyof TrainingSettings];

export interface NumberSetting extends NumberRange {
  readonly key: NumberKey;
  readonly label: string;
  readonly hint: string;
}

type Limits = readonly [min: number, max: number, empty?: string];

const number = <Key extends string>(
  key: Key,
  label: string,
  hint: string,
  [min, max, empty]: Limits,
  whole = false,
) => ({
  key,
  label,
  hint,
  min,
  max,
  whole,
  ...(empty === undefined ? {} : { empty }),
});
const whole = <Key extends string>(key: Key, label: string, hint: string, limits: Limits) =>
  number(key, label, hint, limits, true);

const RATE_HINT = `Its peak. Automatic is a share of the size of the vocabulary’s vectors: ${DEFAULT_RATE}.`;

export const NUMBER_SETTINGS: readonly NumberSetting[] = [
  whole('virtualTokens', 'Vectors', 'How many virtual tokens are learned; 8 to 20 are enough.', [1, 100]),
  whole('steps', 'Steps', 'Gains level off at about 150.', [1, 5000]),
  whole('batchSize', 'Rows per step', 'More is steadier and slower.', [1, 64]),
  number('learningRate', 'Learning rate', RATE_HINT, [1e-6, 1, 'automatic']),
  whole('warmupSteps', 'Warm-up steps', 'The rate rises over these, then falls along a cosine.', [0, 1000]),
  number('clipNorm', 'Clip gradients at', 'Limits the influence of one row.', [0.01, 100]),
  whole('seed', 'Seed', 'The same seed on the same backend gives the same numbers.', [0, 2 ** 31 - 1]),
  whole('validateEvery', 'Validate every', 'Steps between two validations.', [1, 1000]),
  whole('patience', 'Patience', 'Stops after this many validations without improvement.', [
    1,
    1000,
    'never stop early',
  ]),
  whole('trainRows', 'Training rows', 'Uses at most this many, with the labels in proportion.', [2, 1e6, 'all']),
];

/** What else is asked of the next runs, in the same form: how many there are, and the examples in the text around the vectors. */
export const RUN_NUMBERS = [
  whole(
    'seeds',
    'Runs with other seeds',
    'Results vary by a few points between seeds. With several, Compare also shows their mean.',
    [1, 20],
  ),
  whole(
    'examples',
    'Examples in the text',
    'Training rows that every row is shown after. They are not trained on, every row takes more tokens, and they leave with the prompt.',
    [0, 32],
  ),
] as const;

export const settingOf = (settings: TrainingSettings, key: NumberKey): number | null => settings[key] ?? null;

const MOST_STEPS = NUMBER_SETTINGS.find(({ key }) => key === 'steps')?.max ?? Number.POSITIVE_INFINITY;

/** After a run that could have gone further. */
export const longerSteps = ({ steps }: Pick<TrainingSettings, 'steps'>): number => Math.min(MOST_STEPS, 2 * steps);
