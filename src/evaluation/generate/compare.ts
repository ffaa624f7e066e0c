import { present } from '../../lib/assert';
import { counted } from '../../lib/format';
import {
  forEachMetric,
  type GeneratedRow,
  TEXT_METRICS,
  type TextMetric,
  type TextMetricId,
} from '../../metrics/registry';
import { DRAWS, eachDraw } from '../../metrics/resample';
import { middle95 } from '../../metrics/special';
import { asSubject, inText } from '../arm-names';
import { findingOf } from '../classify/pairs';
import { fieldOf } from '../sheets';
import type { ArmResult, Comparison, GenerateOutcome, GeneratePlan, PairResult } from '../types';
import { verdictOf } from '../verdict';
import { namesOf } from '../words';

/** Which prompt generates texts closer to the expected ones: every metric on the same test rows, and paired differences. */

/** One metric of one prompt: what its rows add to the sums, and the metric in each draw of rows. */
interface Measured {
  readonly over: (rows: ArrayLike<number>) => number;
  readonly drawn: Float64Array;
}

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

/**
 * All prompts see the same drawn rows, so a difference in a draw is a paired one (10,000 draws, percentiles; by group
 * where rows belong together; Berg-Kirkpatrick et al. 2012).
 */
export function compareTexts(
  plan: GeneratePlan,
  options: { readonly draws?: number; readonly onProgress?: (share: number) => void } = {},
): Comparison<'generate'> {
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
  const reports = arms.map(
    ({ outcome: { written: _, scores: __, ...named }, metrics }): ArmResult<'generate'> => ({
      ...named,
      metrics: forEachMetric(metrics, ({ over, drawn }) => ({
        value: over(all),
        interval: middle95(drawn.toSorted()),
      })),
      rows: all.map((row) => metrics.rougeL.over([row])),
    }),
  );
  const pairs = plan.pairs.map(([a, b]) => {
    const of = (id: string) => {
      const at = arms.findIndex(({ outcome }) => outcome.id === id);
      return [present(reports[at], id), present(arms[at], id).metrics] as const;
    };
    return pairOf(of(a), of(b));
  });
  const found = { n: wanted.length, arms: reports, pairs };
  return { ...found, verdict: verdictOf(fieldOf({ kind: 'generate', plan, comparison: found })) };
}

type Asked = readonly [ArmResult<'generate'>, Readonly<Record<TextMetricId, Measured>>];

function pairOf([a, ofA]: Asked, [b, ofB]: Asked): PairResult<'generate'> {
  const gains = b.rows.map((value, i) => value - (a.rows[i] ?? 0));
  const count = (is: (gain: number) => boolean) => gains.filter(is).length;
  return {
    a: a.id,
    b: b.id,
    metrics: forEachMetric(TEXT_METRICS, ({ versus }, id) => {
      const between = (x: number, y: number) => (versus === 'ratio' ? y / x : y - x);
      const drawn = ofA[id].drawn.map((value, d) => between(value, ofB[id].drawn[d] as number));
      return {
        value: between(a.metrics[id].value, b.metrics[id].value),
        interval: middle95(drawn.toSorted()),
      };
    }),
    rows: { closer: count((g) => g > 0), further: count((g) => g < 0), same: count((g) => g === 0) },
  };
}

// What the pairs of a comparison say, and the titles of its charts.

const points = (share: number) => (100 * share).toFixed(1);

/** "B is closer to your texts than A: ROUGE-L 12.0 points, 95% interval 4.0 to 20.0, 40 test rows." */
export function pairSentence({ arms, n }: Pick<Comparison<'generate'>, 'arms' | 'n'>, pair: PairResult<'generate'>) {
  const nameOf = namesOf(arms);
  const [a, b] = [nameOf(pair.a), nameOf(pair.b)];
  const { value, interval } = pair.metrics.rougeL;
  const range = `ROUGE-L ${points(Math.abs(value))} points, 95% interval ${points(interval.low)} to ${points(interval.high)}, ${counted(n, 'test row')}`;
  return {
    'b-better': `${asSubject(b)} is closer to your texts than ${inText(a)}: ${range}.`,
    'a-better': `${asSubject(a)} is closer to your texts than ${inText(b)}: ${range}.`,
    unclear: `It is not clear whether ${inText(b)} or ${inText(a)} is closer to your texts: ${range}.`,
  }[findingOf(interval)];
}
