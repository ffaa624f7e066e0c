import { present } from '../../lib/assert';
import { count, counted } from '../../lib/format';
import { argmax } from '../../metrics/classification';
import { type Interval, meanInterval } from '../../metrics/intervals';
import { type AccuracyComparison, accuracyComparison, type PairedCounts, pairedCounts } from '../../metrics/mcnemar';
import { rowsToSettle } from '../../metrics/power';
import {
  type Compared,
  type Figure,
  forEachMetric,
  LABEL_METRICS,
  type LabelMetricId,
  type Predicted,
} from '../../metrics/registry';
import { DRAWS, type ResampleOptions, rowMean } from '../../metrics/resample';
import { normalQuantile, studentT, studentT975, Z95 } from '../../metrics/special';
import type { ArmOutcome, ArmResult, ComparisonPlan, Finding, PairResult, TokensDifference } from '../types';
import { pointsRange, pointsWithUnit, pValue } from '../words';

export const comparedAccuracy = (
  a: Pick<ArmResult, 'predictions'>,
  b: Pick<ArmResult, 'predictions'>,
  { gold, ...how }: Pick<ComparisonPlan, 'gold' | 'groups' | 'folds'>,
): AccuracyComparison => accuracyComparison(gold, a.predictions, b.predictions, how);

/** Null = too many to be advice. @param comparisons that its p is corrected for */
export function rowsMore(
  {
    aOnly,
    bOnly,
    designEffect,
    comparisons,
  }: Pick<AccuracyComparison, 'aOnly' | 'bOnly' | 'designEffect'> & { readonly comparisons: number },
  n: number,
): number | null {
  const independent = n / designEffect;
  const total = rowsToSettle(aOnly / designEffect, bOnly / designEffect, independent, comparisons);
  return total === null ? null : Math.max(1, Math.ceil((total - independent) * designEffect));
}

const ALPHA = 0.05;

/** One is clearly better: p, corrected where several pairs were compared, below 5% *and* the interval beside zero. */
export const findingOf = ({ low, high }: Interval, p = 0): Finding =>
  p >= ALPHA ? 'unclear' : low > 0 ? 'b-better' : high < 0 ? 'a-better' : 'unclear';

export const isClear = ({ metrics: { accuracy }, pHolm }: Pick<PairResult, 'metrics' | 'pHolm'>): boolean =>
  findingOf(accuracy.interval, pHolm) !== 'unclear';

/** A lead below this is not worth training for. */
export const MARGIN = 0.05;

/** The interval says that B is less than `MARGIN` ahead of A. */
export const isClose = ({ ci95 }: Pick<AccuracyComparison, 'ci95'>): boolean => ci95.high < MARGIN;

/** Null for reference lines, which send no tokens. */
export function tokensDifference(
  a: Pick<ArmOutcome, 'tokensSent'>,
  b: Pick<ArmOutcome, 'tokensSent'>,
  plan: Pick<ComparisonPlan, 'seed' | 'groups'>,
  draws: number,
): TokensDifference | null {
  if (!a.tokensSent || !b.tokensSent || a.tokensSent.length === 0) return null;
  const { tokensSent: of } = a;
  const more = b.tokensSent.map((tokens, i) => tokens - (of[i] as number));
  const { value, interval } = rowMean(more, { seed: plan.seed, draws, groups: plan.groups });
  return { difference: value, ci95: interval };
}

/** "Tuned sends 310 fewer tokens per row than Yours + 8 examples (306 to 314)."; null where the tokens of each row are not known. */
export function tokensSentence(
  { a, b, tokens }: Pick<PairResult, 'a' | 'b' | 'tokens'>,
  nameOf: (id: string) => string,
): string | null {
  if (!tokens) return null;
  const { difference, ci95 } = tokens;
  if (Math.round(difference) === 0) return `${nameOf(b)} sends the same number of tokens per row as ${nameOf(a)}.`;
  const ends = [Math.abs(ci95.low), Math.abs(ci95.high)].sort((x, y) => x - y).map(count);
  const range = new Set(ends).size === 1 ? 'on every row' : `95% interval ${ends.join(' to ')}`;
  return `${nameOf(b)} sends ${count(Math.abs(difference))} ${difference < 0 ? 'fewer' : 'more'} tokens per row than ${nameOf(a)} (${range}).`;
}

