/** Rows of a comparison of generated texts, as tables. */
import { rowsById, textOf } from '../dataset/labels';
import type { Dataset } from '../dataset/types';
import type { GeneratePair } from '../evaluation/generate/types';
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
  duel: Pick<GeneratePair, 'a' | 'b'>,
): readonly WrittenRow[] {
  const rows = rowsById(dataset?.table.rows ?? []);
  const written = (id: string) => plan.arms.find((arm) => arm.id === id)?.written ?? [];
  const scores = (id: string) => comparison.arms.find((arm) => arm.id === id)?.rows ?? [];
  const [textsA, textsB, scoresA, scoresB] = [written(duel.a), written(duel.b), scores(duel.a), scores(duel.b)];
  return plan.rowIds
    .map((id, at) => {
      const row = rows.get(id);
      return {
        id,
        at,
        text: row && dataset ? textOf(row, dataset.mapping) : `Row ${id} (its text is not in this browser any more)`,
        wanted: plan.wanted[at] ?? '',
        a: textsA[at] ?? '',
        b: textsB[at] ?? '',
        gain: (scoresB[at] ?? 0) - (scoresA[at] ?? 0),
      };
    })
    .sort((x, y) => Math.abs(y.gain) - Math.abs(x.gain) || x.at - y.at);
}

/** Rows that a report may print. */
const MOST_ROWS = 40;

/** Those on which the two prompts differ most. */
export const changedRows = (...of: Parameters<typeof writtenRows>): readonly WrittenRow[] =>
  writtenRows(...of)
    .filter(({ gain }) => gain !== 0)
    .slice(0, MOST_ROWS);
