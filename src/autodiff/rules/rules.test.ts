import { describe, expect, test } from 'vitest';
import { cases } from '../operators/cases.test-support';
import type { Rule } from '../operators/operator';
import { rules } from '../operators/table';
import { finiteDifferences, gradients, relativeError } from '../test-support';

/** The largest error seen is 5e-5, the median 1e-6; nearly all of it is that of the difference quotient. */
const TOLERANCE = 2e-4;

describe.each(cases)('$name', (example) => {
  test('equals central differences, sizes known or symbolic', async () => {
    const known = await gradients(example, 'known');
    const expected = await finiteDifferences(example, known.weights);
    const symbolic = example.fixedSizes ? known : await gradients(example, 'symbols');
    for (const wrt of Object.keys(example.inputs)) {
      expect(relativeError(known.ours[wrt], expected[wrt]), `d ${wrt}`).toBeLessThan(TOLERANCE);
      expect(relativeError(symbolic.ours[wrt], known.ours[wrt]), `d ${wrt}, symbolic`).toBeLessThan(1e-6);
    }
  });

  // A Cast has no factor that could be off, and its gradient may not be float32.
  test.skipIf(example.op === 'Cast')('the check notices a rule that is off by 1%', async () => {
    const rule = rules[example.op] as Rule;
    const off: Rule = (c) => rule(c).map((gradient) => gradient && c.g.times(gradient, 1.01));
    const known = await gradients(example, 'known');
    const expected = await finiteDifferences(example, known.weights);
    const { ours } = await gradients(example, 'known', { ...rules, [example.op]: off });
    for (const wrt of Object.keys(example.inputs))
      expect(relativeError(ours[wrt], expected[wrt])).toBeGreaterThan(5 * TOLERANCE);
  });
});

test('every rule has a case', () => {
  const covered = new Set(cases.map((example) => example.op));
  expect(Object.keys(rules).filter((op) => !covered.has(op))).toEqual([]);
});
