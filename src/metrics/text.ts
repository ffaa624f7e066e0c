/** How close a generated text is to the expected one, from 0 to 1. */

/** Case, punctuation, the articles a, an, the, and white space aside (SQuAD; Rajpurkar et al. 2016). */
const plain = (text: string): readonly string[] =>
  text
    .toLowerCase()
    .replace(/[\p{P}\p{S}]/gu, '')
    .replace(/\b(?:a|an|the)\b/g, ' ')
    .split(/\s+/)
    .filter((word) => word !== '');

/** 1 where both have the same words in that sense. */
export const exactMatch = (written: string, wanted: string): number =>
  plain(written).join(' ') === plain(wanted).join(' ') ? 1 : 0;

/** F1 over the words that both have, each counted as often as it is in both (SQuAD). Two empty texts: 1. */
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

/** Which words two texts share, in their order, so that a reader sees where they differ. */

/** A run of words that the other text has too, or has not. White space goes with the word before it. */
export interface Piece {
  readonly text: string;
  readonly shared: boolean;
}

/** `at(i, j)`: how many items of `a` from i on and of `b` from j on are common, in this order. */
export function commonLengths(a: readonly string[], b: readonly string[]): (i: number, j: number) => number {
  const width = b.length + 1;
  const longest = new Uint32Array((a.length + 1) * width);
  const at = (i: number, j: number) => longest[i * width + j] ?? 0;
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      longest[i * width + j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
  return at;
}

/** Of more words than these only the first are compared: the table grows with the square. */
const MOST_WORDS = 800;

const split = (text: string): readonly string[] => text.match(/\S+\s*/g) ?? [];
const key = (word: string): string => word.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '') || word.trim();

/** Marks the words of `text` on the longest common subsequence with `other`; case and punctuation aside. */
export function commonWords(text: string, other: string): readonly Piece[] {
  const [words, others] = [split(text), split(other)];
  const [a, b] = [words.slice(0, MOST_WORDS).map(key), others.slice(0, MOST_WORDS).map(key)];
  const common = commonLengths(a, b);
  const pieces: Piece[] = [];
  const push = (word: string, shared: boolean) => {
    const last = pieces.at(-1);
    if (last?.shared === shared) pieces[pieces.length - 1] = { text: last.text + word, shared };
    else pieces.push({ text: word, shared });
  };
  let j = 0;
  words.forEach((word, i) => {
    while (j < b.length && a[i] !== b[j] && common(i, j + 1) === common(i, j)) j++;
    const shared = i < a.length && j < b.length && a[i] === b[j];
    if (shared) j++;
    push(word, shared);
  });
  return pieces;
}
