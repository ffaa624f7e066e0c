import { counted } from '../../lib/format';
import { holm } from '../../metrics/mcnemar';
import { type FieldArm, type FieldFrom, type Lead, remembered, rolesOf } from '../field';
import type { PairResult } from '../types';
import { pointsWithUnit } from '../words';
import { PROBE } from './made-arms';
import { comparedAccuracy, findingOf } from './pairs';

/** Of a comparison of labels. A pair that is not in the plan is one more comparison, which its p is corrected for. */
export const labelField: FieldFrom<'classify'> = ({ plan, comparison: { arms, pairs } }) => {
  const roles = rolesOf('classify', arms, plan.pairs, plan.production);
  if (!roles) return null;
  const { groups, folds, file, looks, gold } = plan;
  const answers = new Map(arms.map((arm) => [arm.id, arm]));
  const exact = pairs.map(({ metrics }) => metrics.accuracy.p);
  const compare = (a: FieldArm, b: FieldArm): Lead => {
    const [ofA, ofB] = [answers.get(a.id), answers.get(b.id)];
    if (!ofA || !ofB) throw new Error(`${a.id} or ${b.id} took no part`);
    const { p: exactly, ci95, difference, aOnly, bOnly, designEffect } = comparedAccuracy(ofA, ofB, plan);
    const planned = pairs.findIndex((pair) => [pair.a, pair.b].includes(a.id) && [pair.a, pair.b].includes(b.id));
    const family = holm(planned === -1 ? [...exact, exactly] : exact);
    const p = family.at(planned) ?? exactly;
    const finding = findingOf(ci95, p);
    return { difference, ci95, aOnly, bOnly, designEffect, p, test: 'exact', comparisons: family.length, finding };
  };
  return {
    ...roles,
    ...(groups && { groups }),
    ...(folds && { folds }),
    ...(file && { file }),
    n: gold.length,
    looks,
    measure: 'accuracy',
    metric: '',
    keepsProbe: !plan.noVersion?.[PROBE],
    compare: remembered(compare),
    changed: ({ aOnly, bOnly }) => `fixed ${counted(bOnly, 'row')} and broke ${aOnly}`,
    caution: macroCaution(pairs[0]),
    tokens: (from, to) => pairs.find(({ a, b }) => a === from.id && b === to.id)?.tokens?.ci95 ?? null,
  };
};

/** What accuracy hides where one label is common. */
function macroCaution(headline: PairResult | undefined): string | null {
  if (!headline) return null;
  const { accuracy, macroF1 } = headline.metrics;
  if (accuracy.value > 0 && macroF1.interval.high < 0)
    return `Mind the rare labels: macro-F1 is ${pointsWithUnit(-macroF1.value)} lower.`;
  if (accuracy.value <= 0 && macroF1.interval.low > 0)
    return `On the rare labels the tuned prompt helps: macro-F1 is ${pointsWithUnit(macroF1.value)} higher.`;
  return null;
}
