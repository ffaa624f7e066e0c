import { expect, it } from 'vitest';
import { compare } from './compare';
import { alternating, armOf, patterned, planOf } from './test-support';
import { accuracyFinding, confusionFinding } from './titles';
import { about, percent, points, pointsRange, pointsWithUnit, pValue } from './words';

const findings = (counts: Readonly<Record<string, number>>) => {
  const [a, b] = patterned(counts) as [boolean[], boolean[]];
  const gold = alternating(a.length);
  const plan = planOf(gold, [
    armOf('yours', 'zero-shot', gold, a, 2, { name: 'Yours' }),
    armOf('tuned', 'tuned', gold, b, 2, { name: 'Tuned' }),
  ]);
  const { arms, pairs } = compare(plan, { draws: 20 });
  return {
    accuracy: accuracyFinding(arms, pairs[0]),
    confusion: arms.map((arm) => confusionFinding(arm, plan.labels)),
  };
};

it('states a gain or a loss only where it is clear', () => {
  expect(findings({ '11': 76, '01': 22, '10': 5, '00': 17 }).accuracy).toBe(
    'Tuned 81.7%, yours 67.5%: a gain of 14 points (6 to 22)',
  );
  expect(findings({ '11': 76, '10': 22, '01': 5, '00': 17 }).accuracy).toContain('a loss of 14 points (−22 to −6)');
  expect(findings({ '11': 76, '01': 12, '10': 8, '00': 17 }).accuracy).toContain('no clear difference');
  expect(accuracyFinding([], undefined)).toBe('Accuracy on the held-back rows');
});

it('names the commonest mistake when one stands out', () => {
  expect(findings({ '11': 10, '01': 5 }).confusion[1]).toBe('Tuned is right on all 15 rows');
  expect(findings({ '11': 10, '01': 5 }).confusion[0]).toBe('Yours calls 3 of 8 negative rows positive');
});

it('writes numbers as people do', () => {
  expect([percent(0.817), percent(0.5), points(0.142), points(-0.033), points(0), pointsWithUnit(0.01)]).toEqual([
    '81.7%',
    '50%',
    '14',
    '−3.3',
    '0',
    '1 point',
  ]);
  expect([pValue(0.00001), pValue(0.00149), pValue(0.0313), pValue(0.5)]).toEqual([
    'p < 0.0001',
    'p = 0.0015',
    'p = 0.031',
    'p = 0.50',
  ]);
  expect([about(7), about(137), about(1234)]).toEqual(['7', '140', '1,300']);
  expect(pointsRange(0.012, 0.083)).toBe('1.2 to 8.3');
});
