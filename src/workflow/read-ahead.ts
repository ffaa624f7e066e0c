/** Reads the texts of a run before anybody asks for it, while the engine has nothing else to do. */
import type { RowsRead } from '../inference/text-cache';
import { CORE } from '../training/settings';
import type { Verb } from './host';
import { type RowsOfRun, runInputs } from './run-rows';
import { cacheKeyOf } from './training-rows';

/** Read at most: about a minute on WebAssembly with two threads. */
const AHEAD_TOKENS = 12_000;

/** Rows of the text cache. */
export type AheadEvent = RowsRead;

/** How far it came; `interrupted` = something else needed the engine: ask again. */
export type AheadEnd = 'interrupted' | 'read';

export const readAhead: Verb<RowsOfRun, AheadEvent, AheadEnd> = async (host, rows, { control, emit }) => {
  const { train, validation } = await runInputs(host, { ...rows, settings: { placement: 'suffix' } }, control);
  const cacheKey = cacheKeyOf(rows.dataset.fingerprint, rows.template);
  const request = { train, validation, cacheKey, core: CORE.rows, tokens: AHEAD_TOKENS };
  return (await host.engine.readAhead(request, control, emit)) ? 'read' : 'interrupted';
};
