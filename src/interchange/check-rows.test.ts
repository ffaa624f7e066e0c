import { expect, test } from 'vitest';
import { compareReplay, compareTargets, replayWords } from './check-rows';

const sidecar = {
  labels: [
    { label: 'a', word: ' a', tokenIds: [1] },
    { label: 'b', word: ' b', tokenIds: [2] },
  ],
  parityRows: [
    { text: 'x', inputIds: [1], logProbs: { a: -0.1, b: -2 } },
    { text: 'y', inputIds: [1], logProbs: { a: -3, b: -0.2 } },
  ],
};

test.each([
  [
    [
      [-0.1, -2],
      [-3, -0.2],
    ],
    'All 2 check rows agree, to within 0.0001',
  ],
  [
    [
      [-0.1, -2.3],
      [-3, -0.2],
    ],
    'All 2 check rows get the same answer, but log-probabilities differ by up to 0.30',
  ],
  [
    [
      [-2, -0.1],
      [-3, -0.2],
    ],
    '1 of 2 check rows get a different answer here (log-probabilities differ by up to 1.9)',
  ],
])('says how closely the check rows agree: %#', (rows, words) => {
  expect(replayWords(compareReplay(sidecar, new Map(rows.map((row, i) => [i, row]))))).toBe(words);
});

test('compares the fixed text per token where the prompt generates texts', () => {
  const target = { text: 'x', ids: [1, 2], logProb: -4 };
  const parityRows = [1, 2].map(() => ({ text: 'x', inputIds: [1], logProbs: {}, target }));
  const found = (...logProbs: number[]) =>
    logProbs.map((logProb, i) => ({
      rowId: String(i),
      ids: new Int32Array(0),
      target: { rowId: String(i), logProb, tokens: 2, correct: 0 },
    }));
  expect(compareTargets({ parityRows }, found(-4, -4.5))).toEqual({ rows: 2, changed: 0, largestDifference: 0.25 });
  expect(replayWords(compareTargets({ parityRows }, found(-4, -4.5)))).toContain('differ by up to 0.25');
  expect(compareTargets({ parityRows }, found(-4)).largestDifference).toBeNaN();
});
