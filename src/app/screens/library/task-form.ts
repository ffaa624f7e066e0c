/** Template and answer words for vectors that come without: as somebody types them. Pure. */
import { fail, ok, type Result } from '../../../lib/result';
import type { PromptSet } from '../../../project/types';
import type { Placement } from '../../../prompt/types';
import { asContinuation, parseTemplate, TEXT_SLOT } from '../../../task/template';
import type { LabelWord } from '../../../task/types';

export interface TaskForm {
  readonly name: string;
  readonly template: string;
  /** `label = answer word`, one a line. */
  readonly words: string;
  /** Empty until it is chosen, where the file does not say. */
  readonly placement: Placement | '';
  /** The set that template and answer words were taken from; empty = typed here. */
  readonly from: string;
}

/** What can be taken from a set that is here already. */
export const formOf = (set: PromptSet): Pick<TaskForm, 'template' | 'words' | 'from'> => ({
  template: set.baseTemplate,
  words: set.words.map(({ label, word }) => `${label} = ${word.trim()}`).join('\n'),
  from: set.id,
});

interface Task {
  readonly template: string;
  readonly words: readonly LabelWord[];
  readonly placement: Placement;
}

export type TaskField = 'template' | 'words' | 'placement';

/** The task that the form describes, or which field keeps it from being one. */
export function readForm(form: TaskForm): Result<Task, { kind: TaskField; message: string }> {
  if (form.placement === '')
    return fail('placement', 'Choose where the vectors stood when they were trained. PEFT puts them before the text.');
  const template = parseTemplate(form.template);
  if (!template.ok) return fail('template', template.error.message);
  if (!template.value.some((part) => part.kind === 'slot' && part.column === TEXT_SLOT))
    return fail('template', 'The prompt never shows the text. Put {text} where the text belongs.');
  const pairs = form.words
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map((line) => {
      const at = line.lastIndexOf('=');
      const [label, word] = at < 0 ? [line, line] : [line.slice(0, at).trim(), line.slice(at + 1).trim()];
      return { label, word: word === '' ? '' : asContinuation(form.template, word) };
    });
  const empty = pairs.find(({ label, word }) => label === '' || word === '');
  if (empty) return fail('words', `“${empty.label || '='}” has no answer word. Write label = word on each line.`);
  const labels = pairs.map(({ label }) => label);
  const twice = labels.find((label, i) => labels.indexOf(label) < i);
  if (twice !== undefined) return fail('words', `The label “${twice}” stands there twice.`);
  if (pairs.length < 2)
    return fail('words', 'At least two answers are needed, each on a line of its own: label = word.');
  return ok({ template: form.template, words: pairs, placement: form.placement });
}
