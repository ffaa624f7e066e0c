import { describe, expect, it } from 'vitest';
import { mixedAnswers } from '../../metrics/calibration';
import { alternating, armOf } from '../test-support';
import { combinedArm, fitWeight, fitWeights, togetherArm, WORDS, wordsArm } from './made-arms';

const log = (...shares: number[]) => shares.map(Math.log);

describe('a weight between two', () => {
  const sure = [log(0.9, 0.1), log(0.1, 0.9), log(0.9, 0.1), log(0.1, 0.9)];
  const wrong = sure.map((row) => row.toReversed());
  const gold = [0, 1, 0, 1];

  it('goes to the one that knows', () => {
    expect(fitWeight(sure, wrong, gold)).toBe(1);
    expect(fitWeight(wrong, sure, gold)).toBe(0);
  });

  it('is between both where each knows what the other does not', () => {
    const a = [log(0.95, 0.05), log(0.4, 0.6), log(0.6, 0.4), log(0.2, 0.8)];
    const b = [log(0.45, 0.55), log(0.05, 0.95), log(0.9, 0.1), log(0.55, 0.45)];
    const weight = fitWeight(a, b, gold);
    expect(weight).toBeGreaterThan(0.2);
    expect(weight).toBeLessThan(0.8);
    const loss = (w: number) => -mixedAnswers(a, b, w).reduce((sum, row, i) => sum + (row[gold[i] ?? 0] ?? 0), 0);
    expect(loss(weight)).toBeLessThan(Math.min(loss(0), loss(1)));
  });
});

describe('weights of several', () => {
  const sure = [log(0.9, 0.1), log(0.1, 0.9), log(0.9, 0.1), log(0.1, 0.9)];
  const blind = sure.map(() => log(0.5, 0.5));
  const wrong = sure.map((row) => row.toReversed());
  const gold = [0, 1, 0, 1];

  it('are none for who is wrong, equal where rows say nothing, and higher than equal for who knows', () => {
    expect(fitWeights([blind, blind, blind], gold).every((weight) => Math.abs(weight - 1 / 3) < 0.03)).toBe(true);
    const [first = 0, second = 0, third] = fitWeights([sure, blind, wrong], gold);
    expect([first > 0.5, Math.abs(second - 1 / 3) < 0.03, third]).toEqual([true, true, 0]);
  });

  it('hold less than the free optimum to it: a lower loss that takes unlikely weights is refused', () => {
    const [weight = 0] = fitWeights([sure], gold);
    // cross-entropy alone would take the largest that is tried
    expect(weight).toBeGreaterThan(1);
    expect(weight).toBeLessThan(1.5);
  });

  it('leave out an impossible answer of who has no weight', () => {
    const certain = gold.map((label) => (label === 0 ? [Number.NEGATIVE_INFINITY, 0] : [0, Number.NEGATIVE_INFINITY]));
    const arm = { ...armOf('tuned', 'tuned', gold, [true, true, true, true]), logProbs: sure };
    const of = { tuned: arm, tunedValidation: sure, words: arm, wordsValidation: sure, validationGold: gold };
    const { logProbs, kind, name } = togetherArm(of, certain, certain).arm;
    expect([kind, name]).toEqual(['reference', 'Tuned and word counts together (probe: weight 0)']);
    expect(logProbs.flat().every(Number.isFinite)).toBe(true);
  });

  it('name the line after who has one, and say who has none', () => {
    const arm = armOf('tuned', 'tuned', gold, [true, true, true, true]);
    const nameOf = (tuned: typeof sure, words: typeof sure, probe: typeof sure) => {
      const of = { tuned: arm, tunedValidation: tuned, words: arm, wordsValidation: words, validationGold: gold };
      return togetherArm(of, probe, probe).arm.name;
    };
    expect(nameOf(sure, blind, sure)).toBe('Tuned, word counts and probe together');
    expect(nameOf(wrong, wrong, sure)).toBe('Probe alone (tuned and word counts: weight 0)');
    expect(nameOf(wrong, wrong, wrong)).toBe('Nothing (tuned, word counts and probe: weight 0)');
  });
});

describe('a tuned prompt with word counts', () => {
  const gold = alternating(40);
  const tuned = armOf(
    'tuned',
    'tuned',
    gold,
    gold.map((_, i) => i % 4 !== 0),
  );
  const fair = armOf(
    WORDS,
    'reference',
    gold,
    gold.map((_, i) => i % 4 !== 1),
  ).logProbs;
  const weak = armOf(
    WORDS,
    'reference',
    gold,
    gold.map((_, i) => i % 2 === 0),
  ).logProbs;
  const from = (words: typeof fair) => ({
    tuned,
    tunedValidation: tuned.logProbs,
    words: wordsArm(words),
    wordsValidation: words,
    validationGold: gold,
  });

  it('is offered where the word counts are strong on the validation rows', () => {
    expect(combinedArm(from(fair))?.arm).toMatchObject({
      id: 'combined',
      kind: 'combined',
      name: 'Tuned with word counts, 50 : 50',
      placement: 'suffix',
    });
  });

  it('says that the tuned prompt gets no weight where it adds nothing, and costs what the word counts cost', () => {
    const wrong = gold.map((_, i) => i % 4 === 0);
    const useless = armOf('tuned', 'tuned', gold, wrong, 2, { tokensSentMean: 31 });
    // right there often enough to be offered, and each time by chance
    const blind = useless.logProbs.map(() => [Math.log(0.5), Math.log(0.5)]);
    const found = combinedArm({ ...from(fair), tuned: useless, tunedValidation: blind });
    expect(found?.weight).toBe(0);
    expect(found?.arm).toMatchObject({
      name: 'Word counts alone (tuned: weight 0)',
      kind: 'reference',
      logProbs: fair,
      tokensSentMean: null,
      placement: null,
    });
    const certain = [[Number.NEGATIVE_INFINITY, 0]];
    expect(mixedAnswers(certain, [[-0.7, -0.7]], 0)).toEqual([[-0.7, -0.7]]);
  });

  it('is not where they are weak, or nothing was validated', () => {
    expect(combinedArm(from(weak))).toBeNull();
    expect(combinedArm({ ...from(fair), validationGold: [] })).toBeNull();
  });
});
