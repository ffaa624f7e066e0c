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

export const NUMBER_SETTINGS: readonly NumberSetting[] = [
  {
    key: 'virtualTokens',
    label: 'Vectors',
    hint: 'How many virtual tokens are learned; 8 to 20 are enough.',
    min: 1,
    max: 100,
    whole: true,
  },
  { key: 'steps', label: 'Steps', hint: 'Gains level off at about 150.', min: 1, max: 5000, whole: true },
  { key: 'batchSize', label: 'Rows per step', hint: 'More is steadier and slower.', min: 1, max: 64, whole: true },
  {
    key: 'learningRate',
    label: 'Learning rate',
    hint: `Its peak. Automatic is a share of the size of the vocabulary’s vectors: ${DEFAULT_RATE}.`,
    min: 1e-6,
    max: 1,
    empty: 'automatic',
  },
  {
    key: 'warmupSteps',
    label: 'Warm-up steps',
    hint: 'The rate rises over these, then falls along a cosine.',
    min: 0,
    max: 1000,
    whole: true,
  },
  {
    key: 'clipNorm',
    label: 'Clip gradients at',
    hint: 'Limits the influence of one row.',
    min: 0.01,
    max: 100,
  },
  {
    key: 'seed',
    label: 'Seed',
    hint: 'The same seed on the same backend gives the same numbers.',
    min: 0,
    max: 2 ** 31 - 1,
    whole: true,
  },
  {
    key: 'validateEvery',
    label: 'Validate every',
    hint: 'Steps between two validations.',
    min: 1,
    max: 1000,
    whole: true,
  },
  {
    key: 'patience',
    label: 'Patience',
    hint: 'Stops after this many validations without improvement.',
    min: 1,
    max: 1000,
    whole: true,
    empty: 'never stop early',
  },
  {
    key: 'trainRows',
    label: 'Training rows',
    hint: 'Uses at most this many, with the labels in proportion.',
    min: 2,
    max: 1e6,
    whole: true,
    empty: 'all',
  },
];

/** What else is asked of the next runs, in the same form: how many there are, and the examples in the text around the vectors. */
export const RUN_NUMBERS = [
  {
    key: 'seeds',
    label: 'Runs with other seeds',
    hint: 'Results vary by a few points between seeds. With several, Compare also shows their mean.',
    min: 1,
    max: 20,
    whole: true,
  },
  {
    key: 'examples',
    label: 'Examples in the text',
    hint: 'Training rows that every row is shown after. They are not trained on, every row takes more tokens, and they leave with the prompt.',
    min: 0,
    max: 32,
    whole: true,
  },
] as const;

export const settingOf = (settings: TrainingSettings, key: NumberKey): number | null => settings[key] ?? null;

const MOST_STEPS = NUMBER_SETTINGS.find(({ key }) => key === 'steps')?.max ?? Number.POSITIVE_INFINITY;

/** After a run that could have gone further. */
export const longerSteps = ({ steps }: Pick<TrainingSettings, 'steps'>): number => Math.min(MOST_STEPS, 2 * steps);
