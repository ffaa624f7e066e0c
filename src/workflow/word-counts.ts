/** What the words of the training rows say about the labels: the reference line of TF-IDF, and the version that counts words. */
import { rowsKey } from '../dataset/keys';
import { labelIndexer, rowsOf, textOf } from '../dataset/labels';
import type { Dataset, Row } from '../dataset/types';
import { present } from '../lib/assert';
import { fitWords, type WordModel, wordAnswers } from '../metrics/logistic';
import type { Prompt } from '../prompt/prompt';
import type { Version } from '../prompt-set/types';
import { newVersion } from '../prompt-set/versions';
import { learnedOn } from './training-rows';

/** The last data set's: comparing again does not count the words again. */
let lastWords: (Counted & { readonly key: string }) | null = null;

interface Counted {
  readonly model: WordModel;
  readonly answers: (rowId: string) => readonly number[];
}

const textsIn = (rows: readonly Row[], { mapping }: Dataset) => rows.map((row) => textOf(row, mapping));

export function trainingWords(dataset: Dataset): WordModel {
  const indexOf = labelIndexer(dataset);
  const train = rowsOf(dataset, 'train').filter((row) => indexOf(row) !== null);
  const gold = train.map((row) => present(indexOf(row), 'label'));
  return fitWords(textsIn(train, dataset), gold, dataset.labels.length);
}

/** Of rows that need not be test or validation rows. Nothing is remembered. */
export const saidByWords = (dataset: Dataset, rows: readonly Row[]): readonly (readonly number[])[] =>
  wordAnswers(trainingWords(dataset))(textsIn(rows, dataset));

export function countedWords(dataset: Dataset): Counted {
  const key = rowsKey(dataset);
  if (lastWords?.key === key) return lastWords;
  const asked = [...rowsOf(dataset, 'test'), ...rowsOf(dataset, 'validation')];
  const model = trainingWords(dataset);
  const logProbs = wordAnswers(model)(textsIn(asked, dataset));
  const byRow = new Map(asked.map((row, i) => [row.id, present(logProbs[i], 'prediction')]));
  const answers = (rowId: string) => present(byRow.get(rowId), `word counts of row ${rowId}`);
  lastWords = { key, model, answers };
  return lastWords;
}

/** Always the most frequent answer, and word counts, as versions. */
export function countVersions(
  task: Prompt['task'],
  majority: WordModel,
  words: WordModel,
  dataset: Dataset,
): readonly [majority: Version, words: Version] {
  const made = (which: 'majority' | 'counts', counts: WordModel) =>
    newVersion({
      prompt: { task, voices: [{ kind: 'counts', weight: 1, counts }], calibration: null, threshold: null },
      origin: { kind: 'baseline', which },
      learned: learnedOn(dataset),
    });
  return [made('majority', majority), made('counts', words)];
}
