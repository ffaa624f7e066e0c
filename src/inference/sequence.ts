import type { SoftPrompt } from '../prompt/types';

/**
 * A sequence as the model sees it: token ids, and virtual token j written as the negative number ~j. So a placement is
 * nothing but an order, and the longest common prefix of two sequences is a comparison of numbers.
 */
export type MixedTokens = Int32Array;

const virtualTokens = (count: number) => Array.from({ length: count }, (_, j) => ~j);

/** `[soft, ids]` (prefix), `[ids, soft]` (suffix), or the ids alone. */
export function withSoft(ids: Int32Array, soft: Pick<SoftPrompt, 'placement' | 'virtualTokens'> | null): MixedTokens {
  if (!soft) return ids;
  const virtual = virtualTokens(soft.virtualTokens);
  return soft.placement === 'prefix' ? Int32Array.from([...virtual, ...ids]) : Int32Array.from([...ids, ...virtual]);
}

/** Tokens that all the sequences begin with. */
export function commonPrefixLength(sequences: readonly MixedTokens[]): number {
  const [first, ...others] = sequences;
  if (!first) return 0;
  let length = first.length;
  for (const other of others) {
    length = Math.min(length, other.length);
    for (let i = 0; i < length; i++) if (other[i] !== first[i]) length = i;
  }
  return length;
}
