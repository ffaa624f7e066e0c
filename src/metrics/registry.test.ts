import { describe, expect, it } from 'vitest';
import { compareGenerated, scoreGenerated } from './generated';
import { CLASSIFY_METRICS, type GeneratedRow, type Predicted } from './registry';

const OPTIONS = { seed: 7, draws: 400 };

describe('metrics of labels', () => {
  const gold = Array.from({ length: 40 }, (_, i) => i % 2);
  const a: Predicted = { gold, predicted: gold.map((label, i) => (i < 10 ? 1 - label : label)), classes: 2 };
  const b: Predicted = { gold, predicted: gold.map((label, i) => (i < 4 ? 1 - label : label)), classes: 2 };

  it('give accuracy with its Wilson interval', () => {
    const { compute, interval } = CLASSIFY_METRICS.accuracy;
    expect(compute(a)).toBe(0.75);
    const { low, high } = interval(a, OPTIONS);
    expect(low).toBeCloseTo(0.598, 3);
    expect(high).toBeCloseTo(0.858, 3);
  });

  it('compare two prompts as B minus A', () => {
    for (const { compare } of Object.values(CLASSIFY_METRICS)) {
      const { difference, ci95, p } = compare(a, b, OPTIONS);
      expect(difference).toBeCloseTo(0.15, 2);
      expect(ci95.low).toBeGreaterThan(0);
      expect(p).toBeLessThan(0.05);
    }
  });

  it('keep every value inside the bounds of its schema', () => {
    for (const { compute, schema } of Object.values(CLASSIFY_METRICS))
      for (const of of [a, b]) {
        expect(compute(of)).toBeGreaterThanOrEqual(schema.min);
        expect(compute(of)).toBeLessThanOrEqual(schema.max ?? Number.POSITIVE_INFINITY);
      }
  });
});

describe('metrics of generated texts', () => {
  const row = (written: string, wanted: string, logProb: number): GeneratedRow => ({
    written,
    wanted,
    logProb,
    tokens: 2,
  });
  const a = [row('red car', 'red car', -2), row('a dog', 'the cat', -4), row('', 'blue sky', -6)];
  const b = [row('red car', 'red car', -1), row('the cat', 'the cat', -2), row('blue sky', 'blue sky', -3)];
  const [ofA, ofB] = scoreGenerated([a, b], OPTIONS);

  it('average over rows, and take perplexity over all tokens', () => {
    expect(ofA?.values.exactMatch).toBeCloseTo(1 / 3);
    expect(ofA?.values.perplexity).toBeCloseTo(Math.exp(2));
    expect(ofB?.values).toMatchObject({ rougeL: 1, tokenF1: 1, exactMatch: 1 });
    expect(ofA?.perRow.rougeL).toEqual([1, 0, 0]);
  });

  it('compare shares by difference and perplexity by ratio, with paired intervals', () => {
    if (!ofA || !ofB) throw new Error('two prompts were scored');
    const compared = compareGenerated(ofA, ofB);
    expect(compared.exactMatch.difference).toBeCloseTo(2 / 3);
    expect(compared.perplexity.difference).toBeCloseTo(Math.exp(-1));
    expect(compared.perplexity.interval.high).toBeLessThan(1);
    expect(compareGenerated(ofA, ofA).rougeL.interval).toEqual({ low: 0, high: 0 });
  });

  it('give the same numbers for the same seed', () => {
    expect(scoreGenerated([a, b], OPTIONS)).toEqual(scoreGenerated([a, b], OPTIONS));
  });
});
