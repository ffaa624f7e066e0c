import { describe, expect, it } from 'vitest';
import { fitTagWords, majorityTags, wordAnswers } from './logistic';
import {
  fitCuts,
  givenTags,
  macroTagF1,
  microF1,
  oddsOf,
  subsetAccuracy,
  tagCounter,
  tagLoss,
  tagProbabilities,
} from './tags';

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

describe('several labels a row', () => {
  it('are each judged against the word for none, whatever all words share', () => {
    const logits = [2, -1, 0.5];
    const shifted = logits.map((logit) => logit - 7);
    expect(oddsOf(shifted).map((odds) => odds.toFixed(6))).toEqual(['1.500000', '-1.500000']);
    const [p = 0, q = 0] = tagProbabilities(logits, [1, 0, 0]);
    expect(p).toBeCloseTo(sigmoid(0.5), 12);
    expect(q).toBeCloseTo(sigmoid(-1.5), 12);
  });

  it('have the loss of an independent binary choice for each, computed by hand', () => {
    const { loss } = tagLoss([2, -1, 0.5], [0]);
    expect(loss).toBeCloseTo((-Math.log(sigmoid(1.5)) - Math.log(1 - sigmoid(-1.5))) / 2, 12);
  });

  it('have slopes that agree with finite differences', () => {
    const scores = [0.3, -0.8, 1.1, 0.2];
    const { slopes } = tagLoss(scores, [0, 2]);
    for (const [i, slope] of slopes.entries()) {
      const at = (step: number) => tagLoss(scores.with(i, (scores[i] as number) + step), [0, 2]).loss;
      expect(slope).toBeCloseTo((at(1e-5) - at(-1e-5)) / 2e-5, 8);
    }
    expect(slopes.reduce((sum, slope) => sum + slope, 0)).toBeCloseTo(0, 12);
  });

  it('are cut where F1 is highest, half way between two rows', () => {
    const odds = [[4], [3], [2.5], [1], [-1], [-2]];
    const gold = [[0], [0], [], [0], [], []];
    expect(fitCuts(odds, gold, [0.5])).toEqual([0]);
    expect(givenTags([0.1], [0])).toEqual([0]);
  });

  it('are given as often as in training where too few rows have them', () => {
    const odds = [[3], [2], [1], [0]];
    expect(fitCuts(odds, [[0], [], [], []], [0.5])).toEqual([1.5]);
    expect(fitCuts(odds, [[], [], [], []], [0])).toEqual([4]);
  });

  it('have metrics as scikit-learn computes them', () => {
    // f1_score(average='micro'), f1_score(average='macro', zero_division=0) and accuracy_score of these indicator matrices
    const gold = [[0, 1], [1], [], [2]];
    const given = [[0], [1], [], [1, 2]];
    const counts = tagCounter(gold, given, 3)([0, 1, 2, 3]);
    expect(microF1(counts)).toBeCloseTo(6 / 8, 12);
    expect(macroTagF1(counts)).toBeCloseTo((1 + 0.5 + 1) / 3, 12);
    expect(subsetAccuracy(counts)).toBe(0.5);
  });
});

describe('word counts of several labels', () => {
  const texts = ['refund money', 'money late', 'late box', 'hello there', 'refund', 'box'];
  const tags = [[0], [0, 1], [1], [], [0], [1]];

  it('are one classifier a label, in one model', () => {
    const odds = wordAnswers(fitTagWords(texts, tags, 3))(texts).map(oddsOf);
    expect(odds.map((row) => givenTags(row, null))).toEqual(tags);
  });

  it('give the most frequent set of labels without any word', () => {
    const found = majorityTags([[0], [0, 1], [1], [0, 1]], 3);
    expect(found.tags).toEqual([0, 1]);
    expect(
      wordAnswers(found.counts)(['x'])
        .map(oddsOf)
        .map((row) => givenTags(row, null)),
    ).toEqual([[0, 1]]);
  });
});
