/** Several labels a row: those that rows have, and how a prompt without vectors does on validation rows. */
import { labelCounts, labelsIndexer, rowsOf } from '../dataset/labels';
import type { Dataset } from '../dataset/types';
import type { ScoreResult } from '../engine/types';
import { crossCut } from '../evaluation/tag/compare';
import { givenTags, macroTagF1, microF1, oddsOf, subsetAccuracy, tagCounter } from '../metrics/tags';
import type { AnswersWith, TagTry } from '../prompt-set/types';
import type { TokenRow } from '../tokens/tokenizer';
import type { Host } from './host';
import { triedOn } from './training-rows';

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

/** A prompt that was not compared yet has no cuts: each half of the rows is cut by the other half. */
export function taggedFrom(
  of: { readonly dataset: Dataset; readonly rows: readonly TokenRow[]; readonly with: AnswersWith },
  scored: ScoreResult,
  engine: Pick<Host['engine'], 'info'>,
): TagTry {
  const { dataset, rows, with: answers } = of;
  const ids = rows.map(({ rowId }) => rowId);
  const gold = tagsOf(dataset, ids);
  const odds = scored.rows.map(({ logProbs }) => oddsOf(logProbs));
  const cuts = answers.meanLogProbs;
  const given = cuts ? odds.map((row) => givenTags(row, cuts)) : crossCut({ odds, gold }, tagShares(dataset));
  const counts = tagCounter(gold, given, dataset.labels.length - 1)([...rows.keys()]);
  return {
    ...{ rows: rows.length, microF1: microF1(counts), macroF1: macroTagF1(counts) },
    ...{ subsetAccuracy: subsetAccuracy(counts), seconds: scored.seconds },
    given: ids.map((rowId, i) => ({ rowId, tags: [...(given[i] ?? [])] })),
    ...triedOn(dataset, answers, engine),
  };
}
