import { existsSync, readFileSync } from 'node:fs';
import Papa from 'papaparse';
import { describe, expect, it } from 'vitest';
import { argmax } from './classification';
import { fitLogistic, fitTfidf, fitWords, wordAnswers, wordClassifierScript } from './logistic';

describe('TF-IDF', () => {
  it('equals scikit-learn’s TfidfVectorizer on a small case', () => {
    // TfidfVectorizer().fit_transform(['the cat sat', 'the dog sat down', 'a Cat']): idf the = ln(4/3)+1, cat same, sat same, dog = ln(2)+1.
    const tfidf = fitTfidf(['the cat sat', 'the dog sat down', 'a Cat'], { ngrams: 1, sublinear: false });
    expect(tfidf.features).toBe(5);
    const [first, second, third] = tfidf.transform(['the cat sat', 'the dog sat down', 'a Cat']);
    expect([...(first?.values ?? [])].map((v) => v.toFixed(6))).toEqual(['0.577350', '0.577350', '0.577350']);
    expect([...(third?.values ?? [])]).toEqual([1]);
    const common = Math.log(4 / 3) + 1;
    const rare = Math.log(2) + 1;
    const norm = Math.sqrt(2 * common ** 2 + 2 * rare ** 2);
    expect([...(second?.values ?? [])].sort()).toEqual([common / norm, common / norm, rare / norm, rare / norm].sort());
  });

  it('leaves unknown texts empty', () => {
    expect(fitTfidf(['one two'], { ngrams: 2, sublinear: true }).transform(['three'])[0]?.values).toHaveLength(0);
  });
});

describe('logistic regression', () => {
  it('with one class always says it', () => {
    const classify = wordAnswers(fitWords(['a b', 'c d'], [1, 1], 3));
    expect(argmax(classify(['x y'])[0] ?? [])).toBe(1);
  });

  it('is at the minimum: its gradient is zero', () => {
    const rows = [0, 1, 2, 3].map((i) => ({ columns: Int32Array.from([i % 2]), values: Float64Array.from([1]) }));
    const model = fitLogistic(rows, [0, 1, 0, 0], 2, 2, 1);
    const p = model.predict(rows).map((row) => Math.exp(row[1] as number));
    // Intercept is not penalised: predicted and seen totals agree.
    expect(p.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 4);
  });
});

/**
 * Rows right with the first 256 training rows, by scikit-learn 1.9.1 (max_iter 5000, tol 1e-8): first
 * `TfidfVectorizer()` and `LogisticRegression(C=1)`, then the settings of docs/method/training.md's column, found by search:
 * `TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)` and `C=10`.
 */
const SKLEARN = [
  { name: 'sst2', rows: 400, plain: 257, recipe: 262, logProbs: [-0.35479, -1.208386] },
  { name: 'tweet-sentiment', rows: 400, plain: 192, recipe: 184, logProbs: [-2.586416, -0.476173, -1.192193] },
  { name: 'banking-intents', rows: 300, plain: 278, recipe: 287, logProbs: null },
] as const;

const FOLDER = new URL('../../../shared/data/', import.meta.url);
const have = existsSync(new URL('sst2-train.csv', FOLDER));

// Needs the benchmark data beside the repository; skipped, by name, where it is not.
describe.skipIf(!have)('word classifier against scikit-learn, on ../shared/data', () => {
  const read = (name: string) =>
    Papa.parse<{ text: string; label: string }>(readFileSync(new URL(name, FOLDER), 'utf8').trimEnd(), { header: true })
      .data;

  it.each(SKLEARN)('$name', ({ name, rows, plain, recipe, logProbs }) => {
    const train = read(`${name}-train.csv`).slice(0, 256);
    const test = read(`${name}-test.csv`).slice(0, rows);
    const labels = [...new Set(train.map((row) => row.label))].sort();
    const gold = train.map((row) => labels.indexOf(row.label));
    const right = (predictions: readonly (readonly number[])[]) =>
      predictions.filter((p, i) => labels[argmax(p)] === test[i]?.label).length;
    const texts = train.map((row) => row.text);
    const testTexts = test.map((row) => row.text);
    const byRecipe = wordAnswers(fitWords(texts, gold, labels.length))(testTexts);
    const byDefault = wordAnswers(fitWords(texts, gold, labels.length, { ngrams: 1, sublinear: false, c: 1 }))(
      testTexts,
    );
    const point = rows / 100;
    expect(Math.abs(right(byRecipe) - recipe)).toBeLessThan(point);
    expect(Math.abs(right(byDefault) - plain)).toBeLessThan(point);
    logProbs?.forEach((value, i) => {
      expect(byRecipe[0]?.[i]).toBeCloseTo(value, 2);
    });
  });
});

it('writes the settings of the word classifier into its Python program', () => {
  expect(wordClassifierScript()).toContain('TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)');
  expect(wordClassifierScript()).toContain('LogisticRegression(C=10, max_iter=5000)');
});
