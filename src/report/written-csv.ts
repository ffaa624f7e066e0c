import { toCsv } from '../dataset/csv-out';
import { rowsById, textOf } from '../dataset/labels';
import type { Dataset } from '../dataset/types';
import type { GenerateEvaluation } from '../project/types';

/**
 * How near every prompt came to the wanted text of every test row: one line a row, per prompt ROUGE-L and the wanted
 * text's log-probability; with texts also the row's, the wanted one and what was written. Formulas in cells are disarmed.
 * @param texts null = the texts stay behind, and rows go by their number in the comparison
 */
export function writtenCsv(
  { plan, comparison }: Pick<GenerateEvaluation, 'plan' | 'comparison'>,
  texts: Dataset | null,
): string {
  const rows = rowsById(texts?.table.rows ?? []);
  const columns = [
    'row_id',
    ...(texts ? ['text', 'wanted'] : []),
    ...plan.arms.flatMap(({ id }) => [...(texts ? [`${id}_written`] : []), `${id}_rouge_l`, `${id}_log_prob`]),
  ];
  return toCsv(
    columns,
    plan.rowIds.map((id, i) => {
      const row = rows.get(id);
      return [
        texts ? id : String(i + 1),
        ...(texts ? [row ? textOf(row, texts.mapping) : '', plan.wanted[i] ?? ''] : []),
        ...plan.arms.flatMap(({ written, scores }, a) => [
          ...(texts ? [written[i] ?? ''] : []),
          Number((comparison.arms[a]?.rows[i] ?? 0).toFixed(6)),
          Number((scores[i]?.logProb ?? 0).toFixed(4)),
        ]),
      ];
    }),
    { neutralise: true },
  );
}
