/** The product's verbs: what a page or a command line can ask for. One file a verb, or a few that belong together. */

import { type CostRequest, type Costs, costsOf } from '../decide/measured';
import { batch, batchAgain, batchFile, batchLeftOut, batchUnsure } from './batch';
import { consistency, everyRow } from './checks';
import { compare } from './compare';
import { exportPackage } from './export';
import { findWords } from './find-words';
import type { Verb } from './host';
import { checkImport, proposeImport, readImport } from './import';
import { improve } from './improve';
import { compareCells, fillMatrix } from './matrix';
import { measure } from './measure';
import { answerText, continueText } from './play';
import { closeRows, openRows } from './rows-file';
import { countRows, timeTokens } from './run-rows';
import { train } from './train';
import { readPrompt, timePrompt, tryPrompt } from './try-prompt';

const decideCosts: Verb<CostRequest, never, Costs> = async (_host, request) => costsOf(request);

/** Every verb by its name; the protocol of the workflow worker is derived from it. */
export const VERBS = {
  answerText,
  batch,
  batchAgain,
  batchFile,
  batchLeftOut,
  batchUnsure,
  checkImport,
  closeRows,
  compare,
  compareCells,
  consistency,
  continueText,
  countRows,
  decideCosts,
  everyRow,
  exportPackage,
  fillMatrix,
  findWords,
  improve,
  measure,
  openRows,
  proposeImport,
  readImport,
  readPrompt,
  timePrompt,
  timeTokens,
  train,
  tryPrompt,
} satisfies Readonly<Record<string, Verb<never, unknown, unknown>>>;

export type Verbs = typeof VERBS;
