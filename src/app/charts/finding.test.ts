import { describe, expect, test } from 'vitest';
import type { ArmReport, PairReport } from '../../evaluation/types';
import { differenceTitle, lossTitle, type ReferenceLine, validationTitle } from './finding';

const v = (...accuracies: number[]) =>
  accuracies.map((accuracy, i) => ({ step: i * 10, accuracy, macroF1: accuracy, loss: 1 }));
const line = (id: ReferenceLine['id'], name: string, accuracy: number): ReferenceLine => ({
  id,
  name,
  accuracy,
  macroF1: accuracy,
});
const lines = [line('majority', 'always “neutral”', 0.48), line('yours', 'your prompt', 0.67)];

describe('validation', () => {
  test.each([
    [[], 'Validation accuracy, step by step'],
    [[0.47, 0.57, 0.65, 0.7, 0.8], 'Validation accuracy passed your prompt between steps 20 and 30'],
    [[0.47, 0.7, 0.6, 0.75], 'Validation accuracy passed your prompt between steps 20 and 30'],
    [[0.7, 0.8], 'Validation accuracy has been above your prompt from the start'],
    [[0.5, 0.7, 0.6], 'Validation accuracy was above your prompt at step 10, and is no longer'],
    [[0.5, 0.67], 'Validation accuracy is above always “neutral”, and not above your prompt'],
    [[0.4, 0.48], 'Validation accuracy is not above always “neutral”'],
  ])('%j', (points, title) => expect(validationTitle(v(...points), lines, 'accuracy')).toBe(title));

  test('is neutral without anything to compare with', () =>
    expect(validationTitle(v(0.1, 0.9), [], 'macroF1')).toBe('Validation macro-F1, step by step'));
});

test.each([
  ['is falling', (i: number) => 1.2 - i / 50],
  ['has levelled off', (i: number) => (i < 10 ? 1.2 : 0.6)],
  ['has not moved', () => 1.1],
  ['is rising', (i: number) => 0.5 + i / 40],
])('training loss %s', (what, loss) => {
  const steps = Array.from({ length: 40 }, (_, step) => ({
    step,
    loss: loss(step),
    learningRate: 1,
    gradNorm: 1,
    ms: 1,
  }));
  expect(lossTitle(steps)).toBe(`Training loss ${what}`);
  expect(lossTitle(steps.slice(0, 9))).toBe('Training loss, step by step');
});

const arm = (
  id: string,
  name: string,
  accuracy: number,
  kind: ArmReport['kind'] = 'zero-shot',
  confusion = [[0]],
): ArmReport => ({
  id,
  name,
  kind,
  n: 120,
  correct: accuracy * 120,
  accuracy,
  accuracyCi95: { low: accuracy - 0.08, high: accuracy + 0.08 },
  macroF1: accuracy,
  classes: [],
  confusion,
  predictions: [],
  confidences: [],
  tokensSentMean: null,
  tokensComputedMean: null,
  latencyMsMedian: null,
});
const pair = (a: string, b: string, difference: number, low: number, high: number) =>
  ({ a, b, difference, differenceCi95: { low, high } }) as PairReport;
const arms = [
  arm('yours', 'Yours', 0.675),
  arm('untuned', 'Untuned', 0.5, 'untuned'),
  arm('tuned', 'Tuned', 0.817, 'tuned'),
];

describe('comparison', () => {
  test('differences name what is clear, and only that', () => {
    const clear = pair('yours', 'tuned', 0.142, 0.06, 0.22);
    const other = pair('untuned', 'tuned', 0.3, 0.2, 0.4);
    const unclear = pair('yours', 'tuned', 0.05, -0.03, 0.12);
    expect(differenceTitle(arms, [clear, other])).toBe('Tuned is ahead of all 2 others on these rows');
    expect(differenceTitle(arms, [unclear, other])).toBe('Tuned is ahead of untuned by 30 points on these rows');
    expect(differenceTitle(arms, [unclear])).toBe('Tuned and yours cannot be told apart on these rows');
  });
});
