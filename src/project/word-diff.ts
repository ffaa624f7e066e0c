/** What changed between two texts, word by word: the longest common subsequence of words and the white space between them. */

export interface DiffPart {
  readonly kind: 'same' | 'removed' | 'added';
  readonly text: string;
}

/** Words times words that are compared; beyond, what differs counts as replaced whole. */
const MOST_PAIRS = 4_000_000;

const pieces = (text: string): readonly string[] => text.match(/\s+|[\p{L}\p{M}\p{N}_]+|[^\s\p{L}\p{M}\p{N}_]/gu) ?? [];

/** Joining the parts that are not `added` gives `before`, joining those that are not `removed` gives `after`. */
export function wordDiff(before: string, after: string): readonly DiffPart[] {
  const a = pieces(before);
  const b = pieces(after);
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head++;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++;
  const parts: DiffPart[] = [];
  const put = (kind: DiffPart['kind'], words: readonly string[]) => {
    const text = words.join('');
    const last = parts.at(-1);
    if (text === '') return;
    if (last?.kind === kind) parts[parts.length - 1] = { kind, text: last.text + text };
    else parts.push({ kind, text });
  };
  put('same', a.slice(0, head));
  middle(a.slice(head, a.length - tail), b.slice(head, b.length - tail), put);
  put('same', a.slice(a.length - tail));
  return parts;
}

function middle(
  a: readonly string[],
  b: readonly string[],
  put: (kind: DiffPart['kind'], words: readonly string[]) => void,
): void {
  if (a.length * b.length > MOST_PAIRS) {
    put('removed', a);
    put('added', b);
    return;
  }
  // longest[i][j] = words in common of a from i on and b from j on
  const width = b.length + 1;
  const longest = new Uint16Array((a.length + 1) * width);
  const at = (i: number, j: number) => longest[i * width + j] ?? 0;
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      longest[i * width + j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    if (a[i] === b[j]) {
      put('same', a.slice(i, i + 1));
      i++;
      j++;
    } else if (at(i + 1, j) >= at(i, j + 1)) {
      put('removed', a.slice(i, i + 1));
      i++;
    } else {
      put('added', b.slice(j, j + 1));
      j++;
    }
  }
  put('removed', a.slice(i));
  put('added', b.slice(j));
}
