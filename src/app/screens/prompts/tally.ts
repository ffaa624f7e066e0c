/** What a try on validation rows gave. Pure. */
import { argmax, confusionMatrix, correctCount, macroF1 } from '../../../metrics/classification';
import type { HardVersion } from '../../../project/types';
import type { TokenRow } from '../../../tokens/types';
import type { ScoreResult } from '../../../worker/protocol';

export type Tried = NonNullable<HardVersion['tried']>;

export function tally(rows: readonly TokenRow[], result: ScoreResult, classes: number): Tried {
  const labelled = rows.flatMap((row, i) => {
    const scored = result.rows[i];
    return row.label === null || !scored
      ? []
      : [{ rowId: row.rowId, gold: row.label, predicted: argmax(scored.logProbs) }];
  });
  const gold = labelled.map((row) => row.gold);
  const predicted = labelled.map((row) => row.predicted);
  const confusion = confusionMatrix(gold, predicted, classes);
  const wrong = labelled.filter((row) => row.gold !== row.predicted);
  return {
    accuracy: labelled.length === 0 ? 0 : correctCount(gold, predicted) / labelled.length,
    macroF1: macroF1(confusion),
    confusion,
    wrongRowIds: wrong.map(({ rowId }) => rowId),
    wrongPredictions: wrong.map((row) => row.predicted),
    rows: labelled.length,
    seconds: result.seconds,
  };
}
