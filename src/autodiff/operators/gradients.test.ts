import { describe, expect, test } from 'vitest';
import { finiteDifferences, furthest, gradients, relativeError, withFactor } from '../test-support';
import { CASES } from './cases.test-support';
import type { DifferentiableOp } from './table';

/** The largest error seen is 5e-5, the median 1e-6; nearly all of it is that of the difference quotient. */
const TOLERANCE = 2e-4;

const examples = (Object.keys(CASES) as DifferentiableOp[]).flatMap((op) =>
  CASES[op].map((example) => ({ name: example.name, op, example })),
);

describe.each(examples)('the gradient of $name', ({ op, example }) => {
  test('equals central differences, sizes known or symbolic', async () => {
    const known = await gradients(example, 'known');
    const expected = await finiteDifferences(example, known.weights);
    const symbolic = example.fixedSizes ? known : await gradients(example, 'symbols');
    for (const [wrt, input] of Object.entries(example.inputs)) {
      const where = furthest(wrt, input, known.ours[wrt] ?? [], expected[wrt] ?? []);
      expect(relativeError(known.ours[wrt], expected[wrt]), where).toBeLessThan(TOLERANCE);
      expect(relativeError(symbolic.ours[wrt], known.ours[wrt]), `d ${wrt}, symbolic`).toBeLessThan(1e-6);
    }
  });

  // A Cast has no factor that could be off, and its gradient may not be float32.
  test.skipIf(op === 'Cast')('is checked closely enough to notice an error of 1%', async () => {
    const known = await gradients(example, 'known');
    const expected = await finiteDifferences(example, known.weights);
    const { ours } = await gradients(example, 'known', withFactor(op, 1.01));
    for (const wrt of Object.keys(example.inputs))
      expect(relativeError(ours[wrt], expected[wrt])).toBeGreaterThan(5 * TOLERANCE);
  });
});

test('every operator with a gradient has a case', () => {
  expect(
    Object.entries(CASES).flatMap(([op, cases]) => ((cases as readonly unknown[]).length === 0 ? [op] : [])),
  ).toEqual([]);
});

test('a gradient that is off is reported with its place and value', () => {
  const where = furthest('x', { dims: [3], data: [2, -0.0197, 1] }, [1, 0.9618, 3], [1, 0.9579, 3]);
  expect(where).toContain('d x[1] at -0.01970: gradient 0.9618, difference quotient 0.9579');
});
