/**
 * The answers of every prompt to every test row as CSV, one line a row. Formulas in cells are disarmed. Without texts
 * (null) rows go by their number in the comparison.
 */
import { toCsv } from '../dataset/csv-out';
import { rowsById, textOf } from '../dataset/labels';
import type { Dataset } from '../dataset/types';
import type { Comparison } from '../evaluation/types';
import type { ClassifyEvaluation, GenerateEvaluation } from '../prompt-set/types';

type Cells = readonly (string | number | null)[];

/** Null and missing figures are empty cells. */
const figure = (value: number | null | undefined, digits: number): number | null =>
  value == null ? null : Number(value.toFixed(digits));

function rowsCsv(
  rowIds: readonly string[],
  texts: Dataset | null,
  columns: readonly string[],
  cellsOf: (at: number) => Cells,
): string {
  const rows = rowsById(texts?.table.rows ?? []);
  const text = (id: string) => {
    const row = rows.get(id);
    return row && texts ? textOf(row, texts.mapping) : '';
  };
  return toCsv(
    ['row_id', ...(texts ? ['text'] : []), ...columns],
    rowIds.map((id, i) => [texts ? id : String(i + 1), ...(texts ? [text(id)] : []), ...cellsOf(i)]),
    { neutralise: true },
  );
}

/** Per prompt its answer, that answer's probability, whether it is right, mean tokens and median milliseconds a row. */
export function resultsCsv(comparison: Comparison, evaluation: ClassifyEvaluation, texts: Dataset | null): string {
  const { plan, hardVersion, softVersion, datasetFingerprint } = evaluation;
  const { rowIds, gold, labels } = plan;
  const answer = ['prediction', 'confidence', 'correct', 'tokens_in', 'latency_ms'];
  const columns = [
    'gold',
    ...comparison.arms.flatMap(({ id }) => answer.map((what) => `${id}_${what}`)),
    'prompt_version',
    'data_sha256',
  ];
  return rowsCsv(rowIds, texts, columns, (i) => [
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
  ]);
}

/** Per prompt ROUGE-L and the expected text's log-probability; with texts also the expected one and the generated ones. */
export function generatedCsv(
  { plan, comparison }: Pick<GenerateEvaluation, 'plan' | 'comparison'>,
  texts: Dataset | null,
): string {
  const columns = [
    ...(texts ? ['wanted'] : []),
    ...plan.arms.flatMap(({ id }) => [...(texts ? [`${id}_written`] : []), `${id}_rouge_l`, `${id}_log_prob`]),
  ];
  return rowsCsv(plan.rowIds, texts, columns, (i) => [
    ...(texts ? [plan.wanted[i] ?? ''] : []),
    ...plan.arms.flatMap(({ written, scores }, a) => [
      ...(texts ? [written[i] ?? ''] : []),
      figure(comparison.arms[a]?.rows[i] ?? 0, 6),
      figure(scores[i]?.logProb ?? 0, 4),
    ]),
  ]);
}
