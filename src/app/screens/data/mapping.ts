/** Which column is what, as it is chosen on the screen. Pure. */
import type { ColumnMapping } from '../../../dataset/types';
import { writes } from '../../../dataset/writing';
import type { MappingDraft } from './data-state';

/** The mapping once both columns are there. */
export const complete = ({ text, label, id, task }: MappingDraft): ColumnMapping | null =>
  text !== null && label !== null ? { text, label, id, ...(task === 'write' ? { task } : {}) } : null;

/** Choosing for one role the column that has the other one swaps them. */
export function remapped(before: MappingDraft, change: Partial<MappingDraft>): MappingDraft {
  const mapping = { ...before, ...change };
  if (change.text && change.text === mapping.label) return { ...mapping, label: before.text };
  if (change.label && change.label === mapping.text) return { ...mapping, text: before.label };
  return mapping;
}

/** For the list of versions. */
export const mappingWords = (mapping: ColumnMapping): string =>
  `Text is “${mapping.text}”, ${writes(mapping) ? `“${mapping.label}” is written` : `label “${mapping.label}”`}`;
