/** Which prompt gives labels closer to the right ones: every metric on the same test rows, and paired differences. */
import { present } from '../../lib/assert';
import { holm } from '../../metrics/mcnemar';
import { forEachMetric, TAG_METRICS } from '../../metrics/registry';
import { DRAWS, eachDraw } from '../../metrics/resample';
import { middle95 } from '../../metrics/special';
import { fitCuts, givenTags, type TagCounts, tagCounter, tagF1, tagPrecision, tagRecall } from '../../metrics/tags';
import { verdictOf } from '../advice';
import { fieldOf } from '../field';
import type { ArmResult, Comparison, PairResult, TagOutcome, TagPlan, TagScore } from '../types';
import { comparedTags, rowsCloser } from './pairs';

/** Of one label. */
export const LABEL_FIGURES = { precision: tagPrecision, recall: tagRecall, f1: tagF1 } as const;

/** All figures follow from the counts of a draw, so one set of draws serves all of them. */
export function tagResult(
  outcome: TagOutcome,
  { labels, gold, groups, seed }: Pick<TagPlan, 'labels' | 'gold' | 'groups' | 'seed'>,
  draws = DRAWS,
): ArmResult<'tag'> {
  const { id, name, kind, tokensSentMean, odds, cuts } = outcome;
  const given = odds.map((row) => givenTags(row, cuts));
  const count = tagCounter(gold, given, labels.length);
  const figure = (of: (counts: TagCounts) => number) => ({ of, drawn: new Float64Array(draws) });
  const metrics = forEachMetric(TAG_METRICS, ({ compute }) => figure(compute));
  const byLabel = labels.map((_, k) => forEachMetric(LABEL_FIGURES, (of) => figure((counts) => of(counts, k))));
  const all = [...Object.values(metrics), ...byLabel.flatMap((own) => Object.values(own))];
  eachDraw(gold.length, { seed, draws, groups }, (rows, at) => {
    const counts = count(rows);
    for (const { of, drawn } of all) drawn[at] = of(counts);
  });
  const whole = count([...gold.keys()]);
  const done = ({ of, drawn }: ReturnType<typeof figure>) => ({
    value: of(whole),
    interval: middle95(drawn.toSorted()),
  });
  return {
    ...{ id, name, kind, tokensSentMean },
    metrics: forEachMetric(metrics, done),
    given,
    labels: labels.map(
      (label, k): TagScore => ({
        label,
        support: whole.gold[k] as number,
        ...forEachMetric(present(byLabel[k], label), done),
      }),
    ),
  };
}

/** Seeded; the same plan gives the same numbers. */
export function compareTags(
  plan: TagPlan,
  options: { readonly draws?: number; readonly onProgress?: (share: number) => void } = {},
): Comparison<'tag'> {
  const { draws = DRAWS, onProgress } = options;
  const { gold, labels, groups, seed } = plan;
  const steps = plan.arms.length + plan.pairs.length;
  const arms = plan.arms.map((outcome, i) => {
    onProgress?.(i / steps);
    return tagResult(outcome, plan, draws);
  });
  const of = (id: string) =>
    present(
      arms.find((arm) => arm.id === id),
      id,
    );
  const bare = plan.pairs.map(([a, b], i) => {
    onProgress?.((arms.length + i) / steps);
    const both = [of(a).given, of(b).given] as const;
    const metrics = comparedTags(gold, both, labels.length, { seed, draws, groups });
    return { a, b, metrics, rows: rowsCloser(gold, both) };
  });
  const adjusted = holm(bare.map(({ metrics }) => metrics.microF1.p));
  const pairs = bare.map((pair, i): PairResult<'tag'> => ({ ...pair, pHolm: adjusted[i] as number }));
  const found = { n: gold.length, arms, pairs };
  return { ...found, verdict: verdictOf(fieldOf({ kind: 'tag', plan, comparison: found })) };
}

/** What a prompt answered on rows with labels. */
export interface TaggedRows {
  readonly odds: readonly (readonly number[])[];
  readonly gold: readonly (readonly number[])[];
}

/** The labels of rows by cuts from the other half of them, so that no row is judged by a cut that it chose. */
export function crossCut({ odds, gold }: TaggedRows, shares: readonly number[]): readonly (readonly number[])[] {
  const half = (at: number) => odds.flatMap((row, i) => (i % 2 === at ? [{ row, gold: gold[i] ?? [] }] : []));
  const cuts = [1, 0].map((at) => {
    const rows = half(at);
    return fitCuts(
      rows.map(({ row }) => row),
      rows.map((each) => each.gold),
      shares,
    );
  });
  return odds.map((row, i) => givenTags(row, cuts[i % 2] ?? null));
}
