/** The one way to ask prompts about rows of a data set. What the model has answered before is known: known-answers.ts. */
import { rowsOf, textOf } from '../dataset/labels';
import type { Dataset } from '../dataset/types';
import type { ScoreRequest, ScoreResult } from '../engine/types';
import { present } from '../lib/assert';
import type { Control } from '../lib/control';
import { type Prompt, softsOf } from '../prompt/prompt';
import { type AskedRow, askVoices, rowsBy, textsRead } from '../route/answering';
import type { Host } from './host';
import { type RowsRequest, type TokenisedRows, tokenRows } from './token-rows';

type Asked = Pick<Prompt, 'voices'>;

/** Uncalibrated, with the tokens of all voices. */
export type Answered = ScoreResult['rows'][number];

interface AskedRows extends Pick<ScoreRequest, 'rows' | 'cacheKey' | 'adapter' | 'timed'> {
  readonly dataset: Dataset;
}

/** Token rows of a prompt, in each of its texts; those that are too long for one are left out. @throws StudioError `bad-input` */
export async function textRows(
  host: Pick<Host, 'tokens' | 'neighbours'>,
  prompt: Asked,
  rows: Omit<RowsRequest, 'prompt' | 'words'>,
  control: Control,
): Promise<TokenisedRows> {
  const read: TokenisedRows[] = [];
  for (const text of textsRead(prompt))
    read.push(await tokenRows(host, { ...rows, prompt: text, words: text.words, softs: softsOf(prompt) }, control));
  const [first, ...others] = read as [TokenisedRows, ...TokenisedRows[]];
  if (others.length === 0) return first;
  const tooLong = [...new Set(read.flatMap((each) => each.tooLong))];
  const [own = [], ...more] = read.map((each) => each.rows.filter(({ rowId }) => !tooLong.includes(rowId)));
  return {
    ...first,
    tooLong,
    rows: own.map((row, i): AskedRow => ({ ...row, others: more.map((all) => present(all[i], row.rowId)) })),
  };
}

/** What the voices of a prompt say together. @param onShare done, 0 to 1 */
export function ask(
  host: Pick<Host, 'engine' | 'tokens'>,
  prompt: Asked,
  { dataset, rows, ...how }: AskedRows,
  control: Control,
  onShare?: (share: number) => void,
): Promise<ScoreResult> {
  const ids = rows.map(({ rowId }) => rowId);
  const plain = () => rowsOf(dataset, ids).map((row) => textOf(row, dataset.mapping));
  return askVoices(host, prompt, { ...how, read: rowsBy(prompt, rows), plain }, control, onShare);
}

/** Answers by row id; a row that does not fit the model has none. */
export async function askIds(
  host: Pick<Host, 'engine' | 'tokens' | 'neighbours'>,
  prompt: Asked,
  { ids, ...how }: Omit<AskedRows, 'rows'> & { readonly ids: readonly string[] },
  control: Control,
  onShare?: (share: number) => void,
): Promise<ReadonlyMap<string, Answered>> {
  const { rows } = await textRows(host, prompt, { dataset: how.dataset, split: ids }, control);
  const answers = await ask(host, prompt, { ...how, rows }, control, onShare);
  return new Map(answers.rows.map((row) => [row.rowId, row]));
}
