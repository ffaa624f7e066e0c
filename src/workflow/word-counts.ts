/** What the words of the training rows say about the labels: the reference line of TF-IDF, and the version that counts words. */
import { rowsKey } from '../dataset/keys';
import { labelIndexer, rowsOf, textOf } from '../dataset/labels';
import type { Dataset, Row } from '../dataset/types';
import { present } from '../lib/assert';
import { fitWords, type WordModel, wordAnswers } from '../metrics/logistic';

/** The last data set's: comparing again does not count the words again. */
let lastWords: { readonly key: string; readonly answers: (rowId: string) => readonly number[] } | null = null;

const textsIn = (rows: readonly Row[], { mapping }: Dataset) => rows.map((row) => textOf(row, mapping));

/** The words of the training rows, and what they say about the labels. */
export function trainingWords(dataset: Dataset): WordModel {
  const indexOf = labelIndexer(dataset);
  const train = rowsOf(dataset, 'train').filter((row) => indexOf(row) !== null);
  const gold = train.map((row) => present(indexOf(row), 'label'));
  return fitWords(textsIn(train, dataset), gold, dataset.labels.length);
}

/** Of rows that need not be test or validation rows. Nothing is remembered. */
export const saidByWords = (dataset: Dataset, rows: readonly Row[]): readonly (readonly number[])[] =>
  wordAnswers(trainingWords(dataset))(textsIn(rows, dataset));

/** Trained on the training rows; answers test and validation rows. */
export function answersByWords(dataset: Dataset): (rowId: string) => readonly number[] {
  const key = rowsKey(dataset);
  if (lastWords?.key === key) return lastWords.answers;
  const asked = [...rowsOf(dataset, 'test'), ...rowsOf(dataset, 'validation')];
  const logProbs = saidByWords(dataset, asked);
  const byRow = new Map(asked.map((row, i) => [row.id, present(logProbs[i], 'prediction')]));
  const answers = (rowId: string) => present(byRow.get(rowId), `word counts of row ${rowId}`);
  lastWords = { key, answers };
  return answers;
}
