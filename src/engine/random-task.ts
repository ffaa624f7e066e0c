import { createRng } from '../lib/rng';
import type { LabelTokens, TokenRow } from '../tokens/types';

/** Seeded token ids below `vocabulary`. */
export function randomIds(count: number, vocabulary: number, seed: number): number[] {
  const rng = createRng(seed);
  return Array.from({ length: count }, () => rng.int(vocabulary));
}

/** Rows of the given lengths in tokens, and four answers: any model can be asked, whatever its tokens mean. */
export function randomTask(
  vocabulary: number,
  lengths: readonly number[],
  seed: number,
): { readonly rows: TokenRow[]; readonly labels: LabelTokens[] } {
  const rows = lengths.map((length, i) => ({
    rowId: String(i),
    ids: Int32Array.from(randomIds(length, vocabulary, seed + 10 + i)),
    label: i,
  }));
  const ids = [...new Set(randomIds(16, vocabulary, seed + 20))].slice(0, 4);
  return { rows, labels: ids.map((id) => ({ label: String(id), word: String(id), tokenIds: [id] })) };
}
