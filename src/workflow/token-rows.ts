/** Rows of a data set under a prompt, as token ids: the one way from a row to the model. */

import { rowsKey } from '../dataset/keys';
import { isUsable, textOf } from '../dataset/labels';
import type { Dataset, SplitName } from '../dataset/types';
import { present } from '../lib/assert';
import type { Control } from '../lib/control';
import { unwrap } from '../lib/result';
import type { SoftPrompt } from '../prompt/soft-prompt';
import { whyTooLong } from '../route/answering';
import { findNeighbours, neighbourPlan } from '../task/neighbours';
import { findCollisions } from '../task/propose-words';
import { renderRows } from '../task/render';
import type { AnswerWord, Example, Neighbours, PromptText } from '../task/types';
import { type TextLengths, textLengths } from '../tokens/text-lengths';
import {
  encodeRow,
  labelTokens,
  type OpenTokenizer,
  RESERVED_TOKENS,
  type TokenRow,
  targetIds,
} from '../tokens/tokenizer';
import type { Host } from './host';

export interface RowsRequest {
  readonly dataset: Dataset;
  readonly prompt: PromptText;
  readonly words: readonly AnswerWord[];
  readonly split: SplitName | readonly string[];
  /** Tokens that must be free for an answer; a target's own are counted without it. */
  readonly room?: number | undefined;
  /** The vectors that it is read with. */
  readonly softs?: readonly SoftPrompt[];
}

export interface TokenisedRows {
  readonly rows: readonly TokenRow[];
  /** Ids of rows that do not fit the model's context, or the prompt; they are not among `rows`. */
  readonly tooLong: readonly string[];
  readonly meanTokens: number;
  readonly maxTokens: number;
}

const isNearest = ({ selection, shots }: PromptText) => selection === 'nearest' && shots > 0;

/** @param neighbours needed for a prompt with the nearest examples @throws StudioError `bad-input` for a bad template */
export function renderExamples(
  { tokenizer }: Pick<OpenTokenizer, 'tokenizer'>,
  request: RowsRequest,
  neighbours: Neighbours | null,
): readonly Example[] {
  const { dataset, prompt, words, split } = request;
  const examples = unwrap(renderRows(dataset, prompt, words, split, neighbours));
  if (!prompt.chat) return examples;
  const inChat = (text: string) => tokenizer.chat(text) ?? text;
  return examples.map(({ text, otherOrders, ...example }) => ({
    ...example,
    text: inChat(text),
    ...(otherOrders ? { otherOrders: otherOrders.map(inChat) } : {}),
  }));
}

function tokenise(tokens: OpenTokenizer, request: RowsRequest, neighbours: Neighbours | null): TokenisedRows {
  const { encode } = tokens;
  const all = renderExamples(tokens, request, neighbours).map(
    ({ rowId, text, cue, label, tags, otherOrders, target }): TokenRow => ({
      rowId,
      label,
      ...(tags && { tags }),
      ...encodeRow(encode, { text, cue }),
      ...(otherOrders ? { otherOrders: otherOrders.map(encode) } : {}),
      ...(target === undefined ? {} : { target: targetIds(tokens, target, request.prompt.chat ?? false) }),
    }),
  );
  const rows = all.filter((row) => whyTooLong(tokens, row, request.softs ?? [], request.room ?? 0) === null);
  const kept = new Set(rows.map(({ rowId }) => rowId));
  const lengths = rows.map(({ ids }) => ids.length);
  return {
    rows,
    tooLong: all.filter(({ rowId }) => !kept.has(rowId)).map(({ rowId }) => rowId),
    meanTokens: lengths.length === 0 ? 0 : lengths.reduce((a, b) => a + b, 0) / lengths.length,
    maxTokens: lengths.reduce((a, b) => Math.max(a, b), 0),
  };
}

export const neighboursFor = async (
  host: Pick<Host, 'neighbours'>,
  { dataset, prompt }: Pick<RowsRequest, 'dataset' | 'prompt'>,
  control: Control,
  onProgress?: (done: number, total: number) => void,
): Promise<Neighbours | null> => (isNearest(prompt) ? host.neighbours(dataset, control, onProgress) : null);

/** Tokenised rows; reads the token vectors first where the prompt shows the nearest examples. @throws StudioError `bad-input` */
export async function tokenRows(
  host: Pick<Host, 'tokens' | 'neighbours'>,
  request: RowsRequest,
  control: Control,
  onVectors?: (done: number, total: number) => void,
): Promise<TokenisedRows> {
  return tokenise(host.tokens, request, await neighboursFor(host, request, control, onVectors));
}

export const labelCollisions = ({ encode }: Pick<OpenTokenizer, 'encode'>, words: readonly AnswerWord[]) =>
  findCollisions(labelTokens({ encode }, words), encode);

export function rowLengths(
  { tokens: { tokenizer, context } }: Pick<Host, 'tokens'>,
  { table, mapping }: Dataset,
): TextLengths & { readonly overRowIds: readonly string[] } {
  const rows = table.rows.filter((row) => isUsable(row, mapping));
  const texts = rows.map((row) => textOf(row, mapping));
  const found = textLengths(texts, tokenizer.encode, context - RESERVED_TOKENS);
  return { ...found, overRowIds: found.over.map((place) => present(rows[place], 'row').id) };
}

/** Remembered for the last data set. @param of read when needed: another model may be loaded meanwhile */
export function rememberedNeighbours(of: () => Pick<Host, 'tokens' | 'engine'>): Host['neighbours'] {
  let last: { readonly key: string; readonly by: OpenTokenizer; readonly found: Promise<Neighbours> } | null = null;
  return (dataset, control, onProgress) => {
    const { tokens, engine } = of();
    const key = rowsKey(dataset, engine.info.sha256);
    if (last?.key === key && last.by === tokens) return last.found;
    const plan = neighbourPlan(dataset, tokens.tokenizer.encode);
    const { tokenIds } = plan;
    const reading = engine
      .tokenVectors(tokenIds, control, (done) => onProgress?.(done, tokenIds.length))
      .then((vectors) => findNeighbours(plan, { ids: tokenIds, vectors, hidden: engine.info.hidden }));
    const mine = { key, by: tokens, found: reading };
    last = mine;
    reading.catch(() => {
      if (last === mine) last = null;
    });
    return reading;
  };
}