const { accuracy: _byItself, ...RESAMPLED } = LABEL_METRICS;

/** Every metric but accuracy, which is compared by itself because its test knows of folds. */
function differencesOf(a: Predicted, b: Predicted, options: ResampleOptions) {
  const ids = Object.keys(RESAMPLED);
  return forEachMetric(RESAMPLED, ({ compare }, id) =>
    compare(a, b, {
      ...options,
      onProgress: (share) => options.onProgress?.((ids.indexOf(id) + share) / ids.length),
    }),
  );
}

export function reportPair(
  plan: ComparisonPlan,
  a: ArmResult,
  b: ArmResult,
  options: { readonly draws: number; readonly onProgress: (share: number) => void },
): Omit<PairResult, 'pHolm'> {
  const { gold, rowIds } = plan;
  const { difference, ci95, p, midP, designEffect: _rowsToSettle, ...counts } = comparedAccuracy(a, b, plan);
  const answers = ({ predictions }: ArmResult) => ({ gold, predicted: predictions, classes: plan.labels.length });
  const outcomeOf = (id: string) =>
    present(
      plan.arms.find((arm) => arm.id === id),
      `arm ${id}`,
    );
  const tokens = tokensDifference(outcomeOf(a.id), outcomeOf(b.id), plan, options.draws);
  const idsWhere = (test: (aRight: boolean, bRight: boolean) => boolean) =>
    rowIds.filter((_, i) => test(a.predictions[i] === gold[i], b.predictions[i] === gold[i]));
  return {
    a: a.id,
    b: b.id,
    ...counts,
    pMidP: midP,
    metrics: {
      ...differencesOf(answers(a), answers(b), { seed: plan.seed, groups: plan.groups, ...options }),
      accuracy: { value: difference, interval: ci95, p },
    },
    ...(tokens ? { tokens } : {}),
    fixed: idsWhere((aRight, bRight) => !aRight && bRight),
    broken: idsWhere((aRight, bRight) => aRight && !bRight),
  };
}

// Two sheets of answers to the same rows, whatever gave them: another prompt, or another model.

/** Answers to labelled rows. The labels of two sheets may be in another order. */
export interface AnswerSheet {
  readonly labels: readonly string[];
  readonly rowIds: readonly string[];
  readonly gold: readonly number[];
  readonly probabilities: readonly (readonly number[])[];
  /** Group of each row, where rows belong together; null = every row is a trial. */
  readonly groups: readonly number[] | null;
  readonly seed: number;
}

const predictionsOf = ({ probabilities }: Pick<AnswerSheet, 'probabilities'>): number[] => probabilities.map(argmax);

export interface PairedRow {
  readonly rowId: string;
  readonly gold: string;
  readonly group: number;
  readonly a: RowAnswer;
  readonly b: RowAnswer;
}

export interface RowAnswer {
  readonly label: string;
  readonly right: boolean;
  readonly probability: number;
}

function answersOf(of: AnswerSheet): readonly (RowAnswer & { readonly rowId: string; readonly gold: string })[] {
  return predictionsOf(of).map((predicted, i) => ({
    rowId: of.rowIds[i] ?? '',
    gold: of.labels[of.gold[i] ?? -1] ?? '',
    label: of.labels[predicted] ?? '',
    right: predicted === of.gold[i],
    probability: of.probabilities[i]?.[predicted] ?? 0,
  }));
}

export function pairedRows(a: AnswerSheet, b: AnswerSheet): readonly PairedRow[] {
  const second = new Map(answersOf(b).map((answer) => [answer.rowId, answer]));
  return answersOf(a).flatMap(({ rowId, gold, ...first }, i) => {
    const other = second.get(rowId);
    return other ? [{ rowId, gold, group: a.groups?.[i] ?? i, a: first, b: other }] : [];
  });
}

/** B minus A on the rows that both answer. */
export interface AnswerDifference extends PairedCounts {
  readonly rows: number;
  readonly metrics: Readonly<Record<LabelMetricId, Compared>>;
  /** The exact p of accuracy, corrected for `comparisons`. */
  readonly pCorrected: number;
  readonly comparisons: number;
  readonly finding: Finding;
}

