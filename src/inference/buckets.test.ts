import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lengthBuckets } from './run';

const limits = { maxTokens: 400, maxPast: 1000, samePast: false };

describe('lengthBuckets', () => {
  it('contains every row once, within the limits unless a single row exceeds them', () => {
    const rows = fc.array(fc.record({ tokens: fc.integer({ min: 1, max: 600 }), past: fc.nat(1500) }));
    fc.assert(
      fc.property(rows, fc.boolean(), (costs, samePast) => {
        const buckets = lengthBuckets(costs, { ...limits, samePast });
        expect(buckets.flat().sort((a, b) => a - b)).toEqual([...costs.keys()]);
        for (const bucket of buckets) {
          const chosen = bucket.map((i) => costs[i] ?? { tokens: 0, past: 0 });
          if (samePast) expect(new Set(chosen.map(({ past }) => past)).size).toBe(1);
          if (bucket.length === 1) continue;
          expect(bucket.length * Math.max(...chosen.map(({ tokens }) => tokens))).toBeLessThanOrEqual(400);
          expect(bucket.length * Math.max(...chosen.map(({ past }) => past))).toBeLessThanOrEqual(1000);
        }
      }),
    );
  });

  it('groups rows of similar length', () => {
    const costs = [100, 10, 100, 10, 10, 100].map((tokens) => ({ tokens, past: 0 }));
    expect(lengthBuckets(costs, { ...limits, maxTokens: 300 })).toEqual([
      [1, 3, 4],
      [0, 2, 5],
    ]);
  });
});
