/** A first prompt for generating a text, from the names of the columns. */
import type { ColumnMapping } from '../../dataset/types';
import { answerName, textName } from '../column-names';

const DULL_ANSWER = new Set('target output answer completion response expected gold y column text b'.split(' '));

const answer = (mapping: ColumnMapping) => answerName(mapping, DULL_ANSWER, 'Answer');

/** For example `Ticket: {text}\nSummary:`. */
export const proposeTemplate = (mapping: ColumnMapping): string => `${textName(mapping)}: {text}\n${answer(mapping)}:`;

/** The start of a hand-written prompt, and of a tuned one. */
export const proposeInstruction = (mapping: ColumnMapping): string =>
  `Read the ${textName(mapping).toLowerCase()} and write the ${answer(mapping).toLowerCase()} in one line.`;
