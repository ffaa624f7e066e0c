import type { Interval } from '../../metrics/intervals';
import { type Compared, LABEL_METRICS, type LabelMetricId, metricsOf, type Predicted } from '../../metrics/registry';
import type { ResampleOptions } from '../../metrics/resample';
import type { ArmReport, LabelDifferences, LabelScores, PairReport } from '../types';

/** The metrics of labels in a comparison: stored under names that their ids give, and read by metric. */

const RESAMPLED = metricsOf(LABEL_METRICS).flatMap(([id, metric]) => (id === 'accuracy' ? [] : [{ id, metric }]));

/** Every metric of one prompt's answers, with its interval. */
export const scoresOf = (answers: Predicted, options: ResampleOptions): Required<LabelScores> =>
  Object.fromEntries(
    metricsOf(LABEL_METRICS).flatMap(([id, { compute, interval }]) => [
      [id, compute(answers)],
      [`${id}Ci95`, interval(answers, options)],
    ]),
  ) as Required<LabelScores>;

/** B minus A in every metric but accuracy, which `duel` compares. */
export function differencesOf(a: Predicted, b: Predicted, options: ResampleOptions): Required<LabelDifferences> {
  const { onProgress } = options;
  return Object.fromEntries(
    RESAMPLED.flatMap(({ id, metric }, i) => {
      const part = (share: number) => onProgress?.((i + share) / RESAMPLED.length);
      const { difference, ci95, p } = metric.compare(a, b, { ...options, onProgress: part });
      return [
        [`${id}Difference`, difference],
        [`${id}Ci95`, ci95],
        [`${id}P`, p],
      ];
    }),
  ) as unknown as Required<LabelDifferences>;
}

/** One metric of a prompt; null where its comparison is older than the metric. */
export function scoreOf(
  arm: ArmReport,
  id: LabelMetricId,
): { readonly value: number; readonly interval: Interval | null } | null {
  const value = arm[id];
  return value === undefined ? null : { value, interval: arm[`${id}Ci95`] ?? null };
}

/** One metric of a pair, B minus A; null where its comparison is older than the metric. */
export function differenceOf(pair: PairReport, id: LabelMetricId): Compared | null {
  if (id === 'accuracy') return { difference: pair.difference, ci95: pair.differenceCi95, p: pair.pExact };
  const [difference, ci95, p] = [pair[`${id}Difference`], pair[`${id}Ci95`], pair[`${id}P`]];
  return difference === undefined || ci95 === undefined || p === undefined ? null : { difference, ci95, p };
}
