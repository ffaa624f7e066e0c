import { describe, expect, it } from 'vitest';
import { dealt, preparedOf } from '../../dataset/test-support';
import { drained } from '../../lib/control';
import { createRng } from '../../lib/rng';
import { brier, coverageAt } from '../../metrics/calibration';
import { pairedBootstrap } from '../../metrics/resample';
import { alternating, armOf, planOf } from '../test-support';
import type { ArmOutcome, ArmResult, PairResult } from '../types';
import { compare, insightsOf } from './compare';
import {
  confidenceDifference,
  confidenceDifferenceWords,
  confidenceOf,
  coverageSentence,
  eceWords,
  thresholdFrom,
  validationAnswers,
} from './confidence';
import { fitCalibration, validationOutcome, validationTemperature } from './outcome';
import { comparedAccuracy } from './pairs';

const gold = alternating(160);
const rng = createRng(4);
const right = (share: number) => gold.map(() => rng.next() < share);
const plan = planOf(gold, [
  armOf('majority', 'reference', gold, right(0.5)),
  armOf('yours', 'zero-shot', gold, right(0.6)),
  armOf('yours-8', 'few-shot', gold, right(0.7)),
  armOf('tuned', 'tuned', gold, right(0.8), 2, { temperature: { raw: 0.5, calibrated: 2, rows: 40 } }),
]);
const comparison = compare(plan, { draws: 100 });

describe('insights', () => {
  const shares: number[] = [];
  const found = drained(insightsOf(plan, comparison, null), (share) => shares.push(share));

  it('come in steps between which they can be stopped', () => {
    expect(shares.length).toBeGreaterThan(3);
    expect(shares).toEqual(shares.toSorted((a, b) => a - b));
  });

  it('say what the examples add to the hand-written prompt', () => {
    const arm = (id: string) => comparison.arms.find((a) => a.id === id) as ArmResult;
    expect(found.fewShotLift).toEqual(comparedAccuracy(arm('yours'), arm('yours-8'), plan));
    // a prompt that shows eight by itself is compared without them
    const renamed = { 'yours-8': 'yours', yours: 'yours-0' } as Readonly<Record<string, string>>;
    const named = <A extends { readonly id: string }>(each: A): A => ({ ...each, id: renamed[each.id] ?? each.id });
    const own = { ...comparison, arms: comparison.arms.map(named) };
    const lift = drained(insightsOf({ ...plan, arms: plan.arms.map(named) }, own, null)).fewShotLift;
    expect(lift).toEqual(found.fewShotLift);
  });

  it('have the slices of the pair that is shown', async () => {
    const { dataset } = await preparedOf(dealt(160, ['negative', 'positive']));
    const all = dataset.table.rows.map(({ id }) => id);
    const two = {
      ...comparison,
      pairs: [...comparison.pairs, { ...comparison.pairs[0], a: 'yours-8' }] as PairResult[],
    };
    const slices = (pairIndex?: number) =>
      drained(insightsOf({ ...plan, rowIds: all }, two, dataset, pairIndex)).slices?.slices;
    const accuracy = (id: string) => (comparison.arms.find((a) => a.id === id)?.correct ?? 0) / 160;
    const mean = (found: ReturnType<typeof slices>) => {
      const byLabel = found?.filter(({ column }) => column === 'label') ?? [];
      return byLabel.reduce((sum, s) => sum + s.accuracyA * s.rowIds.length, 0) / 160;
    };
    expect(mean(slices())).toBeCloseTo(accuracy('yours'), 12);
    expect(mean(slices(1))).toBeCloseTo(accuracy('yours-8'), 12);
  });

  it('have no slices without rows, and no probabilities of reference lines', () => {
    expect(found.slices).toBeNull();
    expect(found.confidence.map(({ armId }) => armId)).toEqual(['yours', 'yours-8', 'tuned']);
  });

  it('cool with the temperature of the validation rows and no other', () => {
    const tuned = plan.arms[3] as (typeof plan.arms)[number];
    const report = comparison.arms[3] as ArmResult;
    expect(confidenceOf(tuned, report, plan).temperature).toBe(0.5);
    expect(confidenceOf({ ...tuned, temperature: null }, report, plan)).toMatchObject({
      temperature: null,
      cooled: null,
    });
    // 80% right at a probability of 0.7: sharper is truer
    const { scores, cooled } = confidenceOf(tuned, report, plan);
    expect(cooled?.nll).toBeLessThan(scores.nll);
    expect(cooled?.ece).toBeLessThan(scores.ece as number);
    expect(eceWords(scores)).toMatch(/^0\.\d{3}, 0\.\d{3} to 0\.\d{3}$/);
    expect(eceWords({ ...scores, ece: null, eceCi95: null })).toBe('–');
  });

  it('compare the probabilities of the pair on the same drawn rows', () => {
    const [a, b] = [plan.arms[1], plan.arms[3]] as [ArmOutcome, ArmOutcome];
    const found = confidenceDifference(a, b, plan, 400);
    expect(found.brier).toBeCloseTo(brier(b.logProbs, gold) - brier(a.logProbs, gold), 12);
    const picked = (rows: Int32Array, arm: ArmOutcome) => Array.from(rows, (i) => arm.logProbs[i] as readonly number[]);
    const slow = pairedBootstrap(
      gold.length,
      (rows) => {
        const g = Array.from(rows, (i) => gold[i] as number);
        return brier(picked(rows, b), g) - brier(picked(rows, a), g);
      },
      { seed: plan.seed, draws: 400 },
    );
    expect(found.ci95.low).toBeCloseTo(slow.low, 12);
    expect(found.ci95.high).toBeCloseTo(slow.high, 12);
    expect(confidenceDifferenceWords(found)).toMatch(/^Brier −0\.\d{3} \(−0\.\d{3} to −?0\.\d{3}\)$/);
    const same = confidenceDifference(a, a, plan, 50);
    expect(confidenceDifferenceWords(same)).toBe('Brier 0.000 (0.000 to 0.000)');
  });

  it('fit no temperature to a handful of rows', () => {
    const rows = gold.map(() => [Math.log(0.7), Math.log(0.3)]);
    expect(validationTemperature(rows.slice(0, 19), gold.slice(0, 19), null)).toBeNull();
    expect(validationTemperature(rows, gold, null)?.rows).toBe(160);
  });
});

