/**
 * Comparisons, tables, reports, schemas and the command line are built from the lists below, in their order; the first
 * entry of each is the headline's.
 */
import type { ByTask, TaskKind } from '../dataset/types';
import { present } from '../lib/assert';
import { percent, points } from '../lib/format';
import { accuracy, confusionMatrix, macroF1 } from './classification';
import type { Interval } from './intervals';
import { accuracyComparison, accuracyInterval } from './mcnemar';
import { DRAWS, eachDraw, macroF1Comparison, macroF1Interval, type ResampleOptions } from './resample';
import { middle95 } from './special';
import { macroTagF1, microF1, subsetAccuracy, type TagCounts, tagCounter } from './tags';
import { exactMatch, rougeL, tokenF1 } from './text';

interface MetricFormat {
  /** "81.7%", "0.812", "12.3". */
  readonly value: (value: number) => string;
  /** B against A: "+14.2" points, "× 0.15". */
  readonly difference: (difference: number) => string;
}

const PERCENT: MetricFormat = { value: percent, difference: points };
const DECIMAL: MetricFormat = { value: (value) => value.toFixed(3), difference: points };
const plain = (value: number) => String(Number(value.toPrecision(3)));
const PLAIN: MetricFormat = { value: plain, difference: (factor) => `× ${plain(factor)}` };

/** "73.8 to 87.6", without the unit that the value has. */
export const ends = (form: (value: number) => string, { low, high }: Interval): string =>
  [low, high].map((end) => form(end).replace(/%$|^× /, '')).join(' to ');

export interface Metric {
  /** In a column header: "ROUGE-L". */
  readonly name: string;
  /** For people who do not know the metric. */
  readonly means: string;
  readonly format: MetricFormat;
  /** In results.json. */
  readonly schema: { readonly min: number; readonly max?: number };
  /** For captions: "Wilson". */
  readonly intervalName: string;
}

/** Label indices in the order of the label set. */
export interface Predicted {
  readonly gold: readonly number[];
  readonly predicted: readonly number[];
  readonly classes: number;
}

/** A metric with its 95% interval. */
export interface Figure {
  readonly value: number;
  readonly interval: Interval;
}

/** B against A on the same rows. */
export interface Compared extends Figure {
  readonly p: number;
}

interface Tested extends Pick<Compared, 'p'> {
  readonly difference: number;
  readonly ci95: Interval;
}

const compared = ({ difference, ci95, p }: Tested): Compared => ({ value: difference, interval: ci95, p });

export interface LabelMetric extends Metric {
  readonly compute: (of: Predicted) => number;
  readonly interval: (of: Predicted, options: ResampleOptions) => Interval;
  /** B minus A on the same rows. */
  readonly compare: (a: Predicted, b: Predicted, options: ResampleOptions) => Compared;
  /** Interval and p, for captions. */
  readonly compareName: string;
}

export interface GeneratedRow {
  readonly written: string;
  readonly wanted: string;
  readonly logProb: number;
  readonly tokens: number;
}

/** Follows from sums over rows, so one set of bootstrap draws serves all of them. */
export interface TextMetric extends Metric {
  /** Added to the sums by a row. */
  readonly parts: (row: GeneratedRow) => readonly number[];
  readonly compute: (sums: ArrayLike<number>, rows: number) => number;
  /** B − A, or B / A. */
  readonly versus: 'difference' | 'ratio';
}

const listOf =
  <M>() =>
  <const Id extends string>(metrics: Readonly<Record<Id, M>>): Readonly<Record<Id, M>> =>
    metrics;

export const LABEL_METRICS = listOf<LabelMetric>()({
  accuracy: {
    name: 'Accuracy',
    means: 'The share of rows that get the right label.',
    format: PERCENT,
    schema: { min: 0, max: 1 },
    intervalName: 'Wilson',
    compareName: 'Bonett-Price 95% interval, exact McNemar p',
    compute: ({ gold, predicted }) => accuracy(gold, predicted),
    interval: ({ gold, predicted }, options) => accuracyInterval(gold, predicted, options),
    compare: (a, b, options) => compared(accuracyComparison(a.gold, a.predicted, b.predicted, options)),
  },
  macroF1: {
    name: 'Macro-F1',
    means: 'The mean of the F1 scores of the labels: rare labels count as much as common ones.',
    format: DECIMAL,
    schema: { min: 0, max: 1 },
    intervalName: 'bootstrap',
    compareName: 'paired bootstrap interval, permutation p',
    compute: ({ gold, predicted, classes }) => macroF1(confusionMatrix(gold, predicted, classes)),
    interval: ({ gold, predicted, classes }, options) => macroF1Interval(gold, predicted, classes, options),
    compare: (a, b, options) => compared(macroF1Comparison(a.gold, a.predicted, b.predicted, a.classes, options)),
  },
});

/** Between 0 and 1 a row. */
const meanOf = (score: (written: string, wanted: string) => number) =>
  ({
    format: PERCENT,
    schema: { min: 0, max: 1 },
    intervalName: 'bootstrap',
    parts: ({ written, wanted }) => [score(written, wanted)],
    compute: (sums, rows) => (sums[0] as number) / rows,
    versus: 'difference',
  }) as const satisfies Partial<TextMetric>;

