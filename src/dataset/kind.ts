/** The two kinds of task: a prompt chooses one of a few labels, or generates a text. */
import type { ColumnMapping } from './types';

export type TaskKind = 'classify' | 'generate';

/** One value for each kind of task: a table that lacks a kind does not compile. */
export type ByTask<T> = { readonly [K in TaskKind]: T };

/** Files store `task: 'write'` for generation and nothing for classification. */
export const taskKindOf = ({ task }: Pick<ColumnMapping, 'task'>): TaskKind =>
  task === 'write' ? 'generate' : 'classify';

/** The part of a stored mapping that names its kind; spread it into the mapping. */
export const storedTask = (kind: TaskKind): Pick<ColumnMapping, 'task'> =>
  kind === 'generate' ? { task: 'write' } : {};
