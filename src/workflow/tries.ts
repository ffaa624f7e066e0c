/** What is kept of a prompt that was tried on validation rows. */
import type { Dataset } from '../dataset/types';
import type { ScoreResult } from '../engine/types';
import { crossCut } from '../evaluation/tag/compare';
import { calibrated } from '../metrics/calibration';
import { argmax, confusionMatrix, correctCount, macroF1 } from '../metrics/classification';
import { givenTags, macroTagF1, microF1, oddsOf, subsetAccuracy, tagCounter } from '../metrics/tags';
import type { AnswersWith, Tried, TryOf } from '../prompt-set/types';
import type { TokenRow } from '../tokens/tokenizer';
import type { Host } from './host';
import { tagShares, tagsOf } from './tagged-rows';

export interface Answered {
  readonly dataset: Dataset;
  readonly rows: readonly TokenRow[];
  readonly with: AnswersWith;
}

export type FiguresOf<K extends Tried['kind']> = K extends Tried['kind']
  ? Omit<TryOf<K>, 'datasetFingerprint' | 'splitHash' | 'with'>
  : never;

/** Figures of other rows, words or weights are never shown as a prompt's own. */
export const asTry = (
  { dataset: { fingerprint, splitHash, seed }, with: answers }: Pick<Answered, 'dataset' | 'with'>,
  { info }: Pick<Host['engine'], 'info'>,
  figures: FiguresOf<Tried['kind']>,
): Tried => ({
  ...figures,
  datasetFingerprint: fingerprint,
  splitHash,
  with: { ...answers, seed, model: info.sha256 },
});

/** A try whose answers are labels. */
export const triedFrom = (of: Answered, scored: ScoreResult, engine: Pick<Host['engine'], 'info'>): Tried =>
  asTry(of, engine, of.dataset.mapping.task === 'tag' ? tagFigures(of, scored) : labelFigures(of, scored));

interface Labelled extends Pick<Answered, 'rows'> {
  readonly dataset: Pick<Dataset, 'labels'>;
  readonly with: Pick<AnswersWith, 'meanLogProbs'>;
}

export function labelFigures(
  { dataset, rows, with: { meanLogProbs } }: Labelled,
  result: ScoreResult,
): FiguresOf<'classify'> {
  const labelled = rows.flatMap((row, i) => {
    const scored = result.rows[i];
    return row.label === null || !scored
      ? []
      : [{ rowId: row.rowId, gold: row.label, predicted: argmax(calibrated(scored.logProbs, meanLogProbs)) }];
  });
  const gold = labelled.map((row) => row.gold);
  const predicted = labelled.map((row) => row.predicted);
  const confusion = confusionMatrix(gold, predicted, dataset.labels.length);
  const wrong = labelled.filter((row) => row.gold !== row.predicted);
  return {
    kind: 'classify',
    accuracy: labelled.length === 0 ? 0 : correctCount(gold, predicted) / labelled.length,
    macroF1: macroF1(confusion),
    confusion,
    wrongRowIds: wrong.map(({ rowId }) => rowId),
    wrongPredictions: wrong.map((row) => row.predicted),
    rows: labelled.length,
    seconds: result.seconds,
  };
}

/** A prompt that was not compared yet has no cuts: each half of the rows is cut by the other half. */
function tagFigures(of: Answered, scored: ScoreResult): FiguresOf<'tag'> {
  const { dataset, rows, with: answers } = of;
  const ids = rows.map(({ rowId }) => rowId);
  const gold = tagsOf(dataset, ids);
  const odds = scored.rows.map(({ logProbs }) => oddsOf(logProbs));
  const cuts = answers.meanLogProbs;
  const given = cuts ? odds.map((row) => givenTags(row, cuts)) : crossCut({ odds, gold }, tagShares(dataset));
  const counts = tagCounter(gold, given, dataset.labels.length - 1)([...rows.keys()]);
  return {
    kind: 'tag',
    rows: rows.length,
    microF1: microF1(counts),
    macroF1: macroTagF1(counts),
    subsetAccuracy: subsetAccuracy(counts),
    seconds: scored.seconds,
    given: ids.map((rowId, i) => ({ rowId, tags: [...(given[i] ?? [])] })),
  };
}
