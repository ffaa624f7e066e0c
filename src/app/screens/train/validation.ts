import { labelCounts, labelIndexer, rowsById } from '../../../dataset/labels';
import type { Dataset } from '../../../dataset/types';
import { accuracy, argmax, confusionMatrix, macroF1 } from '../../../metrics/classification';

/** What log-probabilities say against the labels of their rows. */
export function outcome(logProbs: readonly (readonly number[])[], gold: readonly number[], classes: number) {
  const predictions = logProbs.map(argmax);
  const confusion = confusionMatrix(gold, predictions, classes);
  return { accuracy: accuracy(gold, predictions), macroF1: macroF1(confusion), confusion, predictions };
}

/** Label indices of rows by id; -1 for a row without a label. */
export function goldOf(dataset: Dataset, rowIds: readonly string[]): number[] {
  const byId = rowsById(dataset.table.rows);
  const indexOf = labelIndexer(dataset);
  return rowIds.map((id) => {
    const row = byId.get(id);
    return (row && indexOf(row)) ?? -1;
  });
}

/** Training rows of each label. */
export const trainCounts = (dataset: Dataset): readonly number[] =>
  dataset.trainCounts ?? labelCounts(dataset, dataset.split.train);

/** The commonest label of the training rows, and what always saying it would reach on other rows. */
export function majorityOf(dataset: Dataset, rowIds: readonly string[]) {
  const classes = dataset.labels.length;
  const train = trainCounts(dataset);
  const label = argmax(train);
  const gold = goldOf(dataset, rowIds);
  const confusion = confusionMatrix(
    gold,
    gold.map(() => label),
    classes,
  );
  return {
    label,
    name: dataset.labels[label] ?? '',
    accuracy: accuracy(
      gold,
      gold.map(() => label),
    ),
    macroF1: macroF1(confusion),
    /** Shares of the labels among the training rows, smoothed so that none is zero. */
    shares: train.map((n) => (n + 0.5) / (dataset.split.train.length + 0.5 * classes)),
  };
}
