/** What a comparison looks like as rows, files and sentences. Pure. */
import { rowsById, textOf } from '../../../dataset/labels';
import type { Dataset } from '../../../dataset/types';
import type { ArmReport, Comparison, PairReport } from '../../../evaluation/types';
import type { Evaluation } from '../../../project/types';
import { toCsv } from '../../charts/export';

export type RowGroup = 'fixed' | 'broken' | 'wrong' | 'right';

export interface ComparedRow {
  readonly id: string;
  readonly text: string;
  readonly gold: string;
  readonly a: { readonly label: string; readonly right: boolean };
  readonly b: { readonly label: string; readonly right: boolean; readonly probability: number };
}

/** The rows of one pair by what became of them: fixed by B, broken by B, wrong in both, right in both. */
export function comparedRows(
  comparison: Comparison,
  evaluation: Evaluation,
  dataset: Dataset | null,
  pair: PairReport,
  group: RowGroup,
): readonly ComparedRow[] {
  const a = comparison.arms.find((arm) => arm.id === pair.a);
  const b = comparison.arms.find((arm) => arm.id === pair.b);
  if (!a || !b) return [];
  const { rowIds, gold, labels } = evaluation.plan;
  const rows = rowsById(dataset?.table.rows ?? []);
  return rowIds.flatMap((id, i) => {
    const right = { a: a.predictions[i] === gold[i], b: b.predictions[i] === gold[i] };
    const found: RowGroup = right.a ? (right.b ? 'right' : 'broken') : right.b ? 'fixed' : 'wrong';
    if (found !== group) return [];
    const row = rows.get(id);
    return [
      {
        id,
        text: row && dataset ? textOf(row, dataset.mapping) : `Row ${id} (its text is not in this browser any more)`,
        gold: labels[gold[i] ?? -1] ?? '',
        a: { label: labels[a.predictions[i] ?? -1] ?? '', right: right.a },
        b: { label: labels[b.predictions[i] ?? -1] ?? '', right: right.b, probability: b.confidences[i] ?? 0 },
      },
    ];
  });
}

/** What it costs to answer a row, when both numbers are known. */
export function costTitle(arms: readonly ArmReport[]): string {
  const yours = arms.find((arm) => arm.id === 'yours');
  const tuned = arms.find((arm) => arm.kind === 'tuned');
  if (yours?.tokensSentMean == null || tuned?.tokensSentMean == null)
    return 'What each prompt reaches, and what it costs';
  const [a, b] = [Math.round(yours.tokensSentMean), Math.round(tuned.tokensSentMean)];
  if (a === b) return `Tuned and yours send ${a} tokens a row`;
  return `Tuned sends ${b} tokens a row, yours ${a}`;
}

/** What was done with calibration, by one rule for all prompts. */
export function calibrationWords(comparison: Pick<Comparison, 'arms'>, mode: 'chosen' | 'raw' | 'calibrated'): string {
  const what = 'Calibrating subtracts what a prompt says whatever the text is.';
  if (mode === 'raw') return `${what} Here no prompt is calibrated.`;
  if (mode === 'calibrated') return `${what} Here every prompt is.`;
  const names = comparison.arms.filter((arm) => arm.calibrated).map((arm) => arm.name);
  return `${what} The validation rows say that it helps ${names.length === 0 ? 'none of the prompts' : `${new Intl.ListFormat('en').format(names)}`}.`;
}

/** One line a held-back row; texts are the user's own, on their own disk. */
export function resultsCsv(comparison: Comparison, evaluation: Evaluation, dataset: Dataset | null): string {
  const { rowIds, gold, labels } = evaluation.plan;
  const rows = rowsById(dataset?.table.rows ?? []);
  const columns = [
    'row_id',
    'text',
    'gold',
    ...comparison.arms.flatMap((arm) => [`${arm.id}_prediction`, `${arm.id}_confidence`, `${arm.id}_correct`]),
  ];
  return toCsv(
    columns,
    rowIds.map((id, i) => {
      const row = rows.get(id);
      return [
        id,
        row && dataset ? textOf(row, dataset.mapping) : '',
        labels[gold[i] ?? -1] ?? '',
        ...comparison.arms.flatMap((arm) => [
          labels[arm.predictions[i] ?? -1] ?? '',
          Number((arm.confidences[i] ?? 0).toFixed(6)),
          arm.predictions[i] === gold[i] ? 1 : 0,
        ]),
      ];
    }),
  );
}
