import { type Placement, splitsCueAt } from '../prompt/soft-prompt';

export type Initialisation =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'answer-words' }
  | { readonly kind: 'vocabulary' }
  /** Keys and values of prompts for other tasks, which come with the model (SPoT, Vu et al. 2022). @see tools/starts */
  | { readonly kind: 'transfer' }
  /** Of an earlier run. */
  | { readonly kind: 'prompt'; readonly runId: string; readonly at: 'best' | 'last' };

/** As a share of the token embedding's RMS. Measured: docs/method/training.md. */
export const DEFAULT_RATE = 0.07;

/** Of keys and values, as a share of the RMS that those of each layer start with. Measured: docs/method/training.md. */
const KEYS_RATE = 0.015;

export const ANSWER_VECTORS = ['fixed', 'trained'] as const;

/** Of the answer words' output vectors, as a share of the vectors'. @see docs/method/training.md */
const ANSWER_RATE = 0.1;

/** The defaults are explained in docs/method/training.md. */
export interface TrainingSettings {
  readonly placement: Placement;
  readonly virtualTokens: number;
  readonly initialisation: Initialisation;
  readonly steps: number;
  readonly batchSize: number;
  /** Peak; of keys and values as a share of their RMS. Null = `DEFAULT_RATE`, `KEYS_RATE`. */
  readonly learningRate: number | null;
  readonly warmupSteps: number;
  /** Of AdamW. */
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  /** Of the gradient's global norm. */
  readonly clipNorm: number;
  readonly seed: number;
  readonly validateEvery: number;
  /** Validations in a row without gain, or clearly worse where the loss decides, that end a run; null = never. */
  readonly patience: number | null;
  /** Of validation rows: decides which step is kept. @see select */
  readonly metric: 'loss' | 'accuracy' | 'macro-f1';
  readonly checkpointEvery: number;
  /** Every label counts the same, however rare. */
  readonly classWeights?: boolean;
  /** `trained`: a soft verbalizer (WARP, Hambardzumyan et al. 2021), which needs words of one token. Undefined: fixed. */
  readonly answerVectors?: (typeof ANSWER_VECTORS)[number];
  /** At most so many, keeping the shares of the labels. */
  readonly trainRows?: number | null;
  /** The first steps see so many of the training rows, with the labels in proportion. */
  readonly core?: { readonly rows: number; readonly steps: number };
  /** What is kept is the mean over about so many of the last steps, of those that see all rows. @see averaged in loop.ts */
  readonly averagedSteps?: number;
  /** Where the vectors go, and what they start from, is what the model takes. @see decided in workflow/auto.ts */
  readonly auto?: true;
}

/** @param embeddingRms root mean square of the token embedding */
export function peakLearningRates(
  { placement, learningRate }: Pick<TrainingSettings, 'placement' | 'learningRate'>,
  embeddingRms: number,
): { readonly vectors: number; readonly answers: number } {
  const isKeys = placement === 'kv';
  const standard = DEFAULT_RATE * embeddingRms;
  return {
    vectors: learningRate ?? (isKeys ? KEYS_RATE : standard),
    answers: ANSWER_RATE * (isKeys ? standard : (learningRate ?? standard)),
  };
}

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
  splitsCueAt(placement) ? '\n' : instruction;

export interface Preset {
  readonly label: string;
  readonly settings: TrainingSettings;
  /** Results vary by a few points between seeds, and their mean is steadier than each. */
  readonly seeds: number;
}

export type PresetName = 'quick' | 'standard' | 'auto' | 'thorough';

/** Read first, so that training begins on them. */
export const CORE = { rows: 64, steps: 15 };

/** From here on an accuracy is known to about ±12 points. */
export const ENOUGH_VALIDATION_ROWS = 60;

export const PRESETS: Readonly<Record<PresetName, Preset>> = {
  quick: { label: 'Quick', settings: { ...STANDARD, virtualTokens: 4, steps: 60, validateEvery: 20 }, seeds: 1 },
  standard: { label: 'Standard', settings: STANDARD, seeds: 1 },
  auto: {
    label: 'Auto',
    settings: { ...STANDARD, steps: 120, core: CORE, auto: true, averagedSteps: 10 },
    seeds: 1,
  },
  thorough: { label: 'Thorough', settings: { ...STANDARD, steps: 300, batchSize: 16 }, seeds: 3 },
};

/** Where nobody chooses and rows have labels. */
export const DEFAULT_PRESET: PresetName = 'auto';

export const PRESET_NAMES = Object.keys(PRESETS) as readonly PresetName[];
