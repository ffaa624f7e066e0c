import { counted } from '../../lib/format';
import { rowMean } from '../../metrics/resample';
import { findingOf } from '../classify/pairs';
import { type FieldArm, type FieldFrom, type Lead, remembered, rolesOf } from '../field';
import type { PairResult } from '../types';

/** Of a comparison of generated texts: ROUGE-L decides, by the interval of each pair. */
export const textField: FieldFrom<'generate'> = ({ plan, comparison: { arms, pairs } }) => {
  const roles = rolesOf('generate', arms, plan.pairs);
  if (!roles) return null;
  const n = plan.rowIds.length;
  const rowsOf = new Map(arms.map(({ id, rows }) => [id, rows]));
  const compare = (a: FieldArm, b: FieldArm): Lead => {
    const ofA = rowsOf.get(a.id) ?? [];
    const gains = (rowsOf.get(b.id) ?? []).map((value, i) => value - (ofA[i] ?? 0));
    const planned = pairs.find((pair) => pair.a === a.id && pair.b === b.id)?.metrics.rougeL.interval;
    const ci95 = planned ?? rowMean(gains, plan).interval;
    const finding = findingOf(ci95);
    const [aOnly, bOnly] = [gains.filter((gain) => gain < 0).length, gains.filter((gain) => gain > 0).length];
    const counts = { aOnly, bOnly, designEffect: 1 };
    return { difference: b.value - a.value, ci95, ...counts, p: 0, test: 'exact', comparisons: 0, finding };
  };
  return {
    ...roles,
    ...(plan.groups && { groups: plan.groups }),
    n,
    looks: plan.looks,
    measure: 'ROUGE-L',
    metric: ' of ROUGE-L',
    keepsProbe: false,
    compare: remembered(compare),
    changed: ({ aOnly, bOnly }) => `came closer on ${counted(bOnly, 'row')} and fell back on ${aOnly}`,
    caution: textCaution(arms.find(({ id }) => id === roles.tuned.id)?.metrics.exactMatch.value ?? 0, n, pairs[0]),
    tokens: () => null,
  };
};

/** What ROUGE-L hides: how many texts are word for word the expected ones, and what the model would rather expect. */
function textCaution(exactMatch: number, n: number, headline: PairResult<'generate'> | undefined): string {
  const rows = Math.round(exactMatch * n);
  const exact = `${rows === 0 ? 'None' : rows} of its ${n} texts ${rows > 1 ? 'match' : 'matches'} the expected one word for word.`;
  if (!headline) return exact;
  const { perplexity, rougeL } = headline.metrics;
  return perplexity.interval.high < 1 && findingOf(rougeL.interval) !== 'b-better'
    ? `It predicts the expected texts better (perplexity × ${perplexity.value.toPrecision(2)}), but its own texts do not show it. ${exact}`
    : exact;
}
