import { expect, it } from 'vitest';
import { alternating, armOf, patterned, planOf } from '../test-support';
import { about, points, pointsRange, pointsWithUnit, pValue } from '../words';
import { compare } from './compare';
import { accuracyFinding, confusionFinding, coverageFinding, reliabilityFinding, slicesFinding } from './titles';

const findings = (counts: Readonly<Record<string, number>>) => {
  const [a, b] = patterned(counts) as [boolean[], boolean[]];
  const gold = alternating(a.length);
  const plan = planOf(gold, [
    armOf('yours', 'zero-shot', gold, a, 2, { name: 'Your prompt' }),
    armOf('tuned', 'tuned', gold, b, 2, { name: 'Tuned prompt' }),
  ]);
  const { arms, pairs } = compare(plan, { draws: 20 });
  return {
    accuracy: accuracyFinding(arms, pairs[0]),
    confusion: arms.map((arm) => confusionFinding(arm, plan.labels)),
  };
};

it('states a gain or a loss only where it is clear', () => {
  expect(findings({ '11': 76, '01': 22, '10': 5, '00': 17 }).accuracy).toBe(
    'Tuned prompt 81.7%, your prompt 67.5%: a gain of 14 points (6 to 22)',
  );
  expect(findings({ '11': 76, '10': 22, '01': 5, '00': 17 }).accuracy).toContain('a loss of 14 points (−22 to −6)');
  expect(findings({ '11': 76, '01': 12, '10': 8, '00': 17 }).accuracy).toContain('no clear difference');
  expect(accuracyFinding([], undefined)).toBe('Accuracy on the test rows');
});

it('never calls a difference unclear beside an interval that leaves out 0 without saying why', () => {
  const [yours, tuned, bare] = patterned({
    '111': 60,
    '011': 10,
    '010': 10,
    '101': 4,
    '100': 4,
    '001': 2,
    '110': 6,
    '000': 24,
  });
  const gold = alternating(120);
  const plan = planOf(
    gold,
    [
      armOf('yours', 'zero-shot', gold, yours ?? [], 2, { name: 'Your prompt' }),
      armOf('tuned', 'tuned', gold, tuned ?? [], 2, { name: 'Tuned prompt' }),
      armOf('untuned', 'untuned', gold, bare ?? [], 2, { name: 'Untuned prompt' }),
    ],
    {
      pairs: [
        ['yours', 'tuned'],
        ['untuned', 'tuned'],
        ['untuned', 'yours'],
      ],
    },
  );
  const { arms, pairs } = compare(plan, { draws: 20 });
  expect(pairs[0]?.metrics.accuracy.interval.low).toBeGreaterThan(0);
  expect(pairs[0]?.pHolm).toBeGreaterThan(0.05);
  expect(accuracyFinding(arms, pairs[0])).toMatch(
    /: no clear difference after correction \(this pair alone: [\d.]+ to \d+ points\)$/,
  );
});

it('names the most frequent mistake where one is clearly ahead', () => {
  expect(findings({ '11': 10, '01': 5 }).confusion[1]).toBe('The tuned prompt is right on all 15 rows');
  expect(findings({ '11': 10, '01': 5 }).confusion[0]).toBe('Your prompt calls 3 of 8 negative rows positive');
});

it('writes numbers as people do', () => {
  expect([points(0.142), points(-0.033), points(0), pointsWithUnit(0.01)]).toEqual(['14', '−3.3', '0', '1 point']);
  expect([pValue(0.00001), pValue(0.00149), pValue(0.0313), pValue(0.5)]).toEqual([
    'p < 0.0001',
    'p = 0.0015',
    'p = 0.031',
    'p = 0.50',
  ]);
  expect([about(7), about(137), about(1234)]).toEqual(['7', '140', '1,300']);
  expect(pointsRange(0.012, 0.083)).toBe('1.2 to 8.3');
});

const point = (accuracy: number, answered: number, n = 100) => ({
  threshold: 0.8,
  answered,
  correct: Math.round(accuracy * answered),
  coverage: answered / n,
  accuracy,
  interval: { low: accuracy - 0.05, high: accuracy + 0.03 },
});

it('says what leaving rows to a person brings, and when it brings nothing', () => {
  expect(coverageFinding('Tuned prompt', point(0.95, 70), 0.8)).toBe(
    'Answering the surest 70% of rows, the tuned prompt is right on 95.0% instead of 80.0%',
  );
  expect(coverageFinding('Tuned prompt', point(0.82, 70), 0.8)).toBe(
    'Accuracy of the answered rows against their share',
  );
  expect(coverageFinding('Tuned prompt', point(0.95, 100), 0.8)).toBe(
    'Accuracy of the answered rows against their share',
  );
});

it('calls probabilities too high or too low only where the bars say so', () => {
  const bin = (meanConfidence: number, accuracy: number, half: number) => ({
    rows: 20,
    meanConfidence,
    accuracy,
    accuracyCi95: { low: accuracy - half, high: accuracy + half },
  });
  expect(reliabilityFinding('Tuned prompt', [bin(0.9, 0.6, 0.1), bin(0.95, 0.7, 0.1)])).toBe(
    'The tuned prompt is overconfident',
  );
  expect(reliabilityFinding('Tuned prompt', [bin(0.6, 0.9, 0.1), bin(0.7, 0.95, 0.1)])).toBe(
    'The tuned prompt is underconfident',
  );
  expect(reliabilityFinding('Tuned prompt', [bin(0.6, 0.65, 0.1), bin(0.7, 0.95, 0.1)])).toBe(
    'Tuned prompt: probability against share right',
  );
});

it('names a part only when it survives the correction', () => {
  const slice = (name: string, difference: number, pHolm: number) => ({ column: 'channel', name, difference, pHolm });
  expect(slicesFinding([slice('mail', 0.2, 0.3), slice('chat', 0.1, 0.5)], 'channel')).toBe(
    'No part by channel differs clearly',
  );
  expect(slicesFinding([slice('mail', -0.2, 0.01), slice('chat', 0.3, 0.04)], 'channel')).toBe(
    'Clear in 2 of 2 parts by channel: most for chat, 30 points up',
  );
  expect(slicesFinding([], 'channel')).toBe('No parts by channel');
});
