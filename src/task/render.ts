import { labelIndexer, rowsById } from '../dataset/labels';
import type { Dataset, Row, SplitName } from '../dataset/types';
import { assert } from '../lib/assert';
import { ok, type Result } from '../lib/result';
import { chooseShots } from './few-shot';
import { checkTemplate, renderTemplate, splitInstruction, type TemplateFailure, type TemplatePart } from './template';
import type { Example, HardPrompt, LabelWord } from './types';

/** Rows of a part, or rows named by id; unknown ids drop out. */
export function rowsOf(dataset: Dataset, split: SplitName | readonly string[]): readonly Row[] {
  const byId = rowsById(dataset.table.rows);
  const ids = typeof split === 'string' ? dataset.split[split] : split;
  return ids.map((id) => byId.get(id)).filter((row) => row !== undefined);
}

/** Ids of the training rows that a few-shot prompt shows: leave them out where rows stand for unseen ones. */
export const shotIds = (dataset: Dataset, prompt: HardPrompt): readonly string[] =>
  prompt.shots > 0 ? chooseShots(dataset, prompt.shots, prompt.shotSeed).map((row) => row.id) : [];

/** The examples of a few-shot prompt with the instruction above them; the same text for every row. */
function preamble(
  dataset: Dataset,
  prompt: HardPrompt,
  words: readonly LabelWord[],
  instruction: string,
  bare: readonly TemplatePart[],
): string {
  const indexOf = labelIndexer(dataset);
  const wordOf = new Map(words.map(({ label, word }) => [label, word]));
  const examples = chooseShots(dataset, prompt.shots, prompt.shotSeed).map((row) => {
    const label = dataset.labels[indexOf(row) ?? -1] ?? '';
    return renderTemplate(bare, row, dataset.mapping) + (wordOf.get(label) ?? ` ${label}`);
  });
  return [instruction, ...examples].filter((block) => block !== '').join('\n\n');
}

/**
 * Renders rows for the model. Zero-shot: the template as it stands. Few-shot: the instruction once, then the examples,
 * each by the bare template followed by its answer word, then the row by the bare template, with blank lines between.
 */
export function renderRows(
  dataset: Dataset,
  prompt: HardPrompt,
  words: readonly LabelWord[],
  split: SplitName | readonly string[],
): Result<readonly Example[], TemplateFailure> {
  const checked = checkTemplate(prompt.template, dataset.table.columns, dataset.mapping);
  if (!checked.ok) return checked;
  assert(
    words.length === 0 || words.every(({ label }, i) => label === dataset.labels[i]),
    'answer words are not in the order of the labels',
  );
  const indexOf = labelIndexer(dataset);
  const { instruction, bare } = splitInstruction(checked.value);
  const before = prompt.shots > 0 ? preamble(dataset, prompt, words, instruction, bare) : '';
  const parts = before === '' ? checked.value : bare;
  return ok(
    rowsOf(dataset, split).map((row) => {
      const text = renderTemplate(parts, row, dataset.mapping);
      return { rowId: row.id, text: before === '' ? text : `${before}\n\n${text}`, label: indexOf(row) };
    }),
  );
}
