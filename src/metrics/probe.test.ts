import { expect, it } from 'vitest';
import { drained } from '../lib/control';
import { createRng } from '../lib/rng';
import { accuracy, argmax, logSoftmax } from './classification';
import { fittingProbe } from './probe';

const WIDTH = 20;
const fitProbe = (...of: Parameters<typeof fittingProbe>) => drained(fittingProbe(...of));

/** Rows whose first numbers show their class, as far as `signal` says, among others that do not; one number is constant. */
function drawn(count: number, classes: number, signal: number, seed: number) {
  const rng = createRng(seed);
  const gold = Array.from({ length: count }, (_, i) => i % classes);
  const states = gold.map((label) =>
    Float32Array.from({ length: WIDTH }, (_, f) =>
      f === WIDTH - 1 ? 7 : 5 * f + (f + 1) * (rng.normal() + (f === label ? signal : 0)),
    ),
  );
  return { states, gold };
}

it.each([2, 3])('learns %i classes from rows of any scale, and answers others', (classes) => {
  const train = drawn(120, classes, 3, 1);
  const test = drawn(60, classes, 3, 2);
  const answers = fitProbe(train.states, train.gold, classes).predict(test.states);
  expect(accuracy(test.gold, answers.map(argmax))).toBeGreaterThan(0.8);
  for (const row of answers) expect(row.reduce((sum, x) => sum + Math.exp(x), 0)).toBeCloseTo(1, 6);
});

it('takes a stronger penalty where the rows say nothing', () => {
  const noise = drawn(60, 2, 0, 3);
  const clear = drawn(60, 2, 3, 3);
  const [weak, strong] = [noise, clear].map(({ states, gold }) => fitProbe(states, gold, 2).c[0]);
  expect(weak).toBeLessThan(strong ?? 0);
});

it('answers with few rows, with one class, and with a class that no row has', () => {
  const { states } = drawn(6, 2, 3, 4);
  const one = fitProbe(states, [1, 1, 1, 1, 1, 1], 3).predict(states);
  expect(one.map(argmax)).toEqual([1, 1, 1, 1, 1, 1]);
  const two = fitProbe(states, [0, 1, 0, 1, 0, 1], 3).predict(states);
  expect(two.every((row) => row.length === 3 && (row[2] ?? 0) < -20)).toBe(true);
});

it.each([
  ['two classes', 2, (i: number) => i % 2],
  ['four classes', 4, (i: number) => i % 4],
  ['a class that no row has', 4, (i: number) => [0, 2, 3][i % 3] ?? 0],
  ['one class alone', 3, () => 1],
] as const)('is one linear function of a state, which gives the same answers: %s', (_, classes, labelOf) => {
  const { states } = drawn(60, 2, 3, 5);
  const { predict, weights, intercepts } = fitProbe(
    states,
    states.map((_state, i) => labelOf(i)),
    classes,
  );
  for (const [i, answer] of predict(states).entries()) {
    const scores = intercepts.map((intercept, k) =>
      Array.from(states[i] ?? []).reduce((sum, x, f) => sum + x * (weights[k * WIDTH + f] ?? 0), intercept),
    );
    for (const [k, logProb] of logSoftmax(scores).entries())
      expect(Math.exp(logProb)).toBeCloseTo(Math.exp(answer[k] ?? 0), 9);
  }
});
