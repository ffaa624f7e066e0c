import { expect, it } from 'vitest';
import { compareWriting, type WritingOutcome } from './writing';

const wanted = Array.from({ length: 40 }, (_, i) => `lamp: order ${i} is late -> answer`);
const outcome = (id: string, write: (text: string, i: number) => string, logProb: number): WritingOutcome => ({
  id,
  name: id,
  written: wanted.map(write),
  scores: wanted.map(() => ({ logProb, tokens: 10 })),
  tokensSentMean: 20,
});

it('says who writes nearer, with means, an interval, and rows', () => {
  const half = outcome('half', (text, i) => (i % 2 ? text : 'something else'), -20);
  const all = outcome('all', (text) => text, -10);
  const { arms, duels } = compareWriting(
    wanted,
    [half, all],
    [
      ['half', 'all'],
      ['all', 'half'],
      ['all', 'all'],
    ],
    0,
  );
  expect(arms).toMatchObject([
    { id: 'half', rougeL: 0.5, tokenF1: 0.5, exactMatch: 0.5 },
    { id: 'all', rougeL: 1, tokenF1: 1, exactMatch: 1 },
  ]);
  expect(arms[0]?.perplexity).toBeCloseTo(Math.exp(2));
  const [better, worse, same] = duels;
  expect(better).toMatchObject({ finding: 'b-better', rows: { nearer: 20, farther: 0, same: 20 } });
  // the mean of 40 rows of which half gain 1: 0.5 plus and minus 1.96 x 0.079
  expect(better?.rougeL.interval.low).toBeCloseTo(0.345, 1);
  expect(better?.rougeL.interval.high).toBeCloseTo(0.655, 1);
  expect(better?.sentence).toMatch(/^all writes nearer to your texts than half: ROUGE-L 50.0 points/);
  expect(worse).toMatchObject({ finding: 'a-better', rougeL: { difference: -0.5 } });
  expect(same).toMatchObject({ finding: 'unclear', rougeL: { difference: 0, interval: { low: 0, high: 0 } } });
});
