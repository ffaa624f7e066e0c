import { labelIndexer } from '../../dataset/labels';
import type { Task } from '../task';
import { proposeInstruction, proposeTemplate, proposeWords } from './propose';

/** Choosing one of a few labels. */
export const classify: Task = {
  template: proposeTemplate,
  instruction: ({ labels }, words) => proposeInstruction(labels, words),
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
      return label === null ? { leftOut: `its label “${cell.slice(0, 60)}” is none of this prompt’s` } : { label };
    };
  },
  canBalance: true,
};
