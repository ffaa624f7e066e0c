import { describe, expect, it, test } from 'vitest';
import { judge, type Trend } from '../../training/diagnosis';
import type { ReferenceLine, ValidationPoint } from '../../training/events';
import { STANDARD } from '../../training/settings';
import { fallingDomain, lossTitle, MEASURES, type Metric, validationTitle } from './run-charts';

const v = (...accuracies: number[]) =>
  accuracies.map((accuracy, i) => ({ kind: 'classify' as const, step: i * 10, accuracy, macroF1: accuracy, loss: 1 }));
const line = (id: ReferenceLine['id'], name: string, accuracy: number): ReferenceLine => ({
  kind: 'classify',
  id,
  name,
  accuracy,
  macroF1: accuracy,
});
const lines = [line('majority', 'always “neutral”', 0.48), line('yours', 'your prompt', 0.67)];

function title(validations: readonly ValidationPoint[], among: readonly ReferenceLine[], metric: Metric): string {
  const seen = {
    steps: [],
    validations,
    lines: among,
    majority: 0,
    validationRows: 60,
    trainRows: 200,
    settings: STANDARD,
  };
  return validationTitle(validations, judge(seen, MEASURES[metric]).place, metric);
}

describe('validation', () => {
  test.each([
    [[], 'Validation accuracy, step by step'],
    [[0.47, 0.57, 0.65, 0.7, 0.8], 'Validation accuracy passed your prompt between steps 20 and 30'],
    [[0.47, 0.7, 0.6, 0.75], 'Validation accuracy passed your prompt between steps 20 and 30'],
    [[0.7, 0.8], 'Validation accuracy has been above your prompt from the start'],
    [[0.5, 0.7, 0.6], 'Validation accuracy was above your prompt at step 10, and is no longer'],
    [[0.5, 0.67], 'Validation accuracy is clearly above always answering “neutral”, and not above your prompt'],
    [[0.4, 0.48], 'Validation accuracy is not clearly above always answering “neutral”'],
  ])('%j', (points, expected) => expect(title(v(...points), lines, 'accuracy')).toBe(expected));

  const withUntuned = [...lines, line('untuned', 'untuned', 0.8)];
  test.each([
    [[0.5, 0.7, 0.75], 'Validation accuracy is above your prompt, and not above the untuned prompt'],
    [[0.5, 0.7, 0.85], 'Validation accuracy passed the untuned prompt between steps 10 and 20'],
  ])('passes nothing while it is below the untuned prompt: %j', (points, expected) =>
    expect(title(v(...points), withUntuned, 'accuracy')).toBe(expected),
  );

  test('calls a row more than the most frequent label no lead', () =>
    expect(title(v(0.4, 0.5), lines.slice(0, 1), 'accuracy')).toBe(
      'Validation accuracy is not clearly above always answering “neutral”',
    ));

  test.each([
    [[5, 4.5, 4, 3.5], 'Validation loss fell below your prompt’s between steps 20 and 30'],
    [[3.5, 3], 'Validation loss has been below your prompt’s from the start'],
    [[6, 4.2, 5], 'Validation loss was lowest at step 10'],
    [[6, 5, 4.5], 'Validation loss is falling'],
    [[6, 5.98], 'Validation loss has not fallen yet'],
  ])('%j is loss, which should fall', (losses, expected) =>
    expect(
      title(
        losses.map((loss, i) => ({ kind: 'generate' as const, step: i * 10, tokenShare: 0, loss })),
        [{ kind: 'generate', id: 'yours', name: 'your prompt', tokenShare: 0, loss: 4 }],
        'loss',
      ),
    ).toBe(expected),
  );

  test('is neutral without anything to compare with', () =>
    expect(title(v(0.1, 0.9), [], 'macroF1')).toBe('Validation macro-F1, step by step'));
});

test('has a title for every trend of the training loss, each its own', () => {
  const trends: readonly Trend[] = ['short', 'falling', 'level', 'unmoved', 'rising', 'grown', 'broken'];
  expect(new Set(trends.map(lossTitle)).size).toBe(trends.length);
});

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
