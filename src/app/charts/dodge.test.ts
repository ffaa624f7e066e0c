import fc from 'fast-check';
import { expect, test } from 'vitest';
import { dodge } from './dodge';

test('labels that do not touch stay', () => expect(dodge([10, 50, 90], 14, 0, 100)).toEqual([10, 50, 90]));
test('labels that touch move apart, in their order', () => expect(dodge([52, 50], 14, 0, 100)).toEqual([64, 50]));

test('no two are closer than the gap when there is room, and none leaves the chart', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 200 }), { maxLength: 8 }), (centres) => {
      const placed = dodge(centres, 14, 0, 200);
      const sorted = placed.toSorted((a, b) => a - b);
      for (const [i, y] of sorted.entries()) {
        expect(y).toBeGreaterThanOrEqual(0);
        expect(y).toBeLessThanOrEqual(200);
        if (i > 0) expect(y - (sorted[i - 1] as number)).toBeGreaterThanOrEqual(14);
      }
    }),
  );
});
