/** Intervals of means against SciPy 1.17: t.ppf, ttest_1samp, ttest_ind(equal_var=False). */
import { expect, it } from 'vitest';
import { isAboveZero, meanInterval, meansInterval } from './intervals';
import { studentT, studentT975, Z90 } from './special';

it.each([
  [1, 12.7062],
  [4, 2.77645],
  [5, 2.57058],
  [7, 2.36462],
  [9.5, 2.24414],
  [30, 2.04227],
  [499, 1.96473],
])('Student’s t with %d degrees of freedom', (degrees, value) => {
  expect(Math.abs(studentT975(degrees) - value)).toBeLessThan(3e-4);
});

it.each([
  [5, 2.01505],
  [19, 1.72913],
  [47, 1.67793],
])('Student’s t of a one-sided test with %d degrees of freedom', (degrees, value) => {
  expect(Math.abs(studentT(Z90, degrees) - value)).toBeLessThan(3e-4);
});

it('a mean is above 0 where the one-sided p is below 5%: 0.035 for these rows, 0.059 for those', () => {
  expect(isAboveZero(ONE.map((value) => value - 0.3))).toBe(true);
  expect(isAboveZero(ONE.map((value) => value - 0.34))).toBe(false);
  expect([[], [1, 1, 1, 1, 1], [0, 0, 0, 0, 0, 0]].map(isAboveZero)).toEqual([false, false, false]);
});

const ONE = [0.1, 0.4, 0.35, 0.8, 0.55, 0.6, 0.9];
const TWO = [0.2, 0.3, 0.1, 0.5, 0.45];

it('a mean of differences, and a difference of means of other rows', () => {
  const paired = meanInterval(ONE.map((value) => value - 0.3));
  expect(paired.low).toBeCloseTo(-0.0245069, 4);
  expect(paired.high).toBeCloseTo(0.4816498, 4);
  const welch = meansInterval(ONE, TWO);
  expect(welch.low).toBeCloseTo(-0.0663861, 4);
  expect(welch.high).toBeCloseTo(0.503529, 4);
});

it('too few rows say nothing, and equal rows leave no doubt', () => {
  expect(meanInterval([0.4])).toEqual({ low: -1, high: 1 });
  expect(meansInterval([0.4], TWO)).toEqual({ low: -1, high: 1 });
  expect(meansInterval([0.75, 0.75], [0.25, 0.25, 0.25])).toEqual({ low: 0.5, high: 0.5 });
});