describe('the sentence of the coverage curve', () => {
  const at = (t: number) =>
    coverageSentence(coverageAt({ confidences: [0.9, 0.8, 0.6, 0.4], right: [true, true, false, true] }, t), 4);
  it.each([
    [
      0.7,
      'Send answers below 0.70 to a person: 2 of 4 rows are answered, 2 of 2 correctly (34.2% to 100.0%); 2 go to a person.',
    ],
    [
      0.5,
      'Send answers below 0.50 to a person: 3 of 4 rows are answered, 2 of 3 correctly (20.8% to 93.9%); 1 goes to a person.',
    ],
    [0, 'No answer is below 0.00: all 4 rows are answered, 3 of 4 correctly (30.1% to 95.4%).'],
    [0.95, 'No answer reaches 0.95: all 4 rows go to a person.'],
  ])('at %f', (t, words) => {
    expect(at(t)).toBe(words);
  });
});

describe('a threshold below which a person is asked', () => {
  const onValidation = alternating(40);
  /** Sure and right on three rows of four, unsure and wrong on the fourth. */
  const answers = onValidation.map((label, i) => {
    const said = i % 4 === 3 ? 1 - label : label;
    const sure = i % 4 === 3 ? 0.6 : 0.9;
    return [0, 1].map((c) => Math.log(c === said ? sure : 1 - sure));
  });
  const arm = (onTest: readonly boolean[]) =>
    armOf('tuned', 'tuned', gold, onTest, 2, { validation: validationOutcome(answers, onValidation, null) });

  it('rests on validation rows, and on no answer to a test row', () => {
    const always = gold.map(() => true);
    const [good, bad] = [arm(always), arm(always.map((each) => !each))].map((each) =>
      validationAnswers(each, planOf(gold, [each])),
    );
    expect(good).toEqual(bad);
    if (!good) throw new Error('answers');
    expect(good.right).toHaveLength(40);
    expect(thresholdFrom(good, 0.7)).toMatchObject({ value: 0.7, rows: 40, answered: 30, correct: 30 });
    expect(thresholdFrom(good, 0)).toMatchObject({ value: 0, rows: 40, answered: 40, correct: 30 });
  });

  it('is about the answers as they are calibrated', () => {
    const fit = fitCalibration(
      answers.map(([a = 0]) => [a, 0]),
      [1, 1],
    );
    const validation = validationOutcome(answers, onValidation, fit);
    const raw = { calibration: fit, validation };
    const plain = validationAnswers(raw, { calibrated: false });
    expect(validationAnswers(raw, { calibrated: true })?.confidences).not.toEqual(plain?.confidences);
  });

  it('is not chosen on a handful of rows, nor where there were none', () => {
    const few = validationOutcome(answers.slice(0, 8), onValidation.slice(0, 8), null);
    const plain = { calibrated: false };
    expect(validationAnswers({ calibration: null, validation: few }, plain)).toBeNull();
    expect(validationAnswers({ calibration: null, validation: null }, plain)).toBeNull();
  });
});
