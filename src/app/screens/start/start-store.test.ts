import { expect, test } from 'vitest';
import { sampleMinutes } from './start-store';

test('guesses the minutes of the sample from the threads, or uses the measured speed', () => {
  expect(sampleMinutes(null, 2)).toBe(3);
  expect(sampleMinutes(null, 1)).toBeGreaterThan(sampleMinutes(null, 4));
  expect(sampleMinutes({ tokenMs: 0.05, step: { suffix: { ms: 40, tokens: 80 } } }, 2)).toBe(1);
});
