import { expect, test } from 'vitest';
import { diagnose } from './diagnosis';

const run = (
  n: number,
  loss: (step: number) => number,
  accuracy: (step: number) => number,
  validationLoss = (s: number) => loss(s),
) => ({
  steps: Array.from({ length: n }, (_, step) => ({ step, loss: loss(step), learningRate: 0.01, gradNorm: 1, ms: 500 })),
  validations: Array.from({ length: Math.floor(n / 10) + 1 }, (_, i) => ({
    step: i * 10,
    accuracy: accuracy(i * 10),
    macroF1: 0,
    loss: validationLoss(i * 10),
  })),
  majority: 0.45,
  validationRows: 60,
});

test.each([
  [
    'starting',
    run(
      8,
      () => 1,
      () => 0.5,
    ),
  ],
  [
    'learning',
    run(
      60,
      (s) => 1.1 - s / 100,
      (s) => 0.5 + s / 200,
    ),
  ],
  [
    'stalled',
    run(
      80,
      () => 1.05,
      () => 0.46,
    ),
  ],
  [
    'diverging',
    run(
      40,
      (s) => 1 + s / 10,
      () => 0.4,
    ),
  ],
  [
    'diverging',
    run(
      30,
      (s) => (s === 29 ? Number.NaN : 1),
      () => 0.4,
    ),
  ],
  [
    'overfitting',
    run(
      120,
      (s) => Math.max(0.05, 1.1 - s / 60),
      (s) => (s <= 40 ? 0.8 : 0.75),
      (s) => (s <= 40 ? 0.5 : 0.5 + s / 200),
    ),
  ],
  [
    'levelled',
    run(
      120,
      (s) => Math.max(0.5, 1.1 - s / 60),
      (s) => Math.min(0.8, 0.5 + s / 150),
    ),
  ],
])('%s', (kind, seen) => expect(diagnose(seen).kind).toBe(kind));
