import { present } from '../../lib/assert';
import type { Interval } from '../../metrics/intervals';
import { DRAWS, eachDraw } from '../../metrics/resample';
import { quantile } from '../../metrics/special';
import { exactMatch, perplexity, rougeL, tokenF1 } from '../../metrics/text';
import type {
  Difference,
  GenerateArm,
  GenerateComparison,
  GenerateOutcome,
  GeneratePair,
  GeneratePlan,
  TextMeasure,
} from './types';
import { duelSentence, verdictOf } from './verdict';

/** Which prompt writes what is wanted: means over the same test rows, and paired differences with their intervals. */

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

type Sums = Readonly<Record<TextMeasure, Float64Array>>;

interface Measured {
  readonly outcome: GenerateOutcome;
  readonly perRow: Readonly<Record<Exclude<TextMeasure, 'perplexity'>, readonly number[]>>;
  /** Each measure in each draw of rows. */
  readonly drawn: Sums;
}

function measured(outcome: GenerateOutcome, wanted: readonly string[], draws: number): Measured {
  const against = (measure: (written: string, wanted: string) => number) =>
    wanted.map((text, i) => measure(present(outcome.written[i], 'written text'), text));
  const numbers = () => new Float64Array(draws);
  return {
    outcome,
    perRow: { rougeL: against(rougeL), tokenF1: against(tokenF1), exactMatch: against(exactMatch) },
    drawn: { rougeL: numbers(), tokenF1: numbers(), exactMatch: numbers(), perplexity: numbers() },
  };
}

/** What the arm reaches on the drawn rows. */
function draw({ outcome: { scores }, perRow, drawn }: Measured, rows: Int32Array, at: number): void {
  let [rouge, f1, exact, logProb, tokens] = [0, 0, 0, 0, 0];
  for (const row of rows) {
    rouge += perRow.rougeL[row] as number;
    f1 += perRow.tokenF1[row] as number;
    exact += perRow.exactMatch[row] as number;
    const score = scores[row] as GenerateOutcome['scores'][number];
    logProb += score.logProb;
    tokens += score.tokens;
  }
  drawn.rougeL[at] = rouge / rows.length;
  drawn.tokenF1[at] = f1 / rows.length;
  drawn.exactMatch[at] = exact / rows.length;
  drawn.perplexity[at] = Math.exp(-logProb / tokens);
}

function intervalOf(values: Float64Array): Interval {
  const sorted = values.toSorted();
  return { low: quantile(sorted, 0.025), high: quantile(sorted, 0.975) };
}

const each = <T>(of: (measure: TextMeasure) => T): Readonly<Record<TextMeasure, T>> => ({
  rougeL: of('rougeL'),
  tokenF1: of('tokenF1'),
  exactMatch: of('exactMatch'),
  perplexity: of('perplexity'),
});

/**
 * All arms see the same drawn rows, so that a difference in a draw is a paired one (10,000 draws, percentiles; by group
 * where rows belong together; Berg-Kirkpatrick et al. 2012).
 */
export function compareTexts(
  plan: GeneratePlan,
  options: { readonly draws?: number; readonly onProgress?: (share: number) => void } = {},
): GenerateComparison {
  const { draws = DRAWS, onProgress } = options;
  const { wanted, groups, seed } = plan;
  const arms = plan.arms.map((outcome) => measured(outcome, wanted, draws));
  const how = { seed, draws, ...(groups ? { groups } : {}), ...(onProgress ? { onProgress } : {}) };
  eachDraw(wanted.length, how, (rows, at) => {
    for (const arm of arms) draw(arm, rows, at);
  });
  const reports = arms.map(
    ({ outcome, perRow, drawn }): GenerateArm => ({
      id: outcome.id,
      name: outcome.name,
      ...(outcome.kind ? { kind: outcome.kind } : {}),
      rougeL: mean(perRow.rougeL),
      tokenF1: mean(perRow.tokenF1),
      exactMatch: mean(perRow.exactMatch),
      perplexity: perplexity(outcome.scores),
      tokensSentMean: outcome.tokensSentMean,
      intervals: each((measure) => intervalOf(drawn[measure])),
      rows: perRow.rougeL,
    }),
  );
  const drawnOf = new Map(arms.map(({ outcome, drawn }) => [outcome.id, drawn]));
  const reportOf = new Map(reports.map((report) => [report.id, report]));
  const duels = plan.pairs.map(([a, b]) =>
    duel(
      [present(reportOf.get(a), a), present(drawnOf.get(a), a)],
      [present(reportOf.get(b), b), present(drawnOf.get(b), b)],
    ),
  );
  const found = { n: wanted.length, arms: reports, duels };
  return { ...found, verdict: verdictOf(found, plan.looks ?? 1) };
}

function duel([a, ofA]: readonly [GenerateArm, Sums], [b, ofB]: readonly [GenerateArm, Sums]): GeneratePair {
  const differences = each((measure): Difference => {
    const isRatio = measure === 'perplexity';
    const between = (x: number, y: number) => (isRatio ? y / x : y - x);
    const drawn = ofA[measure].map((value, d) => between(value, ofB[measure][d] as number));
    return { difference: between(a[measure], b[measure]), interval: intervalOf(drawn) };
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
