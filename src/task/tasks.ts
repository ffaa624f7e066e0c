import { columnAbove } from '../dataset/columns';
import { labelsIndexer, targetOf } from '../dataset/labels';
import type { ByTask, ColumnMapping, Dataset, LeftOutReason, Row } from '../dataset/types';
import {
  classifyInstruction,
  classifyTemplate,
  generateInstruction,
  generateTemplate,
  tagInstruction,
} from './propose';
import { proposeWords } from './propose-words';
import { asContinuation } from './template';
import type { AnswerWord, Example, Tokenise } from './types';

/** In a sentence about the row, and among the reasons that are counted. */
export interface LeftOutRow {
  readonly leftOut: string;
  readonly why: LeftOutReason;
}

type Labelled = Pick<Dataset, 'mapping' | 'labels'>;

export interface Task {
  readonly template: typeof classifyTemplate;
  /** Above the template: the start of a hand-written prompt, and of a tuned one. */
  readonly instruction: (dataset: Labelled, words: readonly AnswerWord[]) => string;
  /** By label; none where texts are generated. */
  readonly words: (labels: readonly string[], template: string, tokenise: Tokenise | null) => readonly AnswerWord[];
  /** In an example. */
  readonly shown: (dataset: Labelled, words: readonly AnswerWord[]) => (row: Row) => string;
  /** The known answer to a row, as it follows `template`. */
  readonly checked: (
    dataset: Labelled,
    template: string,
  ) => (row: Row) => Pick<Example, 'label' | 'tags' | 'target'> | LeftOutRow;
}

const classify: Task = {
  template: classifyTemplate,
  instruction: ({ labels }, words) => classifyInstruction(labels, words),
  words: proposeWords,
  shown: (dataset, words) => {
    const labelsAt = labelsIndexer(dataset);
    const wordOf = new Map(words.map(({ label, word }) => [label, word]));
    const named = (place: number) => {
      const label = dataset.labels[place] ?? '';
      return wordOf.get(label) ?? label;
    };
    return (row) => {
      const [first = '', ...others] = labelsAt(row).map(named);
      return [first, ...others.map((word) => word.trim())].join(', ');
    };
  },
  checked: (dataset) => {
    const labelsAt = labelsIndexer(dataset);
    return (row) => {
      const [label] = labelsAt(row);
      const cell = row.cells[dataset.mapping.label] ?? '';
      if (label !== undefined) return { label };
      return cell.trim() === ''
        ? { leftOut: 'it has no label', why: 'label' }
        : { leftOut: `its label “${cell.slice(0, 60)}” is none of this prompt’s`, why: 'unknown' };
    };
  },
};

/** As one label a row, but for all labels of the row. */
const tag: Task = {
  ...classify,
  instruction: ({ labels }, words) => tagInstruction(labels, words),
  checked: (dataset, template) => {
    const labelsAt = labelsIndexer(dataset);
    const checked = classify.checked(dataset, template);
    return (row) => {
      const found = checked(row);
      return 'leftOut' in found
        ? found
        : { ...found, tags: labelsAt(row).filter((place) => place < dataset.labels.length - 1) };
    };
  },
};

const generate: Task = {
  template: generateTemplate,
  instruction: ({ mapping }) => generateInstruction(mapping),
  words: () => [],
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
};

export const TASKS: ByTask<Task> = { classify, tag, generate };

export const taskOf = (mapping: Pick<ColumnMapping, 'task'>): Task => TASKS[mapping.task];

/** Nothing where the row has no answer. */
export function answersOf(
  dataset: Labelled,
  template: string,
): (row: Row) => Pick<Example, 'label' | 'tags' | 'target'> {
  const checked = taskOf(dataset.mapping).checked(dataset, template);
  return (row) => {
    const found = checked(row);
    return 'leftOut' in found ? { label: null } : found;
  };
}

/** With a second column of texts where there is one. */
export const templateFor = ({ mapping, labels, table }: Proposed): string =>
  taskOf(mapping).template(mapping, labels, columnAbove(table, mapping));

type Proposed = Pick<Dataset, 'mapping' | 'labels' | 'table'>;

/** Works with no typing. */
export function propose(
  dataset: Proposed,
  tokenise: Tokenise | null,
): { readonly template: string; readonly words: readonly AnswerWord[] } {
  const template = templateFor(dataset);
  return { template, words: taskOf(dataset.mapping).words(dataset.labels, template, tokenise) };
}
