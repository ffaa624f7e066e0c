/** Which rows train and validate, and under which name the engine remembers their texts. */
import { drawnRows } from '../dataset/draw';
import { type ByTask, taskKindOf } from '../dataset/kind';
import type { Dataset } from '../dataset/types';

/** Validation scores at most this many rows. */
export const MOST_VALIDATION_ROWS = 100;
/** Rows that gradients see: a run of the standard preset goes through about 1,200. More would only be read and fill memory. */
export const MOST_TRAINING_ROWS = 4000;

/** The validation rows that choose the step to keep, end a run early, and are asked of a prompt without vectors. */
export const validationIds = (dataset: Dataset): readonly string[] =>
  drawnRows(dataset, dataset.split.validation, MOST_VALIDATION_ROWS);

/** How many they are, without drawing them. */
export const validationCount = ({ split }: Pick<Dataset, 'split'>): number =>
  Math.min(MOST_VALIDATION_ROWS, split.validation.length);

/** The rows that a run trains on: all, or the useful number of them. */
export const trainingIds = (dataset: Dataset): readonly string[] =>
  drawnRows(dataset, dataset.split.train, MOST_TRAINING_ROWS);

export const trainingCount = ({ split }: Pick<Dataset, 'split'>): number =>
  Math.min(MOST_TRAINING_ROWS, split.train.length);

/** Texts under one template share one cache of keys and values, whatever vectors follow them. */
export const cacheKeyOf = (datasetFingerprint: string, template: string): string => `${datasetFingerprint} ${template}`;

/** Generating takes a pass of the model for every token: this many rows show what a prompt does. */
const GENERATED_ROWS = 20;

const TRIED_ROWS: ByTask<number> = { classify: MOST_VALIDATION_ROWS, generate: GENERATED_ROWS };

/** The validation rows that a try asks. */
export const triedIds = (dataset: Dataset): readonly string[] =>
  drawnRows(dataset, dataset.split.validation, TRIED_ROWS[taskKindOf(dataset.mapping)]);

export const triedCount = ({ split, mapping }: Pick<Dataset, 'split' | 'mapping'>): number =>
  Math.min(TRIED_ROWS[taskKindOf(mapping)], split.validation.length);
