import { describe, expect, test } from 'vitest';
import { gridOf, NUMBER_SETTINGS, readNumbers, type SweepAxes } from './fields';
import { STANDARD } from './settings';

const none: SweepAxes = { placement: [], initialisation: [], virtualTokens: [], learningRate: [], steps: [], seed: [] };
const setting = (key: string) => {
  const found = NUMBER_SETTINGS.find((each) => each.key === key);
  if (!found) throw new Error(key);
  return found;
};

describe('a grid', () => {
  test('combines all values, and keeps the settings that are left open', () => {
    const grid = gridOf(STANDARD, { ...none, virtualTokens: [4, 10], learningRate: [0.01, 0.02, 0.03] });
    expect(grid).toHaveLength(6);
    expect(new Set(grid.map((s) => `${s.virtualTokens} ${s.learningRate}`)).size).toBe(6);
    const others = grid.map(({ virtualTokens: _, learningRate: __, ...kept }) => kept);
    const { virtualTokens: _, learningRate: __, ...kept } = STANDARD;
    expect(others).toEqual(Array(6).fill(kept));
    expect(gridOf(STANDARD, none)).toEqual([STANDARD]);
  });

  test('tells starts apart', () => {
    const grid = gridOf(STANDARD, { ...none, initialisation: [{ kind: 'answer-words' }, { kind: 'vocabulary' }] });
    expect(grid).toEqual([
      { ...STANDARD, initialisation: { kind: 'answer-words' } },
      { ...STANDARD, initialisation: { kind: 'vocabulary' } },
    ]);
  });
});

test('numbers are read as they are typed, and refused in words', () => {
  expect(readNumbers(setting('steps'), ' 60, 150;60  300 ')).toEqual({ values: [60, 150, 300] });
  expect(readNumbers(setting('steps'), '')).toEqual({ values: [] });
  expect(readNumbers(setting('steps'), '60, many')).toEqual({ problem: '“many”: Give a whole number.' });
  expect(readNumbers(setting('learningRate'), '0.01, 9')).toEqual({
    problem: '“9”: Give a number from 0.000001 to 1.',
  });
});
