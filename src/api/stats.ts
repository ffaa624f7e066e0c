/**
 * `softprompt/stats`: is one prompt, model or classifier better than another on the same rows, by how much, and how sure is that?
 *
 *     const { difference, interval, p } = compareAccuracy({ gold, a, b }); // b minus a
 *
 * Shares and differences lie between 0 and 1 (no per cent), intervals hold the truth in 95%, tests are two-sided. `a`, `b`,
 * `gold` and `groups` have one entry a row, in the same order. Rows of a group (one author, one thread, near-twins) count as one
 * trial. What is drawn at random is drawn alike for the same seed. docs/method/statistics.md of the repository has the formulas
 * and their sources. Columns of different lengths and labels outside a given set are a `StudioError` with the code `bad-input`.
 * @module softprompt/stats
 */

import { badInput } from '../lib/errors';
import { brier, ece, eceInterval, nll, type ReliabilityBin, reliability } from '../metrics/calibration';
import { classMetrics, confusionMatrix, correctCount, macroF1 } from '../metrics/classification';
import { bonettPrice, type Interval, wilson } from '../metrics/intervals';
import { accuracyComparison, accuracyInterval, holm, mcnemarExact, mcnemarMidP } from '../metrics/mcnemar';
import * as power from '../metrics/power';
import { macroF1Comparison, macroF1Interval, pairedBootstrap, pairedPermutation } from '../metrics/resample';

export type { ReliabilityBin } from '../metrics/calibration';
export type { Interval } from '../metrics/intervals';

/** A class. Texts and numbers are compared by ===. */
export type Label = string | number;

/** Of statistics that draw at random. */
export interface Resampling {
  /** Default 0. */
  readonly seed?: number;
  /** Default 10,000. */
  readonly draws?: number;
}

/** Rows that are one trial together. */
export interface Grouped {
  /** The group of each row. Default: every row is one. */
  readonly groups?: readonly Label[];
}

/** The right labels, and those of one classifier. */
export interface Answers extends Grouped {
  readonly gold: readonly Label[];
  readonly predicted: readonly Label[];
}

/** The right labels, and those of two classifiers on the same rows. */
export interface PairedAnswers extends Grouped {
  readonly gold: readonly Label[];
  readonly a: readonly Label[];
  readonly b: readonly Label[];
}

/** The labels that count. */
export interface LabelSet {
  /** Over which F1 is averaged, fixed beforehand. Default: all that occur. */
  readonly labels?: readonly Label[];
}

/** Rows that only one of two gets right, of all rows. */
export interface Discordant {
  readonly aOnly: number;
  readonly bOnly: number;
  readonly rows: number;
}

/** How many tests are made at once. */
export interface Comparisons {
  /** How many p-values are corrected together, by Holm. Default 1. */
  readonly comparisons?: number;
}

/** A value with its 95% interval. */
export interface Measured {
  readonly value: number;
  readonly interval: Interval;
}

/** How much better b is than a: an interval, and a two-sided p-value. */
export interface Difference {
  /** b minus a. */
  readonly difference: number;
  readonly interval: Interval;
  readonly p: number;
}

/** The share of right rows, with Wilson's interval. */
export function accuracy({ gold, predicted, groups }: Answers): Measured {
  const { columns, grouped } = indexed({ gold, predicted }, groups);
  const value = gold.length === 0 ? 0 : correctCount(columns.gold, columns.predicted) / gold.length;
  return { value, interval: accuracyInterval(columns.gold, columns.predicted, { groups: grouped }) };
}

/** Of one label. 0/0 counts as 0. */
export interface LabelScores {
  readonly label: Label;
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
  /** Rows with this label. */
  readonly rows: number;
}

/** Macro-F1, the mean of the labels' F1, with a bootstrap interval; 0/0 counts as 0. */
export function f1(options: Answers & LabelSet & Resampling): Measured & { readonly byLabel: readonly LabelScores[] } {
  const { gold, predicted } = options;
  const { columns, grouped, labels } = indexed({ gold, predicted }, options.groups, options.labels);
  const confusion = confusionMatrix(columns.gold, columns.predicted, labels.length);
  return {
    value: labels.length === 0 ? 0 : macroF1(confusion),
    interval: macroF1Interval(columns.gold, columns.predicted, labels.length, {
      ...resampling(options),
      groups: grouped,
    }),
    byLabel: classMetrics(confusion).map(({ precision, recall, f1: own, support }, i) => ({
      label: labels[i] ?? '',
      precision,
      recall,
      f1: own,
      rows: support,
    })),
  };
}

/**
 * Accuracy of b minus that of a: Bonett-Price interval and the exact McNemar test; with groups, the exact test of their signs,
 * and an interval as wide as they demand.
 */
export function compareAccuracy({
  gold,
  a,
  b,
  groups,
}: PairedAnswers): Difference & Discordant & { readonly midP: number } {
  const { columns, grouped } = indexed({ gold, a, b }, groups);
  const found = accuracyComparison(columns.gold, columns.a, columns.b, { groups: grouped });
  const { difference, ci95: interval, p, midP, aOnly, bOnly } = found;
  return { difference, interval, p, midP, aOnly, bOnly, rows: gold.length };
}

/** Macro-F1 of b minus that of a: paired bootstrap, and the paired permutation test. */
export function compareF1(options: PairedAnswers & LabelSet & Resampling): Difference {
  const { gold, a, b } = options;
  const { columns, grouped, labels } = indexed({ gold, a, b }, options.groups, options.labels);
  const { difference, ci95, p } = macroF1Comparison(columns.gold, columns.a, columns.b, labels.length, {
    ...resampling(options),
    groups: grouped,
  });
  return { difference, interval: ci95, p };
}

