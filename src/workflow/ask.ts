/** The one way to ask prompts about rows of a data set. What the model has answered before is known: known-answers.ts. */
import { rowsOf, textOf } from '../dataset/labels';
import type { Dataset } from '../dataset/types';
import type { ScoreRequest, ScoreResult } from '../engine/types';
import { present } from '../lib/assert';
import type { Control } from '../lib/control';
import { pooledAnswers } from '../metrics/calibration';
import { wordAnswers } from '../metrics/logistic';
import { firstText, type Prompt, textsOf } from '../prompt/prompt';
import { labelTokens } from '../tokens/tokenizer';
import type { Host } from './host';
import { type RowsRequest, type TokenisedRows, tokenRows } from './token-rows';

type Asked = Pick<Prompt, 'voices'>;

/** Uncalibrated, with the tokens of all voices. */
export type Answered = ScoreResult['rows'][number];

interface AskedRows extends Pick<ScoreRequest, 'rows' | 'cacheKey' | 'adapter' | 'timed'> {
  readonly dataset: Dataset;
}

/** Token rows of a prompt of one text. @throws StudioError `bad-input` */
export function textRows(
  host: Pick<Host, 'tokens' | 'neighbours'>,
  prompt: Asked,
  rows: Omit<RowsRequest, 'prompt' | 'words'>,
  control: Control,
): Promise<TokenisedRows> {
  const text = firstText(prompt);
  return tokenRows(host, { ...rows, prompt: text, words: text.words }, control);
}

/** What the voices of a prompt of one text say together. @param onShare done, 0 to 1 */
export async function ask(
  { engine, tokens }: Pick<Host, 'engine' | 'tokens'>,
  prompt: Asked,
  { dataset, ...asked }: AskedRows,
  control: Control,
  onShare: (share: number) => void = () => undefined,
): Promise<ScoreResult> {
  const texts = textsOf(prompt);
  const scored: ScoreResult[] = [];
  for (const [v, { words, soft }] of texts.entries()) {
    const tell = (done: number) => onShare((v + done / Math.max(1, asked.rows.length)) / texts.length);
    scored.push(await engine.score({ ...asked, labels: labelTokens(tokens, words), soft }, control, tell));
  }
  const [first] = scored;
  const { rows } = present(first, 'a text');
  const counting = prompt.voices.filter((voice) => voice.kind === 'counts');
  const ids = rows.map(({ rowId }) => rowId);
  const plain = counting.length > 0 ? rowsOf(dataset, ids).map((row) => textOf(row, dataset.mapping)) : [];
  const together = pooledAnswers(
    [
      ...scored.map((each) => each.rows.map(({ logProbs }) => logProbs)),
      ...counting.map(({ counts }) => wordAnswers(counts)(plain)),
    ],
    [...texts, ...counting].map(({ weight }) => weight),
  );
  const total = (of: (each: ScoreResult) => number) => scored.reduce((sum, each) => sum + of(each), 0);
  return {
    rows: rows.map(({ rowId }, i) => ({
      rowId,
      logProbs: present(together[i], 'answer'),
      tokensSent: total((each) => present(each.rows[i], 'row').tokensSent),
      tokensComputed: total((each) => present(each.rows[i], 'row').tokensComputed),
    })),
    rowsRun: total(({ rowsRun }) => rowsRun),
    seconds: total(({ seconds }) => seconds),
  };
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
