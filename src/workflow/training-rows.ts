/** Which rows train and validate, and under which name the engine remembers their texts. */
import { taskKindOf } from '../dataset/kind';
import type { Dataset } from '../dataset/types';
import { drawn } from '../lib/rng';

/** Validation scores at most this many rows. */
const MOST_VALIDATION_ROWS = 100;
/** Rows that gradients see: a run of the standard preset goes through about 1,200. More would only be read and fill memory. */
export const MOST_TRAINING_ROWS = 4000;

export const validationIds = (dataset: Pick<Dataset, 'split'>): readonly string[] =>
  dataset.split.validation.slice(0, MOST_VALIDATION_ROWS);

/** The rows that a run trains on: all, or the useful number of them, drawn by the seed of the split and in their order. */
export const trainingIds = ({ split: { train }, seed }: Pick<Dataset, 'split' | 'seed'>): readonly string[] =>
  drawn(train, MOST_TRAINING_ROWS, seed);

/** Texts under one template share one cache of keys and values, whatever vectors follow them. */
export const cacheKeyOf = (datasetFingerprint: string, template: string): string => `${datasetFingerprint} ${template}`;

/** Generating takes a pass of the model for every token: this many rows show what a prompt does. */
const GENERATED_ROWS = 20;

/** The validation rows that a try asks. */
export const triedIds = (dataset: Pick<Dataset, 'split' | 'mapping'>): readonly string[] =>
  taskKindOf(dataset.mapping) === 'generate'
    ? dataset.split.validation.slice(0, GENERATED_ROWS)
    : validationIds(dataset);
