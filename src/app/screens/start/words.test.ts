import { expect, test } from 'vitest';
import { capital, sampleMinutes } from './words';

test('minutes of the sample: a guess by threads, else as this model was measured', () => {
  expect(sampleMinutes(null, 2)).toBe(5);
  expect(sampleMinutes(null, 1)).toBeGreaterThan(sampleMinutes(null, 4));
  expect(sampleMinutes({ tokenMs: 0.05, step: { suffix: { ms: 40, tokens: 80 } } }, 2)).toBe(1);
});

test('a label begins a line', () => expect(capital('negative')).toBe('Negative'));