export const TEXT_METRICS = listOf<TextMetric>()({
  rougeL: {
    ...meanOf(rougeL),
    name: 'ROUGE-L',
    means:
      'How many words of the expected text the answer has in the same order. It is the F1 of their longest common subsequence; 100% is word for word.',
  },
  tokenF1: {
    ...meanOf(tokenF1),
    name: 'Token F1',
    means: 'How many words both texts have in common, in any order, without articles and punctuation.',
  },
  exactMatch: {
    ...meanOf(exactMatch),
    name: 'Exact match',
    means: 'The share of answers that equal the expected text; case, articles and punctuation do not count.',
  },
  perplexity: {
    name: 'Perplexity',
    means: 'How many equally likely next tokens the model is choosing between; lower is better.',
    format: PLAIN,
    schema: { min: 1 },
    intervalName: 'bootstrap',
    parts: ({ logProb, tokens }) => [logProb, tokens],
    compute: (sums) => Math.exp(-(sums[0] as number) / (sums[1] as number)),
    versus: 'ratio',
  },
});

/** Follows from counts over rows, so one set of bootstrap draws serves all of them. */
export interface TagMetric extends Metric {
  readonly compute: (counts: TagCounts) => number;
  readonly compareName: string;
}

const OF_TAGS = {
  format: PERCENT,
  schema: { min: 0, max: 1 },
  intervalName: 'bootstrap',
  compareName: 'paired bootstrap interval, permutation p',
} as const satisfies Partial<TagMetric>;

export const TAG_METRICS = listOf<TagMetric>()({
  microF1: {
    ...OF_TAGS,
    name: 'Micro-F1',
    means: 'The F1 score over all labels of all rows together: frequent labels count more.',
    compute: microF1,
  },
  macroF1: {
    ...OF_TAGS,
    name: 'Macro-F1',
    means: 'The mean of the F1 scores of the labels: rare labels count as much as common ones.',
    format: DECIMAL,
    compute: macroTagF1,
  },
  subsetAccuracy: {
    ...OF_TAGS,
    name: 'All labels right',
    means: 'The share of rows that get exactly their labels: none is missing, none too many.',
    compute: subsetAccuracy,
  },
});

/** By kind of task. */
export const METRICS: ByTask<Readonly<Record<string, Metric>>> = {
  classify: LABEL_METRICS,
  tag: TAG_METRICS,
  generate: TEXT_METRICS,
};

export type LabelMetricId = keyof typeof LABEL_METRICS;
export type TextMetricId = keyof typeof TEXT_METRICS;
export type TagMetricId = keyof typeof TAG_METRICS;

export const metricsOf = <Id extends string, M>(metrics: Readonly<Record<Id, M>>): readonly (readonly [Id, M])[] =>
  Object.entries(metrics) as [Id, M][];

/** Its id and what it is: the headline's. */
export const firstMetric = <Id extends string, M>(metrics: Readonly<Record<Id, M>>): readonly [Id, M] =>
  present(metricsOf(metrics)[0], 'metric');

/** The metric that decides for a kind of task. */
export const headlineMetric = (kind: TaskKind): Metric & { readonly id: string } => {
  const [id, metric] = firstMetric<string, Metric>(METRICS[kind]);
  return { id, ...metric };
};

/** What it is in figures of that kind. */
export function headlineOf<F>(of: { readonly kind: TaskKind; readonly metrics: Readonly<Record<string, F>> }): F {
  const { id } = headlineMetric(of.kind);
  return present(of.metrics[id], id);
}

export const forEachMetric = <Id extends string, M, T>(
  metrics: Readonly<Record<Id, M>>,
  of: (metric: M, id: Id) => T,
): Readonly<Record<Id, T>> =>
  Object.fromEntries(metricsOf(metrics).map(([id, metric]) => [id, of(metric, id)])) as Record<Id, T>;

export const labelFigures = (answers: Predicted, options: ResampleOptions): Readonly<Record<LabelMetricId, Figure>> =>
  forEachMetric(LABEL_METRICS, ({ compute, interval }) => ({
    value: compute(answers),
    interval: interval(answers, options),
  }));

export interface TaggedRows {
  /** Places of the labels that each row has, and gets. */
  readonly gold: readonly (readonly number[])[];
  readonly given: readonly (readonly number[])[];
  readonly labels: number;
}

/** Figures that follow from counts over rows, in their order: one set of draws serves all. */
export function countedFigures(
  { gold, given, labels }: TaggedRows,
  figures: readonly ((counts: TagCounts) => number)[],
  options: ResampleOptions,
): readonly Figure[] {
  const count = tagCounter(gold, given, labels);
  const drawn = figures.map(() => new Float64Array(options.draws ?? DRAWS));
  eachDraw(gold.length, options, (rows, at) => {
    const counts = count(rows);
    for (const [i, of] of figures.entries()) (drawn[i] as Float64Array)[at] = of(counts);
  });
  const whole = count([...gold.keys()]);
  return figures.map((of, i) => ({ value: of(whole), interval: middle95((drawn[i] as Float64Array).sort()) }));
}

export function tagFigures(of: TaggedRows, options: ResampleOptions): Readonly<Record<TagMetricId, Figure>> {
  const metrics = metricsOf(TAG_METRICS);
  const computes = metrics.map(([, { compute }]) => compute);
  const found = countedFigures(of, computes, options);
  return forEachMetric(TAG_METRICS, ({ compute }, id) => present(found[computes.indexOf(compute)], id));
}

/** In a CSV: `macro_f1`. */
export const columnName = (id: string): string => id.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toLowerCase();
