/**
 * Regularised logistic regression on a model's hidden states, without any prompt being tuned.
 * Source: Alain & Bengio 2016, Understanding intermediate layers using linear classifier probes.
 */
import { fitLogistic, type Logistic, type SparseRow } from './logistic';

export interface Probe extends LinearScores {
  /** Log-probabilities over all classes, or log-odds of the labels. */
  predict(states: readonly Float32Array[]): readonly (readonly number[])[];
  /** Inverse strength of the penalty, of each fit. */
  readonly c: readonly number[];
}

/** A head of the model: class k scores `weights[k] · state + intercepts[k]`, of a state that is not standardised. */
export interface LinearScores {
  /** `[classes, width of a state]`. */
  readonly weights: Float64Array;
  readonly intercepts: readonly number[];
}

/** Strongest penalty first, until the loss on rows left out rises. */
const STRENGTHS = [1e-4, 1e-3, 1e-2, 1e-1, 1] as const;
const FOLDS = 5;
/** Where there are too few rows to choose. */
const USUAL = 1e-2;

/**
 * Features are standardised by the training rows; the penalty is the one with the lowest mean cross-entropy over five folds.
 * @param gold below `classes`
 * @returns in steps, each telling what share is done
 */
export function* fittingProbe(
  states: readonly Float32Array[],
  gold: readonly number[],
  classes: number,
): Generator<number, Probe> {
  const standard = standardOf(states);
  const scale = scaling(standard);
  const rows = states.map(scale);
  const fitted = (among: readonly number[], c: number): Logistic =>
    fitLogistic(
      among.map((i) => rows[i] as SparseRow),
      among.map((i) => gold[i] as number),
      states[0]?.length ?? 0,
      classes,
      c,
    );
  const c = yield* strength(rows, gold, fitted);
  const model = fitted([...gold.keys()], c);
  return { c: [c], predict: (more) => model.predict(more.map(scale)), ...linear(model, standard, classes) };
}

/**
 * One probe a label, against the rest, each with its score less that of the rest; the last class, none, scores 0.
 * @param tags places of each row's labels
 * @returns in steps, each telling what share is done
 */
export function* fittingTagProbe(
  states: readonly Float32Array[],
  tags: readonly (readonly number[])[],
  labels: number,
): Generator<number, Probe> {
  const probes: Probe[] = [];
  for (let label = 0; label < labels; label++) {
    const fitting = fittingProbe(
      states,
      tags.map((own) => Number(own.includes(label))),
      2,
    );
    let step = fitting.next();
    for (; !step.done; step = fitting.next()) yield (label + step.value) / labels;
    probes.push(step.value);
  }
  const width = states[0]?.length ?? 0;
  const weights = new Float64Array((labels + 1) * width);
  for (const [label, { weights: own }] of probes.entries())
    for (let f = 0; f < width; f++) weights[label * width + f] = (own[width + f] as number) - (own[f] as number);
  const odds = ([not = 0, is = 0]: readonly number[]) => is - not;
  return {
    weights,
    intercepts: [...probes.map(({ intercepts }) => odds(intercepts)), 0],
    c: probes.flatMap(({ c }) => c),
    predict: (more) => {
      const said = probes.map(({ predict }) => predict(more).map(odds));
      return more.map((_, row) => said.map((own) => own[row] as number));
    },
  };
}

/** A class without training rows: the mean score of the others, less what makes its probability the floor of `predict`. */
const UNSEEN = Math.log(1e-12);

/** w · (x − mean) factor + b = (w factor) · x + (b − Σ w mean factor). */
function linear({ known, weights: fitted }: Logistic, { mean, factor }: Standard, classes: number): LinearScores {
  const width = mean.length;
  const weights = new Float64Array(classes * width);
  const intercepts = new Array<number>(classes).fill(UNSEEN);
  // of two known classes the first has the score 0, and of one alone there is nothing to weigh
  const free = known.length > 2 ? known : known.slice(1);
  for (const label of known) intercepts[label] = 0;
  for (const [j, label] of free.entries()) {
    const own = fitted.subarray(j * (width + 1), (j + 1) * (width + 1));
    let intercept = own[width] as number;
    for (let f = 0; f < width; f++) {
      const weight = (own[f] as number) * (factor[f] as number);
      weights[label * width + f] = weight;
      intercept -= weight * (mean[f] as number);
    }
    intercepts[label] = intercept;
  }
  for (const unseen of intercepts.keys()) {
    if (known.includes(unseen)) continue;
    for (const label of known) {
      intercepts[unseen] = (intercepts[unseen] as number) + (intercepts[label] as number) / known.length;
      for (let f = 0; f < width; f++)
        weights[unseen * width + f] =
          (weights[unseen * width + f] as number) + (weights[label * width + f] as number) / known.length;
    }
  }
  return { weights, intercepts };
}

function* strength(
  rows: readonly SparseRow[],
  gold: readonly number[],
  fitted: (among: readonly number[], c: number) => Logistic,
): Generator<number, number> {
  if (gold.length < 2 * FOLDS) return USUAL;
  const folds = foldsOf(gold);
  const parts = Array.from({ length: FOLDS }, (_, fold) => ({
    train: [...gold.keys()].filter((i) => folds[i] !== fold),
    test: [...gold.keys()].filter((i) => folds[i] === fold),
  }));
  let best: { readonly c: number; readonly loss: number } = { c: USUAL, loss: Number.POSITIVE_INFINITY };
  for (const [i, c] of STRENGTHS.entries()) {
    let loss = 0;
    for (const [fold, { train, test }] of parts.entries()) {
      yield (i + fold / FOLDS) / STRENGTHS.length;
      const answers = fitted(train, c).predict(test.map((i) => rows[i] as SparseRow));
      test.forEach((row, t) => {
        loss -= answers[t]?.[gold[row] as number] ?? 0;
      });
    }
    if (loss >= best.loss) break;
    best = { c, loss };
  }
  return best.c;
}

/** By row: the rows of a class are dealt out in turn. */
function foldsOf(gold: readonly number[]): readonly number[] {
  const folds = new Array<number>(gold.length).fill(0);
  let next = 0;
  for (const label of new Set(gold))
    gold.forEach((own, i) => {
      if (own === label) folds[i] = next++ % FOLDS;
    });
  return folds;
}

/** `(x − mean) factor` has mean 0 and variance 1. */
interface Standard {
  readonly mean: Float64Array;
  readonly factor: Float64Array;
}

/** A feature that never changes becomes 0. */
function standardOf(states: readonly Float32Array[]): Standard {
  const moment = (of: (x: number, f: number) => number) =>
    Float64Array.from(
      { length: states[0]?.length ?? 0 },
      (_, f) => states.reduce((sum, row) => sum + of(row[f] as number, f), 0) / Math.max(1, states.length),
    );
  const mean = moment((x) => x);
  const variance = moment((x, f) => (x - (mean[f] as number)) ** 2);
  return { mean, factor: variance.map((v) => (v > 0 ? 1 / Math.sqrt(v) : 0)) };
}

const scaling = ({ mean, factor }: Standard): ((row: Float32Array) => SparseRow) => {
  const columns = Int32Array.from(mean, (_, f) => f);
  return (row) => ({
    columns,
    values: Float64Array.from(columns, (f) => ((row[f] as number) - (mean[f] as number)) * (factor[f] as number)),
  });
};
