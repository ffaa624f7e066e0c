import { describe, expect, it } from 'vitest';
import { columnName, ends, forEachMetric, LABEL_METRICS, type Predicted, TEXT_METRICS } from './registry';

const OPTIONS = { seed: 7, draws: 400 };

describe('metrics of labels', () => {
  const gold = Array.from({ length: 40 }, (_, i) => i % 2);
  const a: Predicted = { gold, predicted: gold.map((label, i) => (i < 10 ? 1 - label : label)), classes: 2 };
  const b: Predicted = { gold, predicted: gold.map((label, i) => (i < 4 ? 1 - label : label)), classes: 2 };

  it('give accuracy with its Wilson interval', () => {
    const { compute, interval } = LABEL_METRICS.accuracy;
    expect(compute(a)).toBe(0.75);
    const { low, high } = interval(a, OPTIONS);
    expect(low).toBeCloseTo(0.598, 3);
    expect(high).toBeCloseTo(0.858, 3);
  });

  it('compare two prompts as B minus A', () => {
    for (const { compare } of Object.values(LABEL_METRICS)) {
      const { value, interval, p } = compare(a, b, OPTIONS);
      expect(value).toBeCloseTo(0.15, 2);
      expect(interval.low).toBeGreaterThan(0);
      expect(p).toBeLessThan(0.05);
    }
  });

  it('keep every value inside the bounds of its schema', () => {
    for (const { compute, schema } of Object.values(LABEL_METRICS))
      for (const of of [a, b]) {
        expect(compute(of)).toBeGreaterThanOrEqual(schema.min);
        expect(compute(of)).toBeLessThanOrEqual(schema.max ?? Number.POSITIVE_INFINITY);
      }
  });
});

describe('metrics of generated texts', () => {
  const rows = [
    { written: 'red car', wanted: 'red car', logProb: -2, tokens: 2 },
    { written: 'a dog', wanted: 'the cat', logProb: -4, tokens: 2 },
    { written: '', wanted: 'blue sky', logProb: -6, tokens: 2 },
  ];

  it('average over rows, and take perplexity over all tokens', () => {
    const found = forEachMetric(TEXT_METRICS, ({ parts, compute }) => {
      const each = rows.map(parts);
      const sums = (each[0] ?? []).map((_, k) => each.reduce((sum, part) => sum + (part[k] ?? 0), 0));
      return compute(sums, rows.length);
    });
    expect(found).toEqual({ rougeL: 1 / 3, tokenF1: 1 / 3, exactMatch: 1 / 3, perplexity: Math.exp(2) });
  });

  it('are printed with their unit once: percent and points, or a plain number and a factor', () => {
    const { rougeL, perplexity } = TEXT_METRICS;
    expect([rougeL.format.value(0.817), rougeL.format.difference(-0.142)]).toEqual(['81.7%', '−14.2']);
    expect([perplexity.format.value(12.345), perplexity.format.difference(0.1512)]).toEqual(['12.3', '× 0.151']);
    expect(ends(rougeL.format.value, { low: 0.5, high: 0.75 })).toBe('50.0 to 75.0');
    expect(ends(perplexity.format.difference, { low: 0.5, high: 0.75 })).toBe('0.5 to 0.75');
    expect(Object.keys(TEXT_METRICS).map(columnName)).toEqual(['rouge_l', 'token_f1', 'exact_match', 'perplexity']);
  });
});
