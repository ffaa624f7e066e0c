import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { alongDirections, type GradientCase, gradients, withFactor } from '../test-support';
import type { Operators } from './operator';
import { RANDOM_CASES } from './random.test-support';
import type { DifferentiableOp } from './table';

/** Relative to the sum of |gradient x direction|: the error of float32 rounding and of the difference quotient. */
const TOLERANCE = 1e-3;
const SEED = 20;
const RUNS = 8;

/** Largest error of a gradient along a random direction of its input, by central differences. */
async function worstError(example: GradientCase, declared: 'known' | 'symbols', changed?: Operators) {
  const { ours, weights } = await gradients(example, declared, changed);
  const found = await alongDirections(example, weights);
  const errors = Object.entries(found).map(([wrt, { direction, slope }]) => {
    const terms = direction.map((d, i) => d * (ours[wrt]?.[i] ?? Number.NaN));
    const scale = terms.reduce((sum, term) => sum + Math.abs(term), 0);
    return Math.abs(terms.reduce((sum, term) => sum + term, 0) - slope) / Math.max(scale, 0.1);
  });
  return Math.max(...errors);
}

const examples = (Object.keys(RANDOM_CASES) as DifferentiableOp[]).flatMap((op) => {
  const arbitrary = RANDOM_CASES[op];
  return arbitrary ? [{ op, arbitrary }] : [];
});

describe.each(examples)('the gradient of $op', ({ op, arbitrary }) => {
  test('equals central differences for random shapes', () =>
    fc.assert(
      fc.asyncProperty(arbitrary, fc.boolean(), async (example, symbolic) => {
        const declared = symbolic && !example.fixedSizes ? 'symbols' : 'known';
        expect(await worstError(example, declared), `${example.name}, sizes ${declared}`).toBeLessThan(TOLERANCE);
      }),
      { seed: SEED, numRuns: RUNS },
    ));

  test('is checked closely enough to notice an error of 2%', async () => {
    // Of one example alone the gradient may happen to be tiny.
    const errors = fc
      .sample(arbitrary, { seed: SEED + 1, numRuns: 3 })
      .map((example) => worstError(example, 'known', withFactor(op, 1.02)));
    expect(Math.max(...(await Promise.all(errors)))).toBeGreaterThan(TOLERANCE);
  });
});
