/** Scores of generated texts: every metric with its 95% interval, and how two prompts differ on the same rows. */
import type { Interval } from './intervals';
import {
  forEachMetric,
  GENERATE_METRICS,
  type GeneratedRow,
  type GenerateMetric,
  type GenerateMetricId,
} from './registry';
import { DRAWS, eachDraw, type ResampleOptions } from './resample';
import { quantile } from './special';

type PerMetric<T> = Readonly<Record<GenerateMetricId, T>>;

export interface GeneratedScores {
  readonly values: PerMetric<number>;
  readonly intervals: PerMetric<Interval>;
  /** Each metric on each row alone. */
  readonly perRow: PerMetric<readonly number[]>;
  /** Each metric in each bootstrap draw of rows. */
  readonly drawn: PerMetric<Float64Array>;
}

export interface MetricDifference {
  readonly difference: number;
  readonly interval: Interval;
}

/** 2.5% and 97.5% of the draws. */
function intervalOf(values: Float64Array): Interval {
  const sorted = values.toSorted();
  return { low: quantile(sorted, 0.025), high: quantile(sorted, 0.975) };
}

/** What the rows add to the sums of one metric, and room for its draws. */
function summing(metric: GenerateMetric, rows: readonly GeneratedRow[], draws: number) {
  const parts = rows.map(metric.parts);
  const sums = new Float64Array(parts[0]?.length ?? 1);
  const over = (indices: Iterable<number>, count: number) => {
    sums.fill(0);
    for (const row of indices) {
      const part = parts[row] as readonly number[];
      for (let k = 0; k < sums.length; k++) sums[k] = (sums[k] as number) + (part[k] as number);
    }
    return metric.compute(sums, count);
  };
  return { over, drawn: new Float64Array(draws) };
}

/**
 * Scores of several prompts on the same rows. All prompts see the same bootstrap draws, by group where rows belong
 * together, so that their differences are paired. Source: Berg-Kirkpatrick et al. 2012.
 */
export function scoreGenerated(
  prompts: readonly (readonly GeneratedRow[])[],
  options: ResampleOptions,
): readonly GeneratedScores[] {
  const { draws = DRAWS } = options;
  const count = prompts[0]?.length ?? 0;
  const all = Array.from({ length: count }, (_, row) => row);
  const work = prompts.map((rows) => forEachMetric(GENERATE_METRICS, (metric) => summing(metric, rows, draws)));
  const each = work.flatMap((metrics) => Object.values(metrics));
  eachDraw(count, options, (rows, draw) => {
    for (const { over, drawn } of each) drawn[draw] = over(rows, rows.length);
  });
  return work.map((metrics) => ({
    values: forEachMetric(metrics, ({ over }) => over(all, count)),
    intervals: forEachMetric(metrics, ({ drawn }) => intervalOf(drawn)),
    perRow: forEachMetric(metrics, ({ over }) => all.map((row) => over([row], 1))),
    drawn: forEachMetric(metrics, ({ drawn }) => drawn),
  }));
}

/** B compared with A, metric by metric. */
export const compareGenerated = (a: GeneratedScores, b: GeneratedScores): PerMetric<MetricDifference> =>
  forEachMetric(GENERATE_METRICS, ({ versus }, id) => {
    const between = (x: number, y: number) => (versus === 'ratio' ? y / x : y - x);
    const drawn = a.drawn[id].map((value, draw) => between(value, b.drawn[id][draw] as number));
    return { difference: between(a.values[id], b.values[id]), interval: intervalOf(drawn) };
  });
