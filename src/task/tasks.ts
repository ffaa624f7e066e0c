/** The kinds of task, by name. */
import { type ByTask, taskKindOf } from '../dataset/kind';
import type { ColumnMapping, Dataset } from '../dataset/types';
import { classify } from './classify/task';
import { generate } from './generate/task';
import type { Task } from './task';
import type { LabelWord, Tokenise } from './types';

export const TASKS: ByTask<Task> = { classify, generate };

export const taskOf = (mapping: Pick<ColumnMapping, 'task'>): Task => TASKS[taskKindOf(mapping)];

/** A working prompt with no typing: template and answer words. */
export function propose(
  { mapping, labels }: Pick<Dataset, 'mapping' | 'labels'>,
  tokenise: Tokenise | null,
): { readonly template: string; readonly words: readonly LabelWord[] } {
  const { template, words } = taskOf(mapping);
  const proposed = template(mapping, labels);
  return { template: proposed, words: words(labels, proposed, tokenise) };
}
