import type { Placement } from '../prompt/types';

export type Initialisation =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'answer-words' }
  | { readonly kind: 'vocabulary' }
  /** The vectors of an earlier run: of its best step, or where it stood last. */
  | { readonly kind: 'prompt'; readonly runId: string; readonly at: 'best' | 'last' };

/** Everything that decides a run, besides data and model. Defaults: `recipe.md`. */
export interface TrainingSettings {
  readonly placement: Placement;
  readonly virtualTokens: number;
  readonly initialisation: Initialisation;
  readonly steps: number;
  readonly batchSize: number;
  /** Peak learning rate; null = `defaultLearningRate` of the model. */
  readonly learningRate: number | null;
  readonly warmupSteps: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  /** Clip of the gradient's global norm. */
  readonly clipNorm: number;
  readonly seed: number;
  readonly validateEvery: number;
  /** Early stopping after so many validations in a row without gain, or clearly worse where the loss decides; null = never. */
  readonly patience: number | null;
  /** What decides, on validation rows, which step is kept. @see select */
  readonly metric: 'loss' | 'accuracy' | 'macro-f1';
  readonly checkpointEvery: number;
  /** A small network is trained along and folded into the vectors; left out = no. */
  readonly reparameterise?: boolean;
  /** Standard deviation of the noise on the vectors while training, as a share of the embedding's RMS; left out = none. */
  readonly noise?: number;
  /** Every label counts the same, however rare; left out = every row does. */
  readonly classWeights?: boolean;
  /** Only so many training rows, in their labels' shares; left out or null = all. */
  readonly trainRows?: number | null;
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
  validateEvery: 10,
  patience: 6,
  metric: 'loss',
  checkpointEvery: 25,
};

/** Peak learning rate as a multiple of the embedding's RMS, where the settings leave it open; see docs/method/training.md. */
const DEFAULT_RATE = 0.07;

/** Scaled to the model, because vectors of another magnitude need steps of another size. */
export const defaultLearningRate = (embeddingRms: number): number => DEFAULT_RATE * embeddingRms;

export type PresetName = 'quick' | 'standard' | 'thorough';

export const PRESETS: Readonly<Record<PresetName, TrainingSettings>> = {
  quick: { ...STANDARD, virtualTokens: 4, steps: 60 },
  standard: STANDARD,
  thorough: { ...STANDARD, steps: 300, batchSize: 16 },
};

/** How many seeds a preset runs: they scatter by several points, and their mean is steadier than each. */
export const PRESET_SEEDS: Readonly<Record<PresetName, number>> = { quick: 1, standard: 1, thorough: 3 };
