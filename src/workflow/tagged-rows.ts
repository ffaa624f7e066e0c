/** Several labels a row: those that rows have, and how a prompt without vectors does on validation rows. */
import { labelCounts, labelsIndexer, rowsOf } from '../dataset/labels';
import type { Dataset } from '../dataset/types';
import { crossCut } from '../evaluation/tag/compare';
import { microF1, oddsOf, tagCounter } from '../metrics/tags';

/** Places of the labels of some rows, without the one that stands for none. */
export function tagsOf(dataset: Dataset, ids: readonly string[]): readonly (readonly number[])[] {
  const labelsAt = labelsIndexer(dataset);
  const none = dataset.labels.length - 1;
  return rowsOf(dataset, ids).map((row) => labelsAt(row).filter((place) => place !== none));
}

/** Of the training rows that have each label. */
export const tagShares = (dataset: Dataset): readonly number[] =>
  labelCounts(dataset, dataset.split.train)
    .slice(0, -1)
    .map((rows) => rows / Math.max(1, dataset.split.train.length));

/** Micro-F1 on rows, each half of them cut by the other half. */
export function crossCutF1(
  dataset: Dataset,
  ids: readonly string[],
  logProbsOf: (id: string) => readonly number[],
): number {
  const gold = tagsOf(dataset, ids);
  const given = crossCut({ odds: ids.map((id) => oddsOf(logProbsOf(id))), gold }, tagShares(dataset));
  return microF1(tagCounter(gold, given, dataset.labels.length - 1)([...ids.keys()]));
}
