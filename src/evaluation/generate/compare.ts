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
import type {
  Difference,
  GenerateArm,
  GenerateComparison,
  GenerateOutcome,
  GeneratePair,
  GeneratePlan,
} from '../types';
import { namesOf, pointsRange, points as roundedPoints, times } from '../words';

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
      ...(kind ? { kind } : {}),
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
  return { ...found, verdict: verdictOf(found, plan.looks ?? 1) };
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

/** What a comparison of generated texts says: its verdict, and the titles of its charts and tables. */

const points = (share: number) => (100 * share).toFixed(1);
const signed = (share: number) => {
  const text = points(Math.abs(share));
  return text === '0.0' ? text : `${share < 0 ? '−' : '+'}${text}`;
};

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

/** "+27.8 (+23.6 to +31.9)". */
const gainWords = ({ difference, interval: { low, high } }: Difference) =>
  `${signed(difference)} (${signed(low)} to ${signed(high)})`;

/** How many texts match the expected one word for word. */
function exactWords(arm: GenerateArm, n: number): string {
  const rows = Math.round(arm.exactMatch * n);
  return rows === 0
    ? `None of its texts matches the expected one word for word.`
    : `${rows} of its ${n} texts ${rows === 1 ? 'matches' : 'match'} the expected one word for word.`;
}

/** Against the tuned prompt's own text without vectors: a hand-written prompt may be worse than both. */
const trainingAdded = ({ finding, rougeL }: GeneratePair): string =>
  ({
    'b-better': `Training itself added ${gainWords(rougeL)} over the untuned prompt, the same text without vectors.`,
    'a-better': `Training itself made it worse: ${gainWords(rougeL)} against the untuned prompt, the same text without vectors.`,
    unclear: `Training itself added nothing clear: ${gainWords(rougeL)} against the untuned prompt, the same text without vectors.`,
  })[finding];

/** The headline's pair first; then examples, what training added, the expected texts, and uses of the test rows. */
function verdictOf(
  { n, arms, duels }: Omit<GenerateComparison, 'verdict'>,
  looks: number,
): GenerateComparison['verdict'] {
  const [first, ...others] = duels;
  const name = namesOf(arms);
  if (!first)
    return {
      headline: `${arms.length === 1 ? `${arms[0]?.name} alone answered` : 'The prompts answered'} ${counted(n, 'test row')}`,
      detail: 'There is nothing to compare it with: write a prompt, or train one.',
    };
  const [a, b] = [name(first.a), name(first.b)];
  const headline = {
    'b-better': `${b} is closer to your texts than ${midSentence(a)}: ${signed(first.rougeL.difference)} points of ROUGE-L`,
    'a-better': `Keep ${midSentence(a)}: ${midSentence(b)} is further from your texts, ${signed(first.rougeL.difference)} points of ROUGE-L`,
    unclear: `No clear difference between ${midSentence(b)} and ${midSentence(a)} on ${counted(n, 'test row')}`,
  }[first.finding];
  const examples = others.find(
    (duel) => duel.b === first.b && arms.find(({ id }) => id === duel.a)?.kind === 'few-shot',
  );
  const control = others.find(
    (duel) => duel.b === first.b && arms.some(({ id, kind = id }) => id === duel.a && kind === 'untuned'),
  );
  const winner = arms.find(({ id }) => id === (first.finding === 'a-better' ? first.a : first.b));
  const ratio = first.perplexity;
  const predictsBetter = ratio.interval.high < 1;
  const sentences = [
    `${gainWords(first.rougeL)} on ${counted(n, 'test row')}, closer on ${first.rows.nearer} and further on ${first.rows.farther}.`,
    ...(examples
      ? [
          examples.finding === 'b-better'
            ? `It is also closer than ${midSentence(name(examples.a))}: ${gainWords(examples.rougeL)}.`
            : examples.finding === 'a-better'
              ? `${name(examples.a)} is closer: against it ${midSentence(b)} is at ${gainWords(examples.rougeL)}. Use the examples.`
              : `Against ${midSentence(name(examples.a))} there is no clear difference: ${gainWords(examples.rougeL)}. Examples may do as well.`,
        ]
      : []),
    ...(control && first.finding === 'b-better' ? [trainingAdded(control)] : []),
    ...(predictsBetter && first.finding !== 'b-better'
      ? [
          `It predicts the expected texts better (perplexity × ${ratio.difference.toPrecision(2)}), but its own texts do not show it.`,
        ]
      : []),
    ...(winner ? [exactWords(winner, n)] : []),
    ...(looks > 1
      ? [`These test rows have been used ${times(looks)}: each use makes a lucky result more likely.`]
      : []),
  ];
  return { headline, detail: sentences.join(' ') };
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
