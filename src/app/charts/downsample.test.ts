import { expect, test } from 'vitest';
import { downsample } from './downsample';

const value = (p: { v: number }) => p.v;
const points = Array.from({ length: 10_000 }, (_, i) => ({ i, v: i === 7321 ? 50 : Math.sin(i / 300) }));

test('reduces 10,000 points to the available room, in order, and keeps a single spike', () => {
  const few = downsample(points, value, 600);
  expect(few.length).toBeLessThanOrEqual(600);
  expect(few.map(({ i }) => i)).toEqual(few.map(({ i }) => i).toSorted((a, b) => a - b));
  expect(Math.max(...few.map(value))).toBe(50);
  expect(Math.min(...few.map(value))).toBe(Math.min(...points.map(value)));
});

test('few points stay as they are', () => {
  const few = points.slice(0, 100);
  expect(downsample(few, value, 100)).toBe(few);
});
