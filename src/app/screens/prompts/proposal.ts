import type { Dataset } from '../../../dataset/types';
import { proposeInstruction } from '../../../task/propose';
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
  const wanted = new Set(rowIds);
  return { ...dataset, table: { ...dataset.table, rows: dataset.table.rows.filter(({ id }) => wanted.has(id)) } };
}
