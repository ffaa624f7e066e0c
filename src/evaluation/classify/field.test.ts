import { describe, expect, it } from 'vitest';
import { present } from '../../lib/assert';
import { alternating, armOf, patterned, planOf } from '../test-support';
import { compare } from './compare';
import { compareArms, fieldOf } from './field';
import { isClear } from './pairs';

/** Yours, Tuned and a few-shot arm that no pair of the plan names, by right/wrong patterns over the rows. */
function field(counts: Readonly<Record<string, number>>) {
  const rights = patterned(counts);
  const gold = alternating(rights[0]?.length ?? 0);
  const arms = (['zero-shot', 'tuned', 'few-shot'] as const).map((kind, i) =>
    armOf(['yours', 'tuned', 'yours-8'][i] ?? '', kind, gold, rights[i] ?? []),
  );
  const plan = planOf(gold, arms);
  const { arms: reports, pairs } = compare(plan, { draws: 20 });
  const [yours, tuned, few] = reports;
  return {
    field: present(fieldOf({ plan, arms: reports, pairs }), 'field'),
    yours: present(yours, 'yours'),
    tuned: present(tuned, 'tuned'),
    few: present(few, 'few'),
  };
}

describe('a pair that the plan does not name', () => {
  // tuned against yours: b = c = 10, p = 1; examples against yours: b = 6, c = 17, p = 0.0347
  const of = field({ '110': 6, '011': 10, '101': 10, '001': 7, '111': 60, '000': 27 });

  it('is one more comparison, and is corrected for itself and all pairs of the plan', () => {
    const { pExact, pHolm, comparisons } = compareArms(of.field, of.yours, of.few);
    expect(pExact).toBeCloseTo(0.0347, 4);
    expect(pHolm).toBeCloseTo(2 * 0.0347, 3);
    expect(comparisons).toBe(2);
  });

  it('is not clear where only its own p is below 5%', () => {
    const { ci95, pExact, pHolm } = compareArms(of.field, of.yours, of.few);
    expect(ci95.low).toBeGreaterThan(0);
    expect(isClear({ differenceCi95: ci95, pExact })).toBe(true);
    expect(isClear({ differenceCi95: ci95, pExact, pHolm })).toBe(false);
  });

  it('does not change the correction of a pair that the plan names', () => {
    expect(compareArms(of.field, of.yours, of.tuned)).toMatchObject({ pHolm: 1, comparisons: 1 });
  });

  it('is found in either order, with the sides as they were asked for', () => {
    const [there, back] = [compareArms(of.field, of.yours, of.few), compareArms(of.field, of.few, of.yours)];
    expect(back.difference).toBeCloseTo(-there.difference, 12);
    expect(back.ci95.low).toBeCloseTo(-there.ci95.high, 12);
    expect(back.pHolm).toBeCloseTo(there.pHolm, 12);
  });
});
