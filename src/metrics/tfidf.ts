/** Sparse row: column indices ascending, values. */
export interface SparseRow {
  readonly columns: Int32Array;
  readonly values: Float64Array;
}

export interface TfidfOptions {
  /** Longest word sequence that is one feature. */
  readonly ngrams: number;
  /** 1 + ln(count) instead of the count. */
  readonly sublinear: boolean;
}

/** The settings of the reference line of `docs/method/training.md`. */
export const RECIPE_TFIDF: TfidfOptions = { ngrams: 2, sublinear: true };

/** scikit-learn's default token pattern `\b\w\w+\b` on lower-cased text; `\w` = letters, numbers, underscore. */
const wordsIn = (text: string): readonly string[] =>
  (text.toLowerCase().match(/[\p{L}\p{N}_]+/gu) ?? []).filter((word) => [...word].length > 1);

function featuresOf(text: string, ngrams: number): string[] {
  const words = wordsIn(text);
  const out = [...words];
  for (let size = 2; size <= ngrams; size++)
    for (let i = 0; i + size <= words.length; i++) out.push(words.slice(i, i + size).join(' '));
  return out;
}

export interface Tfidf {
  readonly features: number;
  transform(texts: readonly string[]): readonly SparseRow[];
}

/**
 * Fits scikit-learn's TfidfVectorizer: idf = ln((1+n)/(1+df)) + 1, rows scaled to length 1, words that the fitting
 * texts do not contain ignored.
 */
export function fitTfidf(texts: readonly string[], options: TfidfOptions = RECIPE_TFIDF): Tfidf {
  const vocabulary = new Map<string, number>();
  const documents: number[] = [];
  for (const text of texts)
    for (const feature of new Set(featuresOf(text, options.ngrams))) {
      const index = vocabulary.get(feature) ?? vocabulary.size;
      vocabulary.set(feature, index);
      documents[index] = (documents[index] ?? 0) + 1;
    }
  const idf = documents.map((df) => Math.log((1 + texts.length) / (1 + df)) + 1);

  const row = (text: string): SparseRow => {
    const counts = new Map<number, number>();
    for (const feature of featuresOf(text, options.ngrams)) {
      const index = vocabulary.get(feature);
      if (index !== undefined) counts.set(index, (counts.get(index) ?? 0) + 1);
    }
    const entries = [...counts].sort((a, b) => a[0] - b[0]);
    const raw = entries.map(([i, n]) => (options.sublinear ? 1 + Math.log(n) : n) * (idf[i] as number));
    const norm = Math.sqrt(raw.reduce((sum, v) => sum + v * v, 0)) || 1;
    return {
      columns: Int32Array.from(entries, ([i]) => i),
      values: Float64Array.from(raw, (v) => v / norm),
    };
  };
  return { features: vocabulary.size, transform: (more) => more.map(row) };
}
