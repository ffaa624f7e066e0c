/**
 * Every metric that a comparison reports, as one object: how it is computed, its 95% interval, how it is compared on the
 * same rows, printed, and described in results.json. Tables, reports, CSV and schema are built from these two lists, so a
 * new metric is one entry here.
 */
import { accuracy, confusionMatrix, correctCount, macroF1 } from './classification';
import { bonettPrice, type Interval, wilson } from './intervals';
import { mcnemarExact, pairedCounts } from './mcnemar';
import { macroF1Comparison, macroF1Interval, type ResampleOptions } from './resample';
import { exactMatch, rougeL, tokenF1 } from './text';

/** `percent`: 81.7%, differences in points; `decimal`: 0.812, differences in points; `plain`: 12.3, differences as a factor. */
type MetricFormat = 'percent' | 'decimal' | 'plain';

interface MetricFacts {
  /** As a column header: "ROUGE-L". */
  readonly name: string;
  /** One sentence for people who do not know the metric. */
  readonly means: string;
  readonly better: 'higher' | 'lower';
  readonly format: MetricFormat;
  /** Its values in results.json. */
  readonly schema: { readonly min: number; readonly max?: number; readonly description?: string };
  /** How the interval is computed, for captions. */
  readonly intervalName: string;
}

/** Answers of one prompt: label indices in the order of the label set. */
export interface Predicted {
  readonly gold: readonly number[];
  readonly predicted: readonly number[];
  readonly classes: number;
}

interface Compared {
  readonly difference: number;
  readonly ci95: Interval;
  readonly p: number;
}

export interface ClassifyMetric extends MetricFacts {
  readonly compute: (of: Predicted) => number;
  readonly interval: (of: Predicted, options: ResampleOptions) => Interval;
  /** B minus A on the same rows. */
  readonly compare: (a: Predicted, b: Predicted, options: ResampleOptions) => Compared;
}

/** One generated text beside the expected one, and how likely the model finds the expected one. */
export interface GeneratedRow {
  readonly written: string;
  readonly wanted: string;
  readonly logProb: number;
  readonly tokens: number;
}

/**
 * A metric of generated texts follows from sums over rows, so that one set of bootstrap draws serves all metrics and
 * prompts.
 */
export interface GenerateMetric extends MetricFacts {
  /** What one row adds to the sums. */
  readonly parts: (row: GeneratedRow) => readonly number[];
  readonly compute: (sums: ArrayLike<number>, rows: number) => number;
  /** How B is compared with A: B − A, or B / A. */
  readonly versus: 'difference' | 'ratio';
  /** Its column in the CSV with one line a row; null = the CSV leaves it out. */
  readonly csv: string | null;
}

const byId =
  <M>() =>
  <const Id extends string>(metrics: Readonly<Record<Id, M>>): Readonly<Record<Id, M>> =>
    metrics;

/** The first one decides the headline. */
export const CLASSIFY_METRICS = byId<ClassifyMetric>()({
  accuracy: {
    name: 'Accuracy',
    means: 'The share of rows that get the right label.',
    better: 'higher',
    format: 'percent',
    schema: { min: 0, max: 1 },
    intervalName: 'Wilson',
    compute: ({ gold, predicted }) => accuracy(gold, predicted),
    interval: ({ gold, predicted }) => wilson(correctCount(gold, predicted), gold.length),
    compare: (a, b) => {
      const { aOnly, bOnly } = pairedCounts(a.gold, a.predicted, b.predicted);
      const n = a.gold.length;
      return {
        difference: n === 0 ? 0 : (bOnly - aOnly) / n,
        ci95: bonettPrice(aOnly, bOnly, n),
        p: mcnemarExact(aOnly, bOnly),
      };
    },
  },
  macroF1: {
    name: 'Macro-F1',
    means: 'The mean of the F1 scores of the labels: rare labels count as much as common ones.',
    better: 'higher',
    format: 'decimal',
    schema: { min: 0, max: 1 },
    intervalName: 'bootstrap',
    compute: ({ gold, predicted, classes }) => macroF1(confusionMatrix(gold, predicted, classes)),
    interval: ({ gold, predicted, classes }, options) => macroF1Interval(gold, predicted, classes, options),
    compare: (a, b, options) => macroF1Comparison(a.gold, a.predicted, b.predicted, a.classes, options),
  },
});

const mean = (sums: ArrayLike<number>, rows: number) => (sums[0] as number) / rows;

/** A score between 0 and 1 for each row, averaged. */
const meanScore = (score: (written: string, wanted: string) => number) =>
  ({
    better: 'higher',
    format: 'percent',
    schema: { min: 0, max: 1 },
    intervalName: 'bootstrap',
    parts: ({ written, wanted }) => [score(written, wanted)],
    compute: mean,
    versus: 'difference',
  }) as const satisfies Partial<GenerateMetric>;

/** The first one decides the headline. */
export const GENERATE_METRICS = byId<GenerateMetric>()({
  rougeL: {
    ...meanScore(rougeL),
    name: 'ROUGE-L',
    means: 'How many words the two texts share in the same order, out of the words of both; 100% is word for word.',
    csv: 'rouge_l',
  },
  tokenF1: {
    ...meanScore(tokenF1),
    name: 'Token F1',
    means: 'How many words the two texts share in any order, ignoring articles and punctuation.',
    csv: null,
  },
  exactMatch: {
    ...meanScore(exactMatch),
    name: 'Exact match',
    means: 'The share of answers that equal the expected text, ignoring case, articles and punctuation.',
    csv: null,
  },
  perplexity: {
    name: 'Perplexity',
    means: 'How many equally likely next tokens the model is choosing between in the expected texts; lower is better.',
    better: 'lower',
    format: 'plain',
    schema: { min: 1 },
    intervalName: 'bootstrap',
    parts: ({ logProb, tokens }) => [logProb, tokens],
    compute: (sums) => Math.exp(-(sums[0] as number) / (sums[1] as number)),
    versus: 'ratio',
    csv: null,
  },
});

export type GenerateMetricId = keyof typeof GENERATE_METRICS;

/** One value for each metric of a list. */
export function forEachMetric<Id extends string, M, T>(
  metrics: Readonly<Record<Id, M>>,
  of: (metric: M, id: Id) => T,
): Readonly<Record<Id, T>> {
  const values = Object.keys(metrics).map((id) => [id, of(metrics[id as Id], id as Id)]);
  return Object.fromEntries(values) as Record<Id, T>;
}
