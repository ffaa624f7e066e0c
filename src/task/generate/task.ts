import { targetOf } from '../../dataset/writing';
import type { Task } from '../task';
import { asContinuation } from '../template';
import { proposeInstruction, proposeTemplate } from './propose';

/** Generating a text of one line. */
export const generate: Task = {
  template: proposeTemplate,
  instruction: ({ mapping }) => proposeInstruction(mapping),
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
        ? { leftOut: 'it has no expected text' }
        : { label: null, target: asContinuation(template, text) };
    },
  canBalance: false,
};
