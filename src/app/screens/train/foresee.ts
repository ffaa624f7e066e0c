/** How well the texts to be written are foreseen, without writing any. */
import type { SoftPrompt } from '../../../prompt/types';
import type { TokenRow } from '../../../tokens/types';
import type { WriteRequest, WrittenRow } from '../../../worker/protocol';

export const foreseeing = (
  rows: readonly TokenRow[],
  cacheKey: string | null,
  soft: SoftPrompt | null = null,
): WriteRequest => ({ rows, soft, cacheKey, maxNewTokens: 0, endTokenIds: [], breakTokenIds: [] });

/** As training measures validation rows: mean cross-entropy a token and share of tokens foreseen. */
export function foreseen(rows: readonly WrittenRow[]): { readonly loss: number; readonly share: number } {
  const scores = rows.flatMap(({ target }) => target ?? []);
  const sum = (of: (score: (typeof scores)[number]) => number) => scores.reduce((total, score) => total + of(score), 0);
  return {
    loss: -sum(({ logProb, tokens }) => logProb / tokens) / Math.max(1, scores.length),
    share:
      sum((score) => score.correct) /
      Math.max(
        1,
        sum(({ tokens }) => tokens),
      ),
  };
}
