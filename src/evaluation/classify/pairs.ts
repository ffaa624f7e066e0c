import { present } from '../../lib/assert';
import { count } from '../../lib/format';
import type { Interval } from '../../metrics/intervals';
import { type AccuracyComparison, accuracyComparison } from '../../metrics/mcnemar';
import { rowsToSettle } from '../../metrics/power';
import { forEachMetric, LABEL_METRICS, type Predicted } from '../../metrics/registry';
import { type ResampleOptions, rowMean } from '../../metrics/resample';
import { asSubject, inText } from '../arm-names';
import type { ArmOutcome, ArmResult, ComparisonPlan, Finding, PairResult, TokensDifference } from '../types';

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

/** "The tuned prompt sends 310 fewer tokens per row than your prompt + 8 examples (306 to 314)."; null where the tokens of each row are not known. */
export function tokensSentence(
  { a, b, tokens }: Pick<PairResult, 'a' | 'b' | 'tokens'>,
  nameOf: (id: string) => string,
): string | null {
  if (!tokens) return null;
  const { difference, ci95 } = tokens;
  if (Math.round(difference) === 0)
    return `${asSubject(nameOf(b))} sends the same number of tokens per row as ${inText(nameOf(a))}.`;
  const ends = [Math.abs(ci95.low), Math.abs(ci95.high)].sort((x, y) => x - y).map(count);
  const range = new Set(ends).size === 1 ? 'on every row' : `95% interval ${ends.join(' to ')}`;
  return `${asSubject(nameOf(b))} sends ${count(Math.abs(difference))} ${difference < 0 ? 'fewer' : 'more'} tokens per row than ${inText(nameOf(a))} (${range}).`;
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
