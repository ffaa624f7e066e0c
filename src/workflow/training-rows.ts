/** Which rows train and validate, and under which name the engine remembers their texts. */
import { drawnRows } from '../dataset/draw';
import { goldOf, labelCounts, writes } from '../dataset/labels';
import type { Dataset } from '../dataset/types';
import type { ScoreResult } from '../engine/types';
import { count } from '../lib/format';
import { accuracy, argmax, confusionMatrix, macroF1 } from '../metrics/classification';
import type { Version } from '../prompt-set/types';
import { cueOf } from '../task/template';

/** Validation scores at most this many rows: more cost time and kept the same steps. */
export const MOST_VALIDATION_ROWS = 64;
/** Rows that gradients see: a run of the standard preset goes through about 1,200. More would only be read and fill memory. */
export const MOST_TRAINING_ROWS = 4000;

/** The validation rows that choose the step to keep, end a run early, and are asked of a prompt without vectors. */
export const validationIds = (dataset: Dataset): readonly string[] =>
  drawnRows(dataset, dataset.split.validation, MOST_VALIDATION_ROWS);

export const validationCount = ({ split }: Pick<Dataset, 'split'>): number =>
  Math.min(MOST_VALIDATION_ROWS, split.validation.length);

export const trainingIds = (dataset: Dataset): readonly string[] =>
  drawnRows(dataset, dataset.split.train, MOST_TRAINING_ROWS);

/** What learns from the training rows, and never sees the test rows. */
export const learnedOn = ({ fingerprint, splitHash, heldBackHash }: Dataset): NonNullable<Version['learned']> => ({
  datasetFingerprint: fingerprint,
  splitHash,
  heldBackHash,
});

/**
 * Why a run cannot learn keys and values before the cue, and what it can learn; null = it can.
 * @param tokens of its longest row @param keys as the engine says of the model
 */
export function whyNoKeys(
  { template, examples = [] }: { readonly template: string; readonly examples?: readonly string[] | undefined },
  tokens: number,
  keys: { readonly after: number } | null,
): string | null {
  if (!keys) return 'This model cannot take trained keys and values: train vectors before the cue instead.';
  if (cueOf(template) === '')
    return 'Keys and values come before a cue, and this template ends with the text: train vectors after it instead.';
  if (examples.length > 0)
    return 'With keys and values, the examples would be read for each row: train vectors before the cue instead.';
  return tokens > keys.after
    ? `The longest row has ${count(tokens)} tokens, and keys and values take ${count(keys.after)}: train vectors before the cue instead.`
    : null;
}

/** Whether Auto begins with them: rows to come are longer. */
export const beginsWithKeys = (...[of, tokens, keys]: Parameters<typeof whyNoKeys>): boolean =>
  whyNoKeys(of, 2 * tokens, keys) === null;

/** Texts under one template share one cache of keys and values, whatever vectors follow them. */
export const cacheKeyOf = (datasetFingerprint: string, template: string): string => `${datasetFingerprint} ${template}`;

/** Generating takes a pass of the model for every token: this many rows show what a prompt does. */
const GENERATED_ROWS = 20;

const mostTried = ({ mapping }: Pick<Dataset, 'mapping'>) => (writes(mapping) ? GENERATED_ROWS : MOST_VALIDATION_ROWS);

export const triedIds = (dataset: Dataset): readonly string[] =>
  drawnRows(dataset, dataset.split.validation, mostTried(dataset));

export const triedCount = ({ split, mapping }: Pick<Dataset, 'split' | 'mapping'>): number =>
  Math.min(mostTried({ mapping }), split.validation.length);

/** How fast this machine reads: the time of forward passes over a number of tokens. */
export interface Timing {
  readonly tokens: number;
  readonly seconds: number;
}

/** Null where some rows were answered from memory, so that the seconds say nothing. */
export const timingOf = ({ rows, rowsRun, seconds }: ScoreResult): Timing | null =>
  rowsRun < rows.length ? null : { tokens: rows.reduce((sum, row) => sum + row.tokensComputed, 0), seconds };

export function majorityOf(
  dataset: Dataset,
  rowIds: readonly string[],
): { readonly name: string; readonly accuracy: number; readonly macroF1: number } {
  const label = argmax(dataset.trainCounts ?? labelCounts(dataset, dataset.split.train));
  const gold = goldOf(dataset, rowIds);
  const answers = gold.map(() => label);
  return {
    name: dataset.labels[label] as string,
    accuracy: accuracy(gold, answers),
    macroF1: macroF1(confusionMatrix(gold, answers, dataset.labels.length)),
  };
}
