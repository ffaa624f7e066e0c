import { expect, test } from 'vitest';
import { withNoise } from './vectors';

const zeros = new Float32Array(20_000);

test('draws normal noise with the standard deviation asked for', () => {
  const drawn = withNoise(zeros, 0.5, 0, 1);
  const mean = drawn.reduce((sum, x) => sum + x, 0) / drawn.length;
  const deviation = Math.sqrt(drawn.reduce((sum, x) => sum + (x - mean) ** 2, 0) / drawn.length);
  expect(Math.abs(mean)).toBeLessThan(0.02);
  expect(deviation).toBeCloseTo(0.5, 1);
});

test('draws the same noise for the same seed and step, other noise for others, and none at deviation 0', () => {
  expect(withNoise(zeros, 1, 2, 3)).toEqual(withNoise(zeros, 1, 2, 3));
  expect(withNoise(zeros, 1, 2, 3)).not.toEqual(withNoise(zeros, 1, 2, 4));
  expect(withNoise(zeros, 1, 2, 3)).not.toEqual(withNoise(zeros, 1, 1, 3));
  expect(withNoise(zeros, 0, 2, 3)).toBe(zeros);
});
