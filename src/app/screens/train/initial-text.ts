import { chosenHard, isWriting } from '../../../project/prompt-set';
import type { PromptSet } from '../../../project/types';
import { proposeInstruction } from '../../../task/propose';
import { parseTemplate, splitInstruction } from '../../../task/template';

/**
 * The text that the vectors start from: the user's own instruction (what their prompt says before the row), else a plain
 * sentence that names the answers. Random vectors never leave the majority line; see recipe.
 */
export function initialText(set: PromptSet): string {
  const hard = chosenHard(set);
  const own = hard && instructionOf(hard.prompt.template);
  if (own) return own;
  return isWriting(set)
    ? 'Write the answer in one line.'
    : proposeInstruction(set.words.map(({ word }) => word.trim()));
}

/** The lines before the first one that has a `{column}`; empty when there are none. */
export function instructionOf(template: string): string {
  const parsed = parseTemplate(template);
  return parsed.ok ? splitInstruction(parsed.value).instruction.trim() : '';
}
