/** Rows whose answer is a text of its own: the task is to write it. */
import { taskKindOf } from './kind';
import { labelOf } from './labels';
import type { ColumnMapping, Row } from './types';

export const writes = (mapping: Pick<ColumnMapping, 'task'>): boolean => taskKindOf(mapping) === 'generate';

/** The row's text to be written, as it is trained on: one line, as the end of a line ends an answer. */
export const targetOf = (row: Row, mapping: ColumnMapping): string =>
  labelOf(row, mapping)
    .trim()
    .replace(/\s*[\n\r\u2028\u2029]+\s*/g, ' ');

/** What the parts of a split are alike in: their labels; texts to be written have no kinds. */
export const stratumOf = (row: Row, mapping: ColumnMapping): string => (writes(mapping) ? '' : labelOf(row, mapping));
