import { describe, expect, it } from 'vitest';
import { present } from '../../lib/assert';
import { pooledAnswers } from '../../metrics/calibration';
import { argmax } from '../../metrics/classification';
import { alternating, armOf } from '../test-support';
import { combinedArm, fitWeights, type Member, WORDS, wordsArm } from './made-arms';

const log = (...shares: number[]) => shares.map(Math.log);

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
});

describe('several as one', () => {
  const gold = alternating(40);
  const rightBut = (missed: number) => gold.map((_, i) => i % 4 !== missed);
  const outcome = armOf('tuned', 'tuned', gold, rightBut(0), 2, { tokensSentMean: 31, tokensSent: gold.map(() => 31) });
  const blind = gold.map(() => log(0.5, 0.5));
  const wrong = armOf(
    'x',
    'reference',
    gold,
    gold.map(() => false),
  ).logProbs;
  const tuned: Member = { name: 'Tuned', outcome, onValidation: outcome.logProbs };
  const words = wordsArm(armOf(WORDS, 'reference', gold, rightBut(1)).logProbs);
  const counts: Member = { name: 'word counts', outcome: words, onValidation: words.logProbs };
  const reading = armOf('probe', 'untuned', gold, rightBut(2), 2, {
    tokensSentMean: 22,
    tokensSent: gold.map(() => 22),
  });
  const probe: Member = { name: 'probe', outcome: reading, onValidation: reading.logProbs };

  it('are a prompt named after them, which costs what they cost together', () => {
    const found = combinedArm([tuned, counts, probe], { gold });
    expect(found?.arm).toMatchObject({
      id: 'combined',
      kind: 'combined',
      name: 'Tuned + word counts + probe',
      placement: 'suffix',
      tokensSentMean: 53,
      validation: { answers: { gold } },
    });
    expect(found?.arm.tokensSent).toEqual(gold.map(() => 53));
  });

  it('answer by the pooled log-probabilities, and are right where most are', () => {
    const { arm, weights } = present(combinedArm([tuned, counts, probe], { gold }), 'arm');
    const of = [tuned, counts, probe].map((each) => each.outcome.logProbs);
    expect(arm.logProbs).toEqual(pooledAnswers(of, weights));
    expect(arm.logProbs.map(argmax)).toEqual(gold);
  });

  it('do without who is wrong on the validation rows, also where that one says what cannot be', () => {
    const certain = gold.map((label) => (label === 1 ? [0, Number.NEGATIVE_INFINITY] : [Number.NEGATIVE_INFINITY, 0]));
    const mad: Member = { ...probe, outcome: { ...reading, logProbs: certain }, onValidation: certain };
    const found = present(combinedArm([tuned, counts, mad], { gold }), 'arm');
    expect([found.arm.name, found.arm.tokensSentMean, found.weights[2]]).toEqual(['Tuned + word counts', 31, 0]);
    expect(found.arm.logProbs.flat().every(Number.isFinite)).toBe(true);
  });

  it('are none where the tuned prompt has no weight, or it alone, or nothing was validated', () => {
    const useless = { ...tuned, onValidation: wrong };
    expect(combinedArm([useless, counts, probe], { gold })).toBeNull();
    expect(
      combinedArm([tuned, { ...counts, onValidation: wrong }, { ...probe, onValidation: wrong }], { gold }),
    ).toBeNull();
    expect(combinedArm([tuned, counts], { gold: [] })).toBeNull();
    expect(combinedArm([tuned, { ...counts, onValidation: blind }], { gold })).not.toBeNull();
  });
});
