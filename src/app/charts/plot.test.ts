import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cut, dodge, downsample } from './plot';

test('cuts a name in its middle, and of one with a label in quotation marks the label', () => {
  expect([24, 14, 11].map((most) => cut('always “Lieferung”', most))).toEqual([
    'always “Lieferung”',
    'always “Li…ng”',
    'alway…rung”',
  ]);
  expect(cut('a long name of a prompt', 9)).toBe('a lo…ompt');
});

test('leaves labels that do not touch where they are', () =>
  expect(dodge([10, 50, 90], 14, 0, 100)).toEqual([10, 50, 90]));
test('moves labels that touch apart, in their order', () => expect(dodge([52, 50], 14, 0, 100)).toEqual([64, 50]));

test('keeps labels in the chart and at least the gap apart, where there is room', () => {
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

const value = (p: { v: number }) => p.v;
const points = Array.from({ length: 10_000 }, (_, i) => ({ i, v: i === 7321 ? 50 : Math.sin(i / 300) }));

test('reduces 10,000 points to the available room, in order, and keeps a single spike', () => {
  const few = downsample(points, value, 600);
  expect(few.length).toBeLessThanOrEqual(600);
  expect(few.map(({ i }) => i)).toEqual(few.map(({ i }) => i).toSorted((a, b) => a - b));
  expect(Math.max(...few.map(value))).toBe(50);
  expect(Math.min(...few.map(value))).toBe(Math.min(...points.map(value)));
});

test('returns a few points as they are', () => {
  const few = points.slice(0, 100);
  expect(downsample(few, value, 100)).toBe(few);
});
