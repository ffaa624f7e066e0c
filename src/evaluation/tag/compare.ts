/** Which prompt gives labels closer to the right ones: every metric on the same test rows, and paired differences. */
import { present } from '../../lib/assert';
import { holm } from '../../metrics/mcnemar';
import { countedFigures, forEachMetric, metricsOf, TAG_METRICS } from '../../metrics/registry';
import { DRAWS } from '../../metrics/resample';
import { fitCuts, givenTags, type TagCounts, tagF1, tagPrecision, tagRecall } from '../../metrics/tags';
import { fieldOf } from '../sheets';
import type { ArmResult, Comparison, PairResult, TagOutcome, TagPlan, TagScore } from '../types';
import { verdictOf } from '../verdict';
import { comparedTags, rowsCloser } from './pairs';

/** Of one label. */
export const LABEL_FIGURES = { precision: tagPrecision, recall: tagRecall, f1: tagF1 } as const;

type Of = (counts: TagCounts) => number;

/** All figures follow from the counts of a draw, so one set of draws serves all of them. */
function tagResult(
  outcome: TagOutcome,
  { labels, gold, groups, seed }: Pick<TagPlan, 'labels' | 'gold' | 'groups' | 'seed'>,
  draws = DRAWS,
): ArmResult<'tag'> {
  const { odds, cuts, ...named } = outcome;
  const given = odds.map((row) => givenTags(row, cuts));
  const ofLabel = labels.map((_, k) => forEachMetric(LABEL_FIGURES, (of) => (counts: TagCounts) => of(counts, k)));
  const all = [...metricsOf(TAG_METRICS).map(([, { compute }]) => compute), ...ofLabel.flatMap(Object.values<Of>)];
  const found = countedFigures({ gold, given, labels: labels.length }, all, { seed, draws, groups });
  const figure = (of: Of) => present(found[all.indexOf(of)], 'figure');
  return {
    ...named,
    metrics: forEachMetric(TAG_METRICS, ({ compute }) => figure(compute)),
    given,
    labels: labels.map(
      (label, k): TagScore => ({
        label,
        support: gold.filter((tags) => tags.includes(k)).length,
        ...forEachMetric(present(ofLabel[k], label), figure),
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
