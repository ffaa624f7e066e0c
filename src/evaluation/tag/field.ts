import { counted, ofRows } from '../../lib/format';
import { holm } from '../../metrics/mcnemar';
import { PROBE } from '../classify/made-arms';
import { findingOf } from '../classify/pairs';
import { type FieldArm, type FieldFrom, type Lead, remembered, rolesOf } from '../field';
import { comparedMicroF1, rowsCloser } from './pairs';

/** Of a comparison of several labels a row: micro-F1 decides, by the permutation test and the bootstrap together. */
export const tagField: FieldFrom<'tag'> = ({ plan, comparison: { arms, pairs } }) => {
  const roles = rolesOf('tag', arms, plan.pairs);
  if (!roles) return null;
  const { gold, groups, file, looks } = plan;
  const givenBy = new Map(arms.map(({ id, given }) => [id, given]));
  const ofPairs = pairs.map(({ metrics }) => metrics.microF1.p);
  const compare = (a: FieldArm, b: FieldArm): Lead => {
    const both = [givenBy.get(a.id) ?? [], givenBy.get(b.id) ?? []] as const;
    const at = pairs.findIndex((pair) => pair.a === a.id && pair.b === b.id);
    const { value, interval, p: own } = pairs[at]?.metrics.microF1 ?? comparedMicroF1(gold, both, plan);
    const known = at === -1 ? pairs.findIndex((pair) => pair.a === b.id && pair.b === a.id) : at;
    const family = holm(known === -1 ? [...ofPairs, own] : ofPairs);
    const p = family.at(known) ?? own;
    const { closer, further } = rowsCloser(gold, both);
    const counts = { aOnly: further, bOnly: closer, designEffect: 1 };
    const finding = findingOf(interval, p);
    return {
      difference: value,
      ci95: interval,
      ...counts,
      p,
      test: 'permutation',
      comparisons: family.length,
      finding,
    };
  };
  const exact = arms.find(({ id }) => id === roles.tuned.id)?.metrics.subsetAccuracy.value ?? 0;
  return {
    ...roles,
    ...(groups && { groups }),
    ...(file && { file }),
    n: gold.length,
    looks,
    measure: 'micro-F1',
    metric: ' of micro-F1',
    keepsProbe: !plan.noVersion?.[PROBE],
    compare: remembered(compare),
    changed: ({ aOnly, bOnly }) => `made fewer mistakes on ${counted(bOnly, 'row')} and more on ${aOnly}`,
    caution: `It gets all labels right on ${ofRows(exact, gold.length)}.`,
    tokens: () => null,
  };
};
