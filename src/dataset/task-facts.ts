import type { ByTask, TaskKind } from './types';

export type AnswersWith = 'label' | 'labels' | 'text';

/** What is said of a kind of task, and holds for it, in every room. */
interface TaskFacts {
  /** A choice of tasks: "Choose a label". */
  readonly name: string;
  /** "chooses labels": what a prompt does. */
  readonly does: string;
  /** "labels": what its rows have. */
  readonly rowsHave: string;
  /** The column with the right answers. */
  readonly column: string;
  /** One of them: "a label". */
  readonly answer: string;
  readonly editable: string;
  /** Its field in a line of answers. */
  readonly field: string;
  readonly calibrated: string;
  /** How a PEFT adapter's answer is read off. */
  readonly readOff: string;
  /** Words of its labels, one or every one that fits; or a generated text: a pass of the model for every token. */
  readonly answersWith: AnswersWith;
}

export const TASK_FACTS: ByTask<TaskFacts> = {
  classify: {
    answersWith: 'label',
    name: 'Choose a label',
    does: 'chooses labels',
    rowsHave: 'labels',
    column: 'Label',
    answer: 'a label',
    editable: 'a label or a text',
    field: 'label',
    calibrated: 'Calibrated as in this version’s newest comparison: its built-in bias toward a label is removed.',
    readOff: 'The answer is the most likely of these next tokens',
  },
  tag: {
    answersWith: 'labels',
    name: 'Give several labels',
    does: 'gives every label that fits',
    rowsHave: 'several labels',
    column: 'Labels',
    answer: 'labels',
    editable: 'labels or a text',
    field: 'labels',
    calibrated: 'A label is given above its own threshold, which was chosen on validation rows.',
    readOff: 'A label is given where its token is at least as likely as the last of these next tokens',
  },
  generate: {
    answersWith: 'text',
    name: 'Generate a text',
    does: 'generates texts',
    rowsHave: 'texts',
    column: 'Answer',
    answer: 'an answer',
    editable: 'a text',
    field: 'written',
    calibrated: '',
    readOff: '',
  },
};

/** It answers with a text, not with words of its labels. */
export const generates = (kind: TaskKind): boolean => TASK_FACTS[kind].answersWith === 'text';
