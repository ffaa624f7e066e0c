/** The product's verbs: what a page or a command line can ask for. One file a verb, or a few that belong together. */

import { type CostRequest, type Costs, costsOf, type RollOutRequest, rollOutOf } from '../decide/measured';
import type { RollOut } from '../decide/roll-out';
import type { Exported } from '../interchange/exported';
import { batch, batchFile, batchLeftOut, batchTokens, batchUnsure } from './batch';
import type { RowsDone } from './check-rows';
import { consistency, everyRow, fineTune } from './checks';
import { compare, comparedRows, comparisonTokens } from './compare';
import { distil } from './distil';
import type { Order } from './export-subjects';
import type { RecipientId } from './exports';
import { findWords } from './find-words';
import { compareCells, fillGrid } from './grid';
import type { Verb } from './host';
import { checkImport, proposeImport, readImport } from './import';
import { improve } from './improve';
import { answerText, continueText, weighWords } from './play';
import { readAhead } from './read-ahead';
import { closeRows, openRows } from './rows-file';
import { countRows, timeTokens } from './run-rows';
import { train } from './train';
import { isWorseThanBare, readPrompt, timePrompt, tryPrompt, tryTokens } from './try-prompt';
import { twin } from './twin';

const decideCosts: Verb<CostRequest, never, Costs> = async (_host, request) => costsOf(request);
const rehearseRollOut: Verb<RollOutRequest, never, RollOut> = async (_host, request) => rollOutOf(request);

export interface ExportRequest extends Order {
  readonly recipient: RecipientId;
}

/** Makes a package for a recipient. The formats and reports are loaded when the first one is made. */
export const exportPackage: Verb<ExportRequest, RowsDone, Exported> = async (host, { recipient, ...order }, run) => {
  const { makePackage } = await import('./packages');
  return makePackage(host, recipient, order, run);
};

/** Every verb by its name; the protocol of the workflow worker is derived from it. */
export const VERBS = {
  answerText,
  batch,
  batchFile,
  batchLeftOut,
  batchTokens,
  batchUnsure,
  checkImport,
  closeRows,
  compare,
  compareCells,
  comparedRows,
  comparisonTokens,
  consistency,
  continueText,
  countRows,
  decideCosts,
  distil,
  everyRow,
  exportPackage,
  fillGrid,
  findWords,
  fineTune,
  improve,
  isWorseThanBare,
  openRows,
  proposeImport,
  readAhead,
  readImport,
  readPrompt,
  rehearseRollOut,
  timePrompt,
  timeTokens,
  train,
  tryPrompt,
  tryTokens,
  twin,
  weighWords,
} satisfies Readonly<Record<string, Verb<never, unknown, unknown>>>;

export type Verbs = typeof VERBS;
