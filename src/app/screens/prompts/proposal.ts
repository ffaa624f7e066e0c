import { rowsById } from '../../../dataset/labels';
import type { Dataset } from '../../../dataset/types';
import { writes } from '../../../dataset/writing';
import type { PromptSet } from '../../../project/types';
import { sameLabels } from '../../../task/align-words';
import { proposeInstruction, proposeWritingInstruction } from '../../../task/propose';
import { parseTemplate, TEXT_SLOT } from '../../../task/template';
import type { HardPrompt } from '../../../task/types';

/** The proposed hand-written prompt: an instruction that says what the answers are, above the bare template. */
export const firstPrompt = (
  template: string,
  { mapping, labels }: Pick<Dataset, 'mapping' | 'labels'>,
  words: PromptSet['words'] = [],
): HardPrompt => ({
  template: `${writes(mapping) ? proposeWritingInstruction(mapping) : proposeInstruction(labels, words)}\n${template}`,
  shots: 0,
  shotSeed: 0,
});

/** The templates that were proposed for the set and are as they were. */
export const proposals = (set: PromptSet): ReadonlySet<string> =>
  new Set(set.hard.filter(({ name }) => name === 'Proposed').map(({ prompt }) => prompt.template));

/** Whether rows ask for another template or other answer words than the set has: other labels, or another text to be written. */
export function needsProposal(
  set: PromptSet,
  dataset: Dataset,
  before: { readonly set: PromptSet | null; readonly dataset: Dataset | null },
): boolean {
  if (!sameLabels(set.words, dataset.labels)) return true;
  if (!writes(dataset.mapping)) return false;
  const was = before.set?.id === set.id ? before.dataset?.mapping : undefined;
  return set.baseTemplate === '' || (was !== undefined && was.label !== dataset.mapping.label);
}

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
