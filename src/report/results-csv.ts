import { toCsv } from '../dataset/csv-out';
import { rowsById, textOf } from '../dataset/labels';
import type { Dataset } from '../dataset/types';
import type { Comparison } from '../evaluation/types';
import type { ClassifyEvaluation } from '../project/types';

/** Null and missing figures stand as empty cells. */
const figure = (value: number | null | undefined, digits: number): number | null =>
  value == null ? null : Number(value.toFixed(digits));

/**
 * What every prompt said of every test row: one line a row; per prompt its answer, that answer's probability, whether
 * it is right, mean tokens and median milliseconds a row. Formulas in cells are disarmed.
 * @param texts null = the texts stay behind, and rows go by their number in the comparison
 */
export function resultsCsv(comparison: Comparison, evaluation: ClassifyEvaluation, texts: Dataset | null): string {
  const { plan, hardVersion, softVersion, datasetFingerprint } = evaluation;
  const { rowIds, gold, labels } = plan;
  const rows = rowsById(texts?.table.rows ?? []);
  const columns = [
    'row_id',
    ...(texts ? ['text'] : []),
    'gold',
    ...comparison.arms.flatMap(({ id }) =>
      ['prediction', 'confidence', 'correct', 'tokens_in', 'latency_ms'].map((what) => `${id}_${what}`),
    ),
    'prompt_version',
    'data_sha256',
  ];
  return toCsv(
    columns,
    rowIds.map((id, i) => {
      const row = rows.get(id);
      return [
        texts ? id : String(i + 1),
        ...(texts ? [row ? textOf(row, texts.mapping) : ''] : []),
        labels[gold[i] ?? -1] ?? '',
        ...comparison.arms.flatMap((arm) => [
          labels[arm.predictions[i] ?? -1] ?? '',
          figure(arm.confidences[i] ?? 0, 6),
          arm.predictions[i] === gold[i] ? 1 : 0,
          figure(arm.tokensSentMean, 1),
          figure(arm.latencyMsMedian, 1),
        ]),
        [hardVersion, softVersion].filter((version) => version).join(' + '),
        datasetFingerprint,
      ];
    }),
    { neutralise: true },
  );
}
