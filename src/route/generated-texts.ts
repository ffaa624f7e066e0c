/** Rows answered with generated texts. */

import { isUsable, targetOf } from '../dataset/labels';
import type { Dataset } from '../dataset/types';
import type { WriteRequest, WrittenRow } from '../engine/types';
import type { Control } from '../lib/control';
import { type TargetLengths, targetLengths } from '../tokens/text-lengths';
import { decoded, type OpenTokenizer, RESERVED_TOKENS, type TokenRow, targetIds } from '../tokens/tokenizer';

/** What turns texts into tokens; every host has it. */
export interface TokenHost {
  readonly tokens: OpenTokenizer;
}

/** A host whose model generates texts. */
export interface WritingHost extends TokenHost {
  readonly engine: {
    write(
      request: WriteRequest,
      control: Control,
      onProgress?: (rowsDone: number) => void,
    ): Promise<readonly WrittenRow[]>;
  };
}

/** Tokens of an answer where neither the prompt set nor a data set says. */
export const FALLBACK_TOKENS = 64;

/** Tokens of the expected texts; row ids of those that leave too little room for the text before them. */
export function answerLengths(
  { tokens }: TokenHost,
  { table, mapping }: Dataset,
): TargetLengths & { readonly overRowIds: readonly string[] } {
  const rows = table.rows.filter((row) => isUsable(row, mapping));
  const texts = rows.map((row) => ` ${targetOf(row, mapping)}`);
  const budget = Math.floor(tokens.context / 2) - RESERVED_TOKENS;
  const found = targetLengths(texts, (text) => targetIds(tokens, text, false), budget);
  return { ...found, overRowIds: found.over.flatMap((place) => rows[place]?.id ?? []) };
}

/** How many tokens an answer may have: as set for the prompt set, else as the texts of the data set suggest. */
export const longestAnswer = (host: TokenHost, longest: number | null | undefined, dataset: Dataset | null): number =>
  longest ?? (dataset ? answerLengths(host, dataset).longest : FALLBACK_TOKENS);

/** Generating a token takes about as long as reading this many (docs/benchmarks.md, “Time said and time taken”). */
export const GENERATED_TOKEN = 4;

interface GeneratedText {
  readonly rowId: string;
  readonly text: string;
  readonly target: WrittenRow['target'];
}

/** The most likely answer to each row, and how well the model predicts its expected one. */
export async function generateTexts(
  { engine, tokens }: WritingHost,
  asked: Pick<WriteRequest, 'rows' | 'soft' | 'cacheKey'> & { readonly longest: number },
  control: Control,
  onProgress?: (rowsDone: number) => void,
): Promise<readonly GeneratedText[]> {
  const { longest, ...request } = asked;
  const ends = { endTokenIds: tokens.tokenizer.endTokenIds, breakTokenIds: tokens.breaks() };
  const written = await engine.write({ ...request, maxNewTokens: longest, ...ends }, control, onProgress);
  return written.map(({ rowId, target, ids }) => ({ rowId, target, text: decoded(tokens, ids) }));
}

/** A request that scores the expected texts of rows without generating any. */
export const scoringTargets = (
  rows: readonly TokenRow[],
  cacheKey: string | null,
  soft: WriteRequest['soft'] = null,
): WriteRequest => ({ rows, soft, cacheKey, maxNewTokens: 0, endTokenIds: [], breakTokenIds: [] });

/** As training scores validation rows: mean cross-entropy per token, and the share of tokens that the model predicts. */
export function targetScores(rows: readonly Pick<WrittenRow, 'target'>[]): {
  readonly loss: number;
  readonly tokenShare: number;
} {
  const scores = rows.flatMap(({ target }) => target ?? []);
  const sum = (of: (score: (typeof scores)[number]) => number) => scores.reduce((total, score) => total + of(score), 0);
  return {
    loss: -sum(({ logProb, tokens }) => logProb / tokens) / Math.max(1, scores.length),
    tokenShare:
      sum((score) => score.correct) /
      Math.max(
        1,
        sum(({ tokens }) => tokens),
      ),
  };
}
