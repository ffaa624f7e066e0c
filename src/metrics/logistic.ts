import { logSoftmax } from './classification';
import { minimise } from './minimise';

/** Column indices ascending. */
export interface SparseRow {
  readonly columns: Int32Array;
  readonly values: Float64Array;
}

export interface TfidfOptions {
  /** Words in the longest feature. */
  readonly ngrams: number;
  /** 1 + ln(count) instead of the count. */
  readonly sublinear: boolean;
}

/** Of the reference line of `docs/method/training.md`. */
const RECIPE_TFIDF: TfidfOptions = { ngrams: 2, sublinear: true };

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
  /** By column. */
  readonly vocabulary: readonly string[];
  readonly idf: readonly number[];
  readonly features: number;
  transform(texts: readonly string[]): readonly SparseRow[];
}

/** scikit-learn's TfidfVectorizer: idf = ln((1+n)/(1+df)) + 1, rows scaled to length 1, unknown words ignored. */
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
  return tfidfOf([...vocabulary.keys()], idf, options);
}

function tfidfOf(vocabulary: readonly string[], idf: readonly number[], options: TfidfOptions): Tfidf {
  const columnOf = new Map(vocabulary.map((feature, i) => [feature, i]));
  const row = (text: string): SparseRow => {
    const counts = new Map<number, number>();
    for (const feature of featuresOf(text, options.ngrams)) {
      const index = columnOf.get(feature);
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
  return { vocabulary, idf, features: vocabulary.length, transform: (more) => more.map(row) };
}

export interface Logistic {
  /** Labels with training rows, ascending. */
  readonly known: readonly number[];
  /** A vector per known label (one for two labels, whose first has the score 0), each with its intercept last. */
  readonly weights: Float64Array;
  /** Log-probabilities over all classes, with a floor of 1e-12 for those without training rows. */
  predict(rows: readonly SparseRow[]): readonly (readonly number[])[];
}

const FLOOR = Math.log(1e-12);

const sparseDot = (row: SparseRow, weights: Float64Array, offset: number) => {
  let sum = 0;
  for (let k = 0; k < row.columns.length; k++)
    sum += (row.values[k] as number) * (weights[offset + (row.columns[k] as number)] as number);
  return sum;
};

/**
 * As scikit-learn fits it: C · sum of losses + ½·||w||², the intercept not penalised. Two classes share one weight vector, as
 * with two the penalty would count half. @param c inverse strength of the penalty
 */
export function fitLogistic(
  rows: readonly SparseRow[],
  gold: readonly number[],
  features: number,
  classes: number,
  c: number,
  tolerance?: number,
): Logistic {
  const known = [...new Set(gold)].sort((a, b) => a - b);
  const position = new Map(known.map((label, i) => [label, i]));
  const { binary, free, width, scores } = linearScores(known.length, features);

  const evaluate = (w: Float64Array) => {
    const gradient = new Float64Array(w.length);
    let value = 0;
    for (let j = 0; j < free; j++)
      for (let f = 0; f < features; f++) {
        const v = w[j * width + f] as number;
        value += 0.5 * v * v;
        gradient[j * width + f] = v;
      }
    rows.forEach((row, i) => {
      const logProbs = logSoftmax(scores(row, w));
      const target = position.get(gold[i] as number) as number;
      value -= c * (logProbs[target] as number);
      for (let j = 0; j < free; j++) {
        const k = binary ? 1 : j;
        const error = c * (Math.exp(logProbs[k] as number) - (k === target ? 1 : 0));
        const offset = j * width;
        for (let e = 0; e < row.columns.length; e++) {
          const at = offset + (row.columns[e] as number);
          gradient[at] = (gradient[at] as number) + error * (row.values[e] as number);
        }
        gradient[offset + features] = (gradient[offset + features] as number) + error;
      }
    });
    return { value, gradient };
  };

  const weights = free === 0 ? new Float64Array(0) : minimise(evaluate, new Float64Array(free * width), tolerance);
  return logisticOf({ known, weights }, features, classes);
}

/** Binary: one free vector, the first class's score is 0. Otherwise a vector a class. */
function linearScores(known: number, features: number) {
  const binary = known === 2;
  const free = known < 2 ? 0 : binary ? 1 : known;
  const width = features + 1;
  const scores = (row: SparseRow, w: Float64Array): number[] => {
    const own = Array.from(
      { length: free },
      (_, j) => sparseDot(row, w, j * width) + (w[j * width + features] as number),
    );
    return binary ? [0, ...own] : free === 0 ? [0] : own;
  };
  return { binary, free, width, scores };
}

function logisticOf(
  { known, weights }: Pick<Logistic, 'known' | 'weights'>,
  features: number,
  classes: number,
): Logistic {
  const { scores } = linearScores(known.length, features);
  return {
    known,
    weights,
    predict: (rows) => rows.map((row) => overAll(logSoftmax(scores(row, weights)), known, classes)),
  };
}

/** With the floor for labels without training rows. */
function overAll(logProbs: readonly number[], known: readonly number[], classes: number): readonly number[] {
  const out = new Array<number>(classes).fill(FLOOR);
  known.forEach((label, i) => {
    out[label] = Math.max(FLOOR, logProbs[i] as number);
  });
  return out;
}

const RECIPE_C = 10;

/** Plain values, so that a file can hold it. */
export interface WordModel
  extends TfidfOptions,
    Pick<Logistic, 'known' | 'weights'>,
    Pick<Tfidf, 'vocabulary' | 'idf'> {
  readonly classes: number;
}

/** Without any word: the labels' log-shares among rows, half a row added to each. */
export function majorityCounts(gold: readonly number[], classes: number): WordModel {
  const counts = new Array<number>(classes).fill(0.5);
  for (const label of gold) counts[label] = (counts[label] as number) + 1;
  const logs = counts.map(Math.log);
  const weights = Float64Array.from(classes === 2 ? [(logs[1] as number) - (logs[0] as number)] : logs);
  const known = counts.map((_, label) => label);
  return { ngrams: 1, sublinear: false, vocabulary: [], idf: [], classes, known, weights };
}

/**
 * One classifier a label (one against the rest), as one model: the last class has the score 0, so that the difference of a
 * label's log-probability to its is the log-odds of the label's own classifier.
 * @param tags places of each text's labels
 */
export function fitTagWords(
  texts: readonly string[],
  tags: readonly (readonly number[])[],
  classes: number,
): WordModel {
  const tfidf = fitTfidf(texts);
  const rows = tfidf.transform(texts);
  const width = tfidf.features + 1;
  const weights = new Float64Array(classes * width);
  for (let label = 0; label < classes - 1; label++) {
    const gold = tags.map((own) => Number(own.includes(label)));
    const fit = fitLogistic(rows, gold, tfidf.features, 2, RECIPE_C);
    if (fit.weights.length > 0) weights.set(fit.weights, label * width);
    else weights[label * width + tfidf.features] = logOdds(gold);
  }
  const known = Array.from({ length: classes }, (_, label) => label);
  return { ...RECIPE_TFIDF, vocabulary: tfidf.vocabulary, idf: tfidf.idf, classes, known, weights };
}

/** Of a share, half a row added to each side. */
function logOdds(gold: readonly number[]): number {
  const rows = gold.reduce((sum, own) => sum + own, 0);
  return Math.log((rows + 0.5) / (gold.length - rows + 0.5));
}

/** Without any word: the most frequent set of labels, whose labels are more likely than none, and the others less. */
export function majorityTags(
  tags: readonly (readonly number[])[],
  classes: number,
): { readonly tags: readonly number[]; readonly counts: WordModel } {
  const times = new Map<string, number>();
  for (const own of tags) times.set(own.join(), (times.get(own.join()) ?? 0) + 1);
  const [most = ''] = [...times].toSorted(([a, n], [b, m]) => m - n || (a < b ? -1 : 1))[0] ?? [];
  const given = tags.find((own) => own.join() === most) ?? [];
  const known = Array.from({ length: classes }, (_, label) => label);
  const weights = Float64Array.from(known, (label) => (label === classes - 1 ? 0 : given.includes(label) ? 1 : -1));
  return { tags: given, counts: { ngrams: 1, sublinear: false, vocabulary: [], idf: [], classes, known, weights } };
}

/** Why words cannot be counted; null = they can. */
export function faultInWords({ vocabulary, idf, classes, known, weights }: WordModel): string | null {
  if (new Set(vocabulary).size !== vocabulary.length) return 'a word is listed twice';
  if (known.length === 0 || new Set(known).size !== known.length || known.some((label) => label >= classes))
    return 'the labels that have weights must be places of labels, each once';
  const { free, width } = linearScores(known.length, vocabulary.length);
  const isWhole = idf.length === vocabulary.length && weights.length === free * width;
  return isWhole && [idf, weights].every((list) => list.every(Number.isFinite))
    ? null
    : 'the numbers of the words do not fit their list';
}

/** The honest reference line (`docs/method/training.md`, TF-IDF + LR). */
export function fitWords(
  texts: readonly string[],
  gold: readonly number[],
  classes: number,
  options: TfidfOptions & { readonly c?: number; readonly tolerance?: number } = RECIPE_TFIDF,
): WordModel {
  const tfidf = fitTfidf(texts, options);
  const { ngrams, sublinear, c = RECIPE_C, tolerance } = options;
  const { known, weights } = fitLogistic(tfidf.transform(texts), gold, tfidf.features, classes, c, tolerance);
  return { ngrams, sublinear, vocabulary: tfidf.vocabulary, idf: tfidf.idf, classes, known, weights };
}

/** Log-probabilities of the labels. */
export function wordAnswers(model: WordModel): (texts: readonly string[]) => readonly (readonly number[])[] {
  const tfidf = tfidfOf(model.vocabulary, model.idf, model);
  const logistic = logisticOf(model, tfidf.features, model.classes);
  return (texts) => logistic.predict(tfidf.transform(texts));
}

const RECIPE_PYTHON = [
  `TfidfVectorizer(ngram_range=(1, ${RECIPE_TFIDF.ngrams}), sublinear_tf=${RECIPE_TFIDF.sublinear ? 'True' : 'False'})`,
  `LogisticRegression(C=${RECIPE_C}, max_iter=5000)`,
] as const;

/** How the program reads labels, learns from them and answers. */
const PYTHON = {
  one: {
    imports: '',
    read: '',
    classifier: RECIPE_PYTHON[1],
    gold: '[row[label].strip() for row in rows]',
    answers: 'model.predict(texts)',
  },
  several: {
    imports: `from sklearn.multiclass import OneVsRestClassifier
`,
    read: `from sklearn.preprocessing import MultiLabelBinarizer


def tags_in(cell):
    tags = [tag.strip() for tag in re.split(r"[;|,\\n]", cell)]
    return [tag for tag in tags if tag and tag.lower() != "none"]
`,
    classifier: `OneVsRestClassifier(${RECIPE_PYTHON[1]})`,
    gold: 'labels.fit_transform([tags_in(row[label]) for row in rows])',
    answers: '["; ".join(tags) or "none" for tags in labels.inverse_transform(model.predict(texts))]',
  },
} as const;

/** As a Python program: scikit-learn's, with the settings above. The rows stay with the user. @param several labels a row */
export function wordClassifierScript(several = false): string {
  const { imports, read, classifier, gold, answers } = PYTHON[several ? 'several' : 'one'];
  return `"""TF-IDF with logistic regression, as Softprompt Studio compared it: no language model is needed.

pip install scikit-learn
python count_words.py labelled.csv new.csv TEXT_COLUMN LABEL_COLUMN > answers.csv

Learns from labelled.csv (UTF-8, with a header), and adds the column "answer" to the rows of new.csv.${several ? '\nA label is given at 50% or more: the cuts of the comparison are not applied.' : ''}
"""
import csv
${several ? 'import re\n' : ''}import sys

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
${imports}from sklearn.pipeline import make_pipeline
${read}

def rows_of(path):
    with open(path, newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def main(labelled, new, text, label):
    rows = [row for row in rows_of(labelled) if (row.get(text) or "").strip() and (row.get(label) or "").strip()]
    if not rows:
        sys.exit(f"{labelled} has no rows with both columns {text} and {label}.")
${several ? '    labels = MultiLabelBinarizer()\n' : ''}    model = make_pipeline(
        ${RECIPE_PYTHON[0]},
        ${classifier},
    )
    model.fit([row[text] for row in rows], ${gold})
    asked = rows_of(new)
    if not asked:
        sys.exit(f"{new} has no rows.")
    texts = [row[text] or "" for row in asked]
    out = csv.DictWriter(sys.stdout, [*asked[0], "answer"])
    out.writeheader()
    for row, answer in zip(asked, ${answers}):
        out.writerow({**row, "answer": answer})


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    main(*sys.argv[1:])
`;
}
