import type { Placement } from '../prompt/soft-prompt';

export type Initialisation =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'answer-words' }
  | { readonly kind: 'vocabulary' }
  /** The vectors of an earlier run: of its best step, or of its last. */
  | { readonly kind: 'prompt'; readonly runId: string; readonly at: 'best' | 'last' };

/** Peak learning rate when none is set, as a share of the token embedding's RMS. Measured: docs/method/training.md. */
export const DEFAULT_RATE = 0.07;

export const ANSWER_VECTORS = ['fixed', 'trained'] as const;

/** Learning rate of the answer words' output vectors as a share of the vectors'. @see docs/method/training.md */
export const ANSWER_RATE = 0.1;

/** Everything that decides a run, besides data and model. The defaults are explained in docs/method/training.md. */
export interface TrainingSettings {
  readonly placement: Placement;
  readonly virtualTokens: number;
  readonly initialisation: Initialisation;
  readonly steps: number;
  readonly batchSize: number;
  /** Peak learning rate; null = `DEFAULT_RATE`. */
  readonly learningRate: number | null;
  readonly warmupSteps: number;
  /** The betas and epsilon of AdamW. */
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  /** Clip of the gradient's global norm. */
  readonly clipNorm: number;
  readonly seed: number;
  readonly validateEvery: number;
  /** Early stopping after this many validations in a row without gain, or clearly worse where the loss decides; null = never. */
  readonly patience: number | null;
  /** What decides, on validation rows, which step is kept. @see select */
  readonly metric: 'loss' | 'accuracy' | 'macro-f1';
  readonly checkpointEvery: number;
  /** Every label counts the same, however rare; left out = every row does. */
  readonly classWeights?: boolean;
  /**
   * Whether the answer words' output vectors are trained too, a soft verbalizer (WARP, Hambardzumyan et al. 2021): needs
   * words of one token. Left out = fixed.
   */
  readonly answerVectors?: (typeof ANSWER_VECTORS)[number];
  /** At most this many training rows, keeping the shares of the labels; left out or null = all. */
  readonly trainRows?: number | null;
  /** The first steps see this many of the training rows, with the labels in proportion; left out = all from the first on. */
  readonly core?: { readonly rows: number; readonly steps: number };
  /**
   * What is validated and kept is the mean over about this many of the last steps, of those that see all rows; left out =
   * the last step alone. @see averaged in loop.ts
   */
  readonly averagedSteps?: number;
  /** Several starts train those first steps, and the best one continues; left out = no. @see race in workflow/race.ts */
  readonly race?: true;
}

/** @param embeddingRms root mean square of the token embedding */
export const peakLearningRate = (
  { learningRate }: Pick<TrainingSettings, 'learningRate'>,
  embeddingRms: number,
): number => learningRate ?? DEFAULT_RATE * embeddingRms;

export const STANDARD: TrainingSettings = {
  placement: 'suffix',
  virtualTokens: 10,
  initialisation: { kind: 'text', text: '' },
  steps: 150,
  batchSize: 8,
  learningRate: null,
  warmupSteps: 10,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weightDecay: 0,
  clipNorm: 1,
  seed: 0,
  validateEvery: 25,
  patience: 3,
  metric: 'loss',
  checkpointEvery: 25,
};

/** Low-rank adapters: docs/decisions/070-adapters.md. */
export const ADAPTERS: TrainingSettings = { ...STANDARD, learningRate: 3e-3 };

/** A prompt before the cue starts from line breaks, which end higher than an instruction's words: docs/method/training.md. */
export const startText = ({ placement }: Pick<TrainingSettings, 'placement'>, instruction: string): string =>
  placement === 'infix' ? '\n' : instruction;

/** A named choice of settings. */
export interface Preset {
  readonly label: string;
  readonly settings: TrainingSettings;
  /** How many seeds it runs: results vary by a few points between seeds, and their mean is steadier than each. */
  readonly seeds: number;
}

export type PresetName = 'quick' | 'standard' | 'auto' | 'thorough';

/** Steps of a race after which the better half of the starts continues; after the last of them, the best one. */
export const RACE_STEPS = [8, 15] as const;

/** Rows that those steps see. */
export const CORE_ROWS = 64;

/** From this many validation rows on an accuracy is known to about ±12 points. */
export const ENOUGH_VALIDATION_ROWS = 60;

export const PRESETS: Readonly<Record<PresetName, Preset>> = {
  quick: { label: 'Quick', settings: { ...STANDARD, virtualTokens: 4, steps: 60, validateEvery: 20 }, seeds: 1 },
  standard: { label: 'Standard', settings: STANDARD, seeds: 1 },
  auto: {
    label: 'Auto',
    settings: { ...STANDARD, core: { rows: CORE_ROWS, steps: RACE_STEPS[1] }, race: true, averagedSteps: 10 },
    seeds: 1,
  },
  thorough: { label: 'Thorough', settings: { ...STANDARD, steps: 300, batchSize: 16 }, seeds: 3 },
};

/** What trains where nobody chooses and rows have labels. */
export const DEFAULT_PRESET: PresetName = 'auto';

export const PRESET_NAMES = Object.keys(PRESETS) as readonly PresetName[];