/** McNemar's exact test, and its mid-p, which is less cautious. */
export const mcnemar = ({ aOnly, bOnly }: Omit<Discordant, 'rows'>): { readonly p: number; readonly midP: number } => ({
  p: mcnemarExact(aOnly, bOnly),
  midP: mcnemarMidP(aOnly, bOnly),
});

/** Of a share, by Wilson. */
export const shareInterval = ({ correct, rows }: { readonly correct: number; readonly rows: number }): Interval =>
  wilson(correct, rows);

/** Of a difference in accuracy on the same rows, b minus a, by Bonett and Price. */
export const differenceInterval = ({ aOnly, bOnly, rows }: Discordant): Interval => bonettPrice(aOnly, bOnly, rows);

/** Of `bootstrap`. */
export interface BootstrapOptions extends Resampling, Grouped {
  readonly rows: number;
  /** Of rows drawn with replacement, by their places. The array is reused. */
  readonly statistic: (places: Int32Array) => number;
}

/** 95% percentile interval of any statistic; for a difference compute both sides on the same places. */
export const bootstrap = ({ rows, statistic, groups, ...options }: BootstrapOptions): Interval =>
  pairedBootstrap(rows, statistic, { ...resampling(options), groups: groups && indexed({ groups }).columns.groups });

/** Of `permutation`. */
export interface PermutationOptions extends Resampling {
  readonly rows: number;
  /** A difference, where `swap[i]` is 1 with the two answers of row i exchanged. The array is reused. */
  readonly statistic: (swap: Uint8Array) => number;
}

/** p of a difference of any kind, (1 + as large ones) / (draws + 1). */
export const permutation = ({ rows, statistic, ...options }: PermutationOptions): number =>
  pairedPermutation(rows, statistic, resampling(options));

/** Corrected p-values in the same order, by Holm. */
export const correctedPValues = (pValues: readonly number[]): readonly number[] => holm(pValues);

/** Of `testPower`. */
export interface PowerOptions extends Comparisons {
  readonly rows: number;
  /** Expected shares of rows, 0 to 1, that only one of the two gets right. */
  readonly aOnlyShare: number;
  readonly bOnlyShare: number;
}

/** The chance that the exact McNemar test finds the difference at 5%. */
export const testPower = ({ rows, aOnlyShare, bOnlyShare, comparisons = 1 }: PowerOptions): number =>
  power.mcnemarPower(rows, aOnlyShare, bOnlyShare, comparisons);

/** The smallest gain that these rows show in 80% of cases, if the better one breaks 5 rows in 100; null = none. */
export const detectableGain = ({ rows, comparisons = 1 }: Comparisons & { readonly rows: number }): number | null =>
  power.detectableDifference(rows, comparisons);

/** About how many rows would show the difference that was seen, in 80% of cases; null = more than 5,000. */
export const rowsToSettle = ({ aOnly, bOnly, rows, comparisons = 1 }: Discordant & Comparisons): number | null =>
  power.rowsToSettle(aOnly, bOnly, rows, comparisons);

/** Of `calibration`. */
export interface ProbabilityOptions extends Grouped, Resampling {
  /** Of each row, a probability for every class. */
  readonly probabilities: readonly (readonly number[])[];
  /** The right class of each row, as its place among the probabilities. */
  readonly gold: readonly number[];
}

/** How well probabilities fit what is right. Lower is better for each number. */
export interface Calibration {
  /** Mean squared error over classes, 0 (best) to 2. */
  readonly brier: number;
  /** Mean -log probability of the right class, in nats. */
  readonly logLoss: number;
  /** Expected calibration error in bins of equal mass; null below 100 rows, where it says nothing. */
  readonly ece: Measured | null;
  readonly bins: readonly ReliabilityBin[] | null;
}

/** How far probabilities can be taken at their word. 1,000 draws by default. */
export function calibration({ probabilities, gold, groups, seed = 0, draws }: ProbabilityOptions): Calibration {
  const { grouped } = indexed({ gold, probabilities: probabilities.map((_, i) => i) }, groups);
  const logs = probabilities.map((row) => row.map(Math.log));
  const [value, interval] = [ece(logs, gold), eceInterval(logs, gold, { seed, draws, groups: grouped })];
  return {
    brier: brier(logs, gold),
    logLoss: nll(logs, gold),
    ece: value !== null && interval ? { value, interval } : null,
    bins: reliability(logs, gold),
  };
}

const resampling = ({ seed = 0, draws }: Resampling) => ({ seed, draws });

/** Labels and groups as whole numbers from 0. */
function indexed<Name extends string>(
  given: Readonly<Record<Name, readonly Label[]>>,
  groups?: readonly Label[],
  labels?: readonly Label[],
) {
  const entries = Object.entries(given) as [Name, readonly Label[]][];
  const sizes = [...entries, ...(groups ? ([['groups', groups]] as const) : [])].map(([name, { length }]) => ({
    name,
    length,
  }));
  if (new Set(sizes.map(({ length }) => length)).size > 1)
    throw badInput(
      `All columns need one entry a row: ${sizes.map(({ name, length }) => `${name} has ${length}`).join(', ')}.`,
    );
  const known = labels ?? [...new Set(entries.flatMap(([, column]) => column))];
  const places = new Map(known.map((label, place) => [label, place]));
  const placeOf = (label: Label) => {
    const place = places.get(label);
    if (place === undefined) throw badInput(`The label ${label} is not among ${known.join(', ')}.`);
    return place;
  };
  const columns = Object.fromEntries(entries.map(([name, column]) => [name, column.map(placeOf)]));
  const first = groups && new Map([...new Set(groups)].map((group, place) => [group, place]));
  return {
    columns: columns as Record<Name, number[]>,
    grouped: groups?.map((group) => first?.get(group) ?? 0),
    labels: known,
  };
}
