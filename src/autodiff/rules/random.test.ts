import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Rule } from '../operators/operator';
import { randomCases } from '../operators/random.test-support';
import { rules } from '../operators/table';
import { alongDirections, type GradientCase, gradients } from '../test-support';

/** As a share of the sum of |gradient x direction|: what rounding of float32 and the difference quotient leave. */
const TOLERANCE = 1e-3;
const SEED = 20;
const RUNS = 8;

/** Largest error of a gradient along a random direction of its input, by central differences. */
async function worstError(
  example: GradientCase,
  declared: 'known' | 'symbols',
  changed: Partial<typeof rules> = rules,
) {
  const { ours, weights } = await gradients(example, declared, changed);
  const found = await alongDirections(example, weights);
  const errors = Object.entries(found).map(([wrt, { direction, slope }]) => {
    const terms = direction.map((d, i) => d * (ours[wrt]?.[i] ?? Number.NaN));
    const scale = terms.reduce((sum, term) => sum + Math.abs(term), 0);
    return Math.abs(terms.reduce((sum, term) => sum + term, 0) - slope) / Math.max(scale, 0.1);
  });
  return Math.max(...errors);
}

describe.each(randomCases)('%s', (_, arbitrary) => {
  test('equals central differences, whatever the shapes', () =>
    fc.assert(
      fc.asyncProperty(arbitrary, fc.boolean(), async (example, symbolic) => {
        const declared = symbolic && !example.fixedSizes ? 'symbols' : 'known';
        expect(await worstError(example, declared), `${example.name}, sizes ${declared}`).toBeLessThan(TOLERANCE);
      }),
      { seed: SEED, numRuns: RUNS },
    ));

  test('the check notices a rule that is off by 2%', async () => {
    // Of one example alone the gradient may happen to be tiny.
    const errors = fc.sample(arbitrary, { seed: SEED + 1, numRuns: 3 }).map((example) => {
      const rule = rules[example.op] as Rule;
      const off: Rule = (c) => rule(c).map((gradient) => gradient && c.g.times(gradient, 1.02));
      return worstError(example, 'known', { ...rules, [example.op]: off });
    });
    expect(Math.max(...(await Promise.all(errors)))).toBeGreaterThan(TOLERANCE);
  });
});
