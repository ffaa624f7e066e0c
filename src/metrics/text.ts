/** How near a written text is to the one that was wanted. All are 0 to 1, but for perplexity. */

/** Case, punctuation, the articles a, an, the, and white space aside (SQuAD; Rajpurkar et al. 2016). */
const plain = (text: string): readonly string[] =>
  text
    .toLowerCase()
    .replace(/[\p{P}\p{S}]/gu, '')
    .replace(/\b(?:a|an|the)\b/g, ' ')
    .split(/\s+/)
    .filter((word) => word !== '');

/** 1 where both are the same, in that sense. */
export const exactMatch = (written: string, wanted: string): number =>
  plain(written).join(' ') === plain(wanted).join(' ') ? 1 : 0;

/** F1 over the words that both have, each as often as both have it (SQuAD). Two empty texts: 1. */
export function tokenF1(written: string, wanted: string): number {
  const [a, b] = [plain(written), plain(wanted)];
  if (a.length === 0 || b.length === 0) return a.length === b.length ? 1 : 0;
  const left = new Map<string, number>();
  for (const word of b) left.set(word, (left.get(word) ?? 0) + 1);
  let shared = 0;
  for (const word of a) {
    const count = left.get(word) ?? 0;
    if (count > 0) shared++;
    left.set(word, count - 1);
  }
  return f1(shared, a.length, b.length);
}

/** Runs of letters and digits in lower case. For ASCII texts these are the tokens of the package rouge-score. */
const words = (text: string): readonly string[] => text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];

/** ROUGE-L: F1 over the longest common subsequence of words (Lin 2004), without stemming. */
export function rougeL(written: string, wanted: string): number {
  const [a, b] = [words(written), words(wanted)];
  if (a.length === 0 || b.length === 0) return 0;
  return f1(longestCommonSubsequence(a, b), a.length, b.length);
}

function longestCommonSubsequence(a: readonly string[], b: readonly string[]): number {
  let row = new Uint32Array(b.length + 1);
  for (const word of a) {
    const next = new Uint32Array(b.length + 1);
    for (let j = 1; j <= b.length; j++)
      next[j] = word === b[j - 1] ? (row[j - 1] as number) + 1 : Math.max(row[j] as number, next[j - 1] as number);
    row = next;
  }
  return row[b.length] as number;
}

const f1 = (shared: number, a: number, b: number) => (2 * shared) / (a + b);

/** exp of the mean cross-entropy a token. */
export const perplexity = (scores: readonly { readonly logProb: number; readonly tokens: number }[]): number =>
  Math.exp(
    -scores.reduce((sum, { logProb }) => sum + logProb, 0) / scores.reduce((sum, { tokens }) => sum + tokens, 0),
  );
