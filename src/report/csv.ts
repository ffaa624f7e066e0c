/** Rows of a comparison of generated texts, and every prompt's answers as CSV. */
import { toCsv } from '../dataset/csv-out';
import { rowsById, textById, textOf } from '../dataset/labels';
import type { Dataset } from '../dataset/types';
import type { PairResult } from '../evaluation/types';
import type { GenerateEvaluation } from '../prompt-set/types';

export interface WrittenRow {
  readonly id: string;
  /** Its place in the plan. */
  readonly at: number;
  readonly text: string;
  readonly wanted: string;
  readonly a: string;
  readonly b: string;
  /** ROUGE-L of B minus that of A, -1 to 1. */
  readonly gain: number;
}

/** The rows of one pair, what changed most first. */
export function writtenRows(
  { plan, comparison }: Pick<GenerateEvaluation, 'plan' | 'comparison'>,
  dataset: Dataset | null,
  pair: Pick<PairResult<'generate'>, 'a' | 'b'>,
): readonly WrittenRow[] {
  const text = textById(dataset);
  const written = (id: string) => plan.arms.find((arm) => arm.id === id)?.written ?? [];
  const scores = (id: string) => comparison.arms.find((arm) => arm.id === id)?.rows ?? [];
  const [textsA, textsB, scoresA, scoresB] = [written(pair.a), written(pair.b), scores(pair.a), scores(pair.b)];
  return plan.rowIds
    .map((id, at) => ({
      id,
      at,
      text: text(id),
      wanted: plan.wanted[at] ?? '',
      a: textsA[at] ?? '',
      b: textsB[at] ?? '',
      gain: (scoresB[at] ?? 0) - (scoresA[at] ?? 0),
    }))
    .sort((x, y) => Math.abs(y.gain) - Math.abs(x.gain) || x.at - y.at);
}

type Cells = readonly (string | number | null)[];

/** Null and missing figures are empty cells. */
export const figure = (value: number | null | undefined, digits: number): number | null =>
  value == null ? null : Number(value.toFixed(digits));

export function rowsCsv(
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
  const numbered = rowIds.map((id, at) => ({ id, at, line: rows.get(id)?.line ?? Number.POSITIVE_INFINITY }));
  return toCsv(
    ['row_id', ...(texts ? ['text'] : []), ...columns],
    numbered
      .toSorted((a, b) => (a.line < b.line ? -1 : a.line > b.line ? 1 : 0))
      .map(({ id, at }) => [texts ? id : String(at + 1), ...(texts ? [text(id)] : []), ...cellsOf(at)]),
    { neutralise: true },
  );
}
