/** Which words two texts share, in their order, so that a reader sees where they differ. */

/** A run of words that the other text has too, or has not. White space goes with the word before it. */
export interface Piece {
  readonly text: string;
  readonly shared: boolean;
}

/** More words than these are compared by their beginnings alone: the table grows with the square. */
const MOST_WORDS = 800;

const split = (text: string): readonly string[] => text.match(/\S+\s*/g) ?? [];
const key = (word: string): string => word.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '') || word.trim();

/** Marks the words of `text` on the longest common subsequence with `other`; case and punctuation aside. */
export function commonWords(text: string, other: string): readonly Piece[] {
  const [words, others] = [split(text), split(other)];
  const [a, b] = [words.slice(0, MOST_WORDS).map(key), others.slice(0, MOST_WORDS).map(key)];
  const width = b.length + 1;
  const longest = new Uint32Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      longest[i * width + j] =
        a[i] === b[j]
          ? (longest[(i + 1) * width + j + 1] ?? 0) + 1
          : Math.max(longest[(i + 1) * width + j] ?? 0, longest[i * width + j + 1] ?? 0);
  const pieces: Piece[] = [];
  const push = (word: string, shared: boolean) => {
    const last = pieces.at(-1);
    if (last?.shared === shared) pieces[pieces.length - 1] = { text: last.text + word, shared };
    else pieces.push({ text: word, shared });
  };
  let j = 0;
  words.forEach((word, i) => {
    while (j < b.length && a[i] !== b[j] && (longest[i * width + j + 1] ?? 0) === (longest[i * width + j] ?? 0)) j++;
    const shared = i < a.length && j < b.length && a[i] === b[j];
    if (shared) j++;
    push(word, shared);
  });
  return pieces;
}
