import { rowsById } from '../../../dataset/labels';
import type { Dataset } from '../../../dataset/types';
import { proposeInstruction } from '../../../task/propose';
import { parseTemplate, TEXT_SLOT } from '../../../task/template';
import type { HardPrompt } from '../../../task/types';

/** The proposed hand-written prompt: an instruction that names the labels, above the bare template. */
export const firstPrompt = (template: string, labels: readonly string[]): HardPrompt => ({
  template: `${proposeInstruction(labels)}\n${template}`,
  shots: 0,
  shotSeed: 0,
});

/** The part of a data set that a few rows need: what goes to the worker at every keystroke must be small. */
export function slim(dataset: Dataset, rowIds: readonly string[], withTraining: boolean): Dataset {
  if (withTraining) return dataset;
  const byId = rowsById(dataset.table.rows);
  const rows = [...new Set(rowIds)].flatMap((id) => byId.get(id) ?? []);
  return { ...dataset, table: { ...dataset.table, rows } };
}

/** The cells of a row that a template shows. */
export function cellsShown({ table, mapping }: Dataset, rowId: string, template: string): readonly string[] {
  const row = rowsById(table.rows).get(rowId);
  const parsed = parseTemplate(template);
  if (!row || !parsed.ok) return [];
  return parsed.value.flatMap((part) =>
    part.kind === 'slot' ? [row.cells[part.column === TEXT_SLOT ? mapping.text : part.column] ?? ''] : [],
  );
}
