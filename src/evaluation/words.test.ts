import { describe, expect, it, test } from 'vitest';
import { drawBallots, tally, tallySentence } from './vote';
import { about, numberWord, points, pointsRange, pointsWithUnit, pText, pValue, times } from './words';

describe('numbers in sentences', () => {
  test.each([
    [0.14, '14'],
    [0.033, '3.3'],
    [-0.025, '−2.5'],
    [0.0994, '9.9'],
    [0.0995, '10'],
    [-0.0004, '0'],
  ])('%d is a difference of %s points', (difference, words) => expect(points(difference)).toBe(words));

  test.each([
    [0.01, 'to', '1 point'],
    [-0.01, 'to', '−1 point'],
    [0.02, 'to', '2 points'],
  ])('%d has its unit', (difference, _, words) => expect(pointsWithUnit(difference)).toBe(words));

  test.each([
    [0.012, 0.034, '1.2 to 3.4'],
    [0.012, 0.134, '1 to 13'],
    [-0.134, 0.012, '−13 to 1'],
    [0.004, 0.134, '0.4 to 13'],
    [-0.004, 0.134, '−0.4 to 13'],
  ])('%d and %d are the range %s', (low, high, words) => expect(pointsRange(low, high)).toBe(words));

  test.each([
    [0.00009, 'p < 0.0001', '< 0.0001'],
    [0.0001, 'p = 0.0001', '0.00010'],
    [0.0015, 'p = 0.0015', '0.0015'],
    [0.01, 'p = 0.010', '0.010'],
    [0.0333, 'p = 0.033', '0.033'],
    [0.1, 'p = 0.10', '0.10'],
    [0.994, 'p = 0.99', '0.99'],
    [0.995, 'p = 0.99', '1'],
  ])('%d is %s in a sentence and %s in a table', (p, sentence, cell) => {
    expect(pValue(p)).toBe(sentence);
    expect(pText(p)).toBe(cell);
  });

  test.each([
    [137, '140'],
    [1234, '1,300'],
    [7, '7'],
    [10, '10'],
    [99, '99'],
    [101, '110'],
    [0, '0'],
  ])('%d rows are about %s', (n, words) => expect(about(n)).toBe(words));

  it('counts small numbers in words', () => {
    expect([0, 1, 8, 12, 13].map(numberWord)).toEqual(['no', 'one', 'eight', 'twelve', '13']);
    expect([1, 2, 3].map(times)).toEqual(['once', 'twice', '3 times']);
  });
});

describe('a vote between two prompts', () => {
  const vote = (choice: 'a' | 'b' | 'tie' | 'both-bad', n: number) =>
    Array.from({ length: n }, (_, i) => ({ rowId: `${choice}${i}`, choice }));

  it('shows rows that differ, thirty at most, on drawn sides', () => {
    const rowIds = Array.from({ length: 100 }, (_, i) => `${i}`);
    const a = rowIds.map((_, i) => `${i % 2}`);
    const b = rowIds.map(() => '1');
    const ballots = drawBallots({ rowIds, seed: 4 }, a, b);
    expect(ballots).toHaveLength(30);
    for (const { rowId, left, right, swapped } of ballots) {
      expect(Number(rowId) % 2).toBe(0);
      expect([left, right]).toEqual(swapped ? ['1', '0'] : ['0', '1']);
    }
    const right = ballots.filter(({ swapped }) => swapped).length;
    expect(right).toBeGreaterThan(5);
    expect(right).toBeLessThan(25);
    expect(drawBallots({ rowIds, seed: 4 }, a, b)).toEqual(ballots);
    expect(drawBallots({ rowIds, seed: 5 }, a, b)).not.toEqual(ballots);
    expect(ballots.map(({ rowId }) => rowId)).not.toEqual(
      ballots.map(({ rowId }) => rowId).toSorted((x, y) => Number(x) - Number(y)),
    );
  });

  it('is counted without ties, with Wilson’s interval and the exact sign test', () => {
    const found = tally([...vote('a', 2), ...vote('b', 10), ...vote('tie', 3), ...vote('both-bad', 1)]);
    expect(found).toMatchObject({ a: 2, b: 10, ties: 3, bothBad: 1, winRate: 10 / 12 });
    // binomial: 2 (C(12,0) + C(12,1) + C(12,2)) / 2^12
    expect(found.p).toBeCloseTo((2 * (1 + 12 + 66)) / 4096, 12);
    expect(found.ci95.low).toBeCloseTo(0.552, 3);
    expect(found.ci95.high).toBeCloseTo(0.953, 3);
    expect(tallySentence(found, 'Your prompt', 'Tuned prompt')).toBe(
      'You prefer the tuned prompt. The tuned prompt won 10 of 12 decided votes, 83.3% (55.2% to 95.3%); sign test p = 0.039.',
    );
  });

  it('is a preference only where chance is unlikely, and for the one that won', () => {
    expect(tallySentence(tally([...vote('a', 10), ...vote('b', 2)]), 'Your prompt', 'Tuned prompt')).toMatch(
      /^You prefer your prompt\. The tuned prompt won 2/,
    );
    expect(tallySentence(tally([...vote('a', 3), ...vote('b', 4)]), 'Your prompt', 'Tuned prompt')).toMatch(
      /^No clear preference\. /,
    );
    expect(tallySentence(tally(vote('tie', 3)), 'Your prompt', 'Tuned prompt')).toBe(
      'No vote chose one of the two prompts.',
    );
  });
});
