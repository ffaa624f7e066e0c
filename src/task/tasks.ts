/** The kinds of task, by name, and what differs between them when a row becomes a prompt. */

import { labelIndexer, targetOf } from '../dataset/labels';
import type { ColumnMapping, Dataset, LeftOutReason, Row } from '../dataset/types';
import { type ByTask, taskKindOf } from '../dataset/types';
import { classifyInstruction, classifyTemplate, generateInstruction, generateTemplate } from './propose';
import { proposeWords } from './propose-words';
import { asContinuation } from './template';
import type { AnswerWord, Example, Tokenise } from './types';

/** Why a row of another file cannot be asked: in a sentence about it, and among the reasons that are counted. */
export interface LeftOutRow {
  readonly leftOut: string;
  readonly why: LeftOutReason;
}

type Labelled = Pick<Dataset, 'mapping' | 'labels'>;

export interface Task {
  readonly template: (mapping: ColumnMapping, labels: readonly string[]) => string;
  /** A first instruction above it: the start of a hand-written prompt, and of a tuned one. */
  readonly instruction: (dataset: Labelled, words: readonly AnswerWord[]) => string;
  /** One answer word per label; none where texts are generated. */
  readonly words: (labels: readonly string[], template: string, tokenise: Tokenise | null) => readonly AnswerWord[];
  /** The known answer to a row, as it follows `template`. */
  readonly answer: (dataset: Labelled, template: string) => (row: Row) => Pick<Example, 'label' | 'target'>;
  /** The answer that an example in the prompt shows. */
  readonly shown: (dataset: Labelled, words: readonly AnswerWord[]) => (row: Row) => string;
  /** Why a row of another file cannot be answered and checked, or its answer. */
  readonly checked: (
    dataset: Labelled,
    template: string,
  ) => (row: Row) => Pick<Example, 'label' | 'target'> | LeftOutRow;
  /** Whether examples can be balanced over the labels. */
  readonly canBalance: boolean;
}

const classify: Task = {
  template: classifyTemplate,
  instruction: ({ labels }, words) => classifyInstruction(labels, words),
  words: proposeWords,
  answer: (dataset) => {
    const indexOf = labelIndexer(dataset);
    return (row) => ({ label: indexOf(row) });
  },
  shown: (dataset, words) => {
    const indexOf = labelIndexer(dataset);
    const wordOf = new Map(words.map(({ label, word }) => [label, word]));
    return (row) => {
      const label = dataset.labels[indexOf(row) ?? -1] ?? '';
      return wordOf.get(label) ?? label;
    };
  },
  checked: (dataset) => {
    const indexOf = labelIndexer(dataset);
    return (row) => {
      const label = indexOf(row);
      const cell = row.cells[dataset.mapping.label] ?? '';
      if (label !== null) return { label };
      return cell.trim() === ''
        ? { leftOut: 'it has no label', why: 'label' }
        : { leftOut: `its label “${cell.slice(0, 60)}” is none of this prompt’s`, why: 'unknown' };
    };
  },
  canBalance: true,
};

const generate: Task = {
  template: generateTemplate,
  instruction: ({ mapping }) => generateInstruction(mapping),
  words: () => [],
  answer:
    ({ mapping }, template) =>
    (row) => {
      const text = targetOf(row, mapping);
      return { label: null, ...(text === '' ? {} : { target: asContinuation(template, text) }) };
    },
  shown:
    ({ mapping }) =>
    (row) =>
      targetOf(row, mapping),
  checked:
    ({ mapping }, template) =>
    (row) => {
      const text = targetOf(row, mapping);
      return text === ''
        ? { leftOut: 'it has no expected text', why: 'target' }
        : { label: null, target: asContinuation(template, text) };
    },
  canBalance: false,
};

export const TASKS: ByTask<Task> = { classify, generate };

export const taskOf = (mapping: Pick<ColumnMapping, 'task'>): Task => TASKS[taskKindOf(mapping)];

/** A working prompt with no typing: template and answer words. */
export function propose(
  { mapping, labels }: Pick<Dataset, 'mapping' | 'labels'>,
  tokenise: Tokenise | null,
): { readonly template: string; readonly words: readonly AnswerWord[] } {
  const { template, words } = taskOf(mapping);
  const proposed = template(mapping, labels);
  return { template: proposed, words: words(labels, proposed, tokenise) };
}
