import { expect, test } from 'vitest';
import { compareReplay, replayWords } from './check-rows';

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
    'All 2 check rows get the same answer, but log-probabilities are off by up to 0.30',
  ],
  [
    [
      [-2, -0.1],
      [-3, -0.2],
    ],
    '1 of 2 check rows come out differently here (log-probabilities are off by up to 1.9)',
  ],
])('%#', (rows, words) => {
  expect(replayWords(compareReplay(sidecar, new Map(rows.map((row, i) => [i, row]))))).toBe(words);
});
