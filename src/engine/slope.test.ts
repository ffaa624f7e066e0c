import { expect, it } from 'vitest';
import { slopeAtZero } from './slope';

it.each([
  ['a line', (x: number) => 3 * x + 1, 3],
  ['a wave faster than the first step', (x: number) => Math.sin(40 * x), 40],
  ['a steep curve', (x: number) => Math.exp(25 * x), 25],
  ['rounding to float32', (x: number) => Math.fround(5 + Math.sin(7 * x)), 7],
])('finds the slope of %s', async (_, f, slope) => {
  const found = await slopeAtZero(async (points) => points.map(f), { firstStep: 0.05, levels: 6 });
  expect(Math.abs(found - slope) / slope).toBeLessThan(1e-3);
});