interface Corrected {
  readonly onShow: number;
  readonly draws?: number;
}

/**
 * By how much intervals of one pair are widened to hold for all pairs at once in 95%: the ratio of the normal quantiles, with
 * groups that of Student's t. Source: Dunn 1961.
 * @param groups null = every row is a trial
 */
function widening(onShow: number, groups: number | null): number {
  const z = normalQuantile(1 - 0.025 / Math.max(1, onShow));
  return groups === null ? z / Z95 : studentT(z, groups + 1) / studentT975(groups + 1);
}

/** About the difference, and within what shares can differ. */
const stretched = <F extends Figure>(figure: F, by: number): F => {
  const { value, interval } = figure;
  return {
    ...figure,
    interval: {
      low: Math.max(-1, value - by * (value - interval.low)),
      high: Math.min(1, value + by * (interval.high - value)),
    },
  };
};

function difference(a: AnswerSheet, b: AnswerSheet, { onShow, draws = DRAWS }: Corrected) {
  const rows = pairedRows(a, b);
  const labels = [...new Set([...a.labels, ...b.labels])];
  const indices = (of: (row: PairedRow) => string) => rows.map((row) => labels.indexOf(of(row)));
  const gold = indices((row) => row.gold);
  const [first, second] = [indices((row) => row.a.label), indices((row) => row.b.label)];
  const answered = (predicted: readonly number[]) => ({ gold, predicted, classes: labels.length });
  const groups = a.groups && rows.map(({ group }) => group);
  const how = { seed: a.seed, draws, ...(groups ? { groups } : {}) };
  const by = widening(onShow, groups && new Set(groups).size);
  const metrics = forEachMetric(LABEL_METRICS, ({ compare }) =>
    stretched(compare(answered(first), answered(second), how), by),
  );
  return { rows: rows.length, ...pairedCounts(gold, first, second), metrics };
}

/**
 * Compares pairs of sheets by the tests of a comparison (exact McNemar; whole groups where rows belong together). As they are
 * picked by eye among `onShow`, each counts as all of them: p times their number (Bonferroni), and an interval that holds for
 * all of them at once.
 */
export const answerDifferences = (
  pairs: readonly (readonly [a: AnswerSheet, b: AnswerSheet])[],
  corrected: Corrected,
): readonly AnswerDifference[] =>
  pairs.map(([a, b]) => {
    const found = difference(a, b, corrected);
    const { interval, p } = found.metrics.accuracy;
    const pCorrected = Math.min(1, p * corrected.onShow);
    return { ...found, pCorrected, comparisons: corrected.onShow, finding: findingOf(interval, pCorrected) };
  });

/** B minus A in a score of each row, where any of the pairs `onShow` could have been picked by eye. */
export function scoreDifference(a: readonly number[], b: readonly number[], onShow: number): Figure {
  const more = b.map((score, i) => score - (a[i] ?? 0));
  const value = more.reduce((sum, each) => sum + each, 0) / Math.max(1, more.length);
  return stretched({ value, interval: meanInterval(more) }, widening(onShow, more.length));
}

/** "Tuned 1 beats hand-written 1 by 12 points on the same 93 rows, 4 to 20 with all 45 pairs on show counted (p = 0.010)." */
export function differenceSentence(
  a: string,
  b: string,
  { rows, metrics, pCorrected, comparisons, finding }: AnswerDifference,
): string {
  const { value: gain, interval } = metrics.accuracy;
  const same = `on the same ${counted(rows, 'row')}`;
  const [better, worse, low, high] =
    finding === 'a-better' ? [a, b, -interval.high, -interval.low] : [b, a, interval.low, interval.high];
  const counting = comparisons < 2 ? 'exact ' : `all ${count(comparisons)} pairs on show counted, `;
  const range = `95% interval ${pointsRange(low, high)} (${counting}${pValue(pCorrected)})`;
  return finding === 'unclear'
    ? `No clear difference between ${a} and ${b} ${same}: ${pointsWithUnit(gain)}, ${range}.`
    : `${better} beats ${worse} by ${pointsWithUnit(Math.abs(gain))} ${same}, ${range}.`;
}
