import { present } from '../../lib/assert';
import { counted, midSentence, percent } from '../../lib/format';
import type { Interval } from '../../metrics/intervals';
import {
  forEachMetric,
  type GeneratedRow,
  TEXT_METRICS,
  type TextMetric,
  type TextMetricId,
} from '../../metrics/registry';
import { DRAWS, eachDraw } from '../../metrics/resample';
import { middle95 } from '../../metrics/special';
import { verdictOf } from '../advice';
import { textField } from '../field';
import type {
  Difference,
  GenerateArm,
  GenerateComparison,
  GenerateOutcome,
  GeneratePair,
  GeneratePlan,
} from '../types';
import { pointsRange, points as roundedPoints } from '../words';

/** Which prompt generates texts closer to the expected ones: every metric on the same test rows, and paired differences. */

/** One metric of one prompt: what its rows add to the sums, and the metric in each draw of rows. */
interface Measured {
  readonly over: (rows: ArrayLike<number>) => number;
  readonly drawn: Float64Array;
}

type MeasuredArm = Readonly<Record<TextMetricId, Measured>>;

function measured({ parts, compute }: TextMetric, rows: readonly GeneratedRow[], draws: number): Measured {
  const each = rows.map(parts);
  const width = each[0]?.length ?? 1;
  const added = Float64Array.from(each.flat());
  const sums = new Float64Array(width);
  const over = (drawn: ArrayLike<number>) => {
    sums.fill(0);
    for (let i = 0; i < drawn.length; i++)
      for (let k = 0; k < width; k++)
        sums[k] = (sums[k] as number) + (added[(drawn[i] as number) * width + k] as number);
    return compute(sums, drawn.length);
  };
  return { over, drawn: new Float64Array(draws) };
}

const rowsOf = ({ written, scores }: GenerateOutcome, wanted: readonly string[]): readonly GeneratedRow[] =>
  wanted.map((text, i) => ({
    ...present(scores[i], 'score of the expected text'),
    written: present(written[i], 'written text'),
    wanted: text,
  }));

/** 2.5% and 97.5% of the draws. */
function intervalOf(values: Float64Array): Interval {
  const sorted = values.toSorted();
  return middle95(sorted);
}

/**
 * All prompts see the same drawn rows, so a difference in a draw is a paired one (10,000 draws, percentiles; by group
 * where rows belong together; Berg-Kirkpatrick et al. 2012).
 */
export function compareTexts(
  plan: GeneratePlan,
  options: { readonly draws?: number; readonly onProgress?: (share: number) => void } = {},
): GenerateComparison {
  const { draws = DRAWS, onProgress } = options;
  const { wanted, groups, seed } = plan;
  const arms = plan.arms.map((outcome) => {
    const rows = rowsOf(outcome, wanted);
    return { outcome, metrics: forEachMetric(TEXT_METRICS, (metric) => measured(metric, rows, draws)) };
  });
  const each = arms.flatMap(({ metrics }) => Object.values(metrics));
  eachDraw(wanted.length, { seed, draws, groups, onProgress }, (rows, at) => {
    for (const { over, drawn } of each) drawn[at] = over(rows);
  });
  const all = wanted.map((_, row) => row);
  const reports = arms.map(({ outcome: { id, name, kind, tokensSentMean }, metrics }): GenerateArm => {
    const { rougeL } = metrics;
    return {
      id,
      name,
      kind,
      ...forEachMetric(metrics, ({ over }) => over(all)),
      tokensSentMean,
      intervals: forEachMetric(metrics, ({ drawn }) => intervalOf(drawn)),
      rows: all.map((row) => rougeL.over([row])),
    };
  });
  const at = (id: string) => arms.findIndex(({ outcome }) => outcome.id === id);
  const duels = plan.pairs.map(([a, b]) => {
    const of = (id: string) => [present(reports[at(id)], id), present(arms[at(id)], id).metrics] as const;
    return duel(of(a), of(b));
  });
  const found = { n: wanted.length, arms: reports, duels };
  return { ...found, verdict: verdictOf(textField({ plan, comparison: found })) };
}

function duel(
  [a, ofA]: readonly [GenerateArm, MeasuredArm],
  [b, ofB]: readonly [GenerateArm, MeasuredArm],
): GeneratePair {
  const differences = forEachMetric(TEXT_METRICS, ({ versus }, id): Difference => {
    const between = (x: number, y: number) => (versus === 'ratio' ? y / x : y - x);
    const drawn = ofA[id].drawn.map((value, d) => between(value, ofB[id].drawn[d] as number));
    return { difference: between(a[id] as number, b[id] as number), interval: intervalOf(drawn) };
  });
  const gains = b.rows.map((value, i) => value - (a.rows[i] ?? 0));
  const { low, high } = differences.rougeL.interval;
  const finding = low > 0 ? 'b-better' : high < 0 ? 'a-better' : 'unclear';
  const count = (is: (gain: number) => boolean) => gains.filter(is).length;
  return {
    ...differences,
    a: a.id,
    b: b.id,
    rows: { nearer: count((g) => g > 0), farther: count((g) => g < 0), same: count((g) => g === 0) },
    finding,
    sentence: duelSentence(a.name, b.name, finding, differences.rougeL, gains.length),
  };
}

/** What the pairs of a comparison say, and the titles of its charts. */

const points = (share: number) => (100 * share).toFixed(1);
function duelSentence(
  a: string,
  b: string,
  finding: GeneratePair['finding'],
  { difference, interval }: Difference,
  n: number,
): string {
  const range = `ROUGE-L ${points(Math.abs(difference))} points, 95% interval ${points(interval.low)} to ${points(interval.high)}, ${counted(n, 'test row')}`;
  return {
    'b-better': `${b} is closer to your texts than ${a}: ${range}.`,
    'a-better': `${a} is closer to your texts than ${b}: ${range}.`,
    unclear: `It is not clear whether ${b} or ${a} is closer to your texts: ${range}.`,
  }[finding];
}

/** Title of the measure's figure: both arms and how they differ; neutral where the interval holds zero. */
export function measureTitle(arms: readonly GenerateArm[], duel: GeneratePair | undefined): string {
  const a = arms.find((arm) => arm.id === duel?.a);
  const b = arms.find((arm) => arm.id === duel?.b);
  if (!duel || !a || !b) return 'How close the answers are to your texts';
  const head = `${b.name} ${percent(b.rougeL)}, ${midSentence(a.name)} ${percent(a.rougeL)}`;
  const { low, high } = duel.rougeL.interval;
  if (duel.finding === 'unclear') return `${head}: no clear difference (${pointsRange(low, high)} points)`;
  return `${head}: a ${duel.finding === 'b-better' ? 'gain' : 'loss'} of ${roundedPoints(Math.abs(duel.rougeL.difference))} points`;
}
