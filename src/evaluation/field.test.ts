import { describe, expect, it } from 'vitest';
import { present } from '../lib/assert';
import { compare } from './classify/compare';
import { fieldOf } from './sheets';
import { alternating, armOf, patterned, planOf } from './test-support';

/** Yours, Tuned and a few-shot arm that no pair of the plan names, by right/wrong patterns over the rows. */
function field(counts: Readonly<Record<string, number>>) {
  const rights = patterned(counts);
  const gold = alternating(rights[0]?.length ?? 0);
  const arms = (['zero-shot', 'tuned', 'few-shot'] as const).map((kind, i) =>
    armOf(['yours', 'tuned', 'yours-8'][i] ?? '', kind, gold, rights[i] ?? []),
  );
  const plan = planOf(gold, arms);
  const found = present(fieldOf({ kind: 'classify', plan, comparison: compare(plan, { draws: 20 }) }), 'field');
  const [yours, tuned, few] = found.arms.map((arm) => present(arm, 'arm'));
  const compared = (a = yours, b = few) => found.compare(present(a, 'a'), present(b, 'b'));
  return { compared, yours, tuned, few };
}

describe('a pair that the plan does not name', () => {
  // tuned against yours: b = c = 10, p = 1; examples against yours: b = 6, c = 17, p = 0.0347
  const of = field({ '110': 6, '011': 10, '101': 10, '001': 7, '111': 60, '000': 27 });

  it('is one more comparison, and is corrected for itself and all pairs of the plan', () => {
    const { p, comparisons } = of.compared();
    expect(p).toBeCloseTo(2 * 0.0347, 3);
    expect(comparisons).toBe(2);
  });

  it('is not clear where only its own p is below 5%', () => {
    const { ci95, finding } = of.compared();
    expect(ci95.low).toBeGreaterThan(0);
    expect(finding).toBe('unclear');
  });

  it('does not change the correction of a pair that the plan names', () => {
    expect(of.compared(of.yours, of.tuned)).toMatchObject({ p: 1, comparisons: 1 });
  });

  it('is found in either order, with the sides as they were asked for', () => {
    const [there, back] = [of.compared(), of.compared(of.few, of.yours)];
    expect(back.difference).toBeCloseTo(-there.difference, 12);
    expect(back.ci95.low).toBeCloseTo(-there.ci95.high, 12);
    expect(back.p).toBeCloseTo(there.p, 12);
  });
});
