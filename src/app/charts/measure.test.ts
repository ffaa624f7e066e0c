import { expect, it } from 'vitest';
import { fallingDomain, MEASURES } from './measure';

it.each([[[252.3]], [[252.3, 252.1]], [[0.71, 0.7105, 0.709]], [[0]]])(
  'ticks of an axis say different numbers, also where all values are much the same: %j',
  (values) => {
    const [low, high] = fallingDomain(values);
    expect(low).toBeLessThanOrEqual(Math.min(...values));
    expect(high).toBeGreaterThan(Math.max(...values));
    const ticks = Array.from({ length: 5 }, (_, i) => MEASURES.perplexity.tick(low + ((i + 0.5) / 5) * (high - low)));
    expect(new Set(ticks)).toHaveProperty('size', 5);
  },
);
