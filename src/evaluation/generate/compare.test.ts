import { expect, it } from 'vitest';
import type { GenerateOutcome } from '../types';
import { compareTexts } from './compare';

const wanted = Array.from({ length: 40 }, (_, i) => `lamp: order ${i} is late -> answer`);
const outcome = (id: string, write: (text: string, i: number) => string, logProb: number): GenerateOutcome => ({
  id,
  name: id,
  written: wanted.map(write),
  scores: wanted.map(() => ({ logProb, tokens: 10 })),
  tokensSentMean: 20,
});

it('says whose texts are closer, with means, an interval, and rows', () => {
  const half = outcome('half', (text, i) => (i % 2 ? text : 'something else'), -20);
  const all = outcome('all', (text) => text, -10);
  const { arms, duels, verdict } = compareTexts({
    wanted,
    arms: [half, all],
    pairs: [
      ['half', 'all'],
      ['all', 'half'],
      ['all', 'all'],
    ],
    seed: 0,
  });
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
  expect(better?.sentence).toMatch(/^all is closer to your texts than half: ROUGE-L 50.0 points/);
  expect(worse).toMatchObject({ finding: 'a-better', rougeL: { difference: -0.5 } });
  expect(same).toMatchObject({ finding: 'unclear', rougeL: { difference: 0, interval: { low: 0, high: 0 } } });
  expect(arms[1]?.intervals.rougeL).toEqual({ low: 1, high: 1 });
  expect(arms[0]?.intervals.perplexity.low).toBeCloseTo(Math.exp(2));
  expect(better?.perplexity.difference).toBeCloseTo(Math.exp(-1));
  expect(verdict.headline).toBe('all is closer to your texts than half: +50.0 points of ROUGE-L');
  expect(verdict.detail).toContain('closer on 20 and further on 0');
  expect(verdict.detail).toContain('40 of its 40 texts match the expected one word for word');
});

const armsOf = (near: number, few: number, tuned: number) =>
  (
    [
      ['yours', 'Yours', 'zero-shot', near],
      ['yours-3', 'Yours + 3 examples', 'few-shot', few],
      ['tuned', 'Tuned', 'tuned', tuned],
    ] as const
  ).map(
    ([id, name, kind, every]): GenerateOutcome => ({
      ...outcome(id, (text, i) => (i % 10 < every ? text : 'nothing near'), -20 + every),
      name,
      kind,
    }),
  );
const PAIRS = [
  ['yours', 'tuned'],
  ['yours-3', 'tuned'],
] as const;

it.each([
  [
    'tuning pays',
    [1, 2, 9],
    'Tuned is closer to your texts than yours: +80.0',
    'It is also closer than yours + 3 examples',
  ],
  ['examples do as well', [1, 8, 8], 'Tuned is closer to your texts than yours: +70.0', 'Examples may do as well'],
  ['examples do better', [1, 9, 5], 'Tuned is closer to your texts than yours: +40.0', 'Use the examples'],
  ['keep yours', [9, 9, 1], 'Keep yours: tuned is further from your texts, −80.0', 'Use the examples'],
  ['not clear', [5, 5, 5], 'No clear difference between tuned and yours on 40 test rows', 'no clear difference'],
] as const)('says when %s', (_, [near, few, tuned], headline, detail) => {
  const { verdict } = compareTexts({ wanted, arms: armsOf(near, few, tuned), pairs: PAIRS, seed: 0, looks: 3 });
  expect(verdict.headline).toContain(headline);
  expect(verdict.detail).toContain(detail);
  expect(verdict.detail).toContain('used 3 times');
});

it.each([
  [2, /Training itself added \+70\.0 \(.+\) over the untuned prompt/],
  [9, /Training itself added nothing clear: 0\.0 \(.+\) against the untuned prompt/],
])('says what training itself added, where %i of 10 untuned texts are right', (near, added) => {
  const untuned = { ...outcome('untuned', (text, i) => (i % 10 < near ? text : 'nothing near'), -20), name: 'Untuned' };
  const arms = [...armsOf(1, 2, 9), untuned];
  const { verdict } = compareTexts({ wanted, arms, pairs: [...PAIRS, ['untuned', 'tuned']], seed: 0 });
  expect(verdict.detail).toMatch(added);
});

it('draws rows that belong together as one: the interval is wider', () => {
  const plan = { wanted, arms: armsOf(1, 2, 5), pairs: PAIRS, seed: 0 };
  const groups = wanted.map((_, i) => Math.floor((i % 10) / 5));
  const width = ({ duels }: ReturnType<typeof compareTexts>) => {
    const { low, high } = duels[0]?.rougeL.interval ?? { low: 0, high: 0 };
    return high - low;
  };
  expect(width(compareTexts({ ...plan, groups }))).toBeGreaterThan(1.5 * width(compareTexts(plan)));
});
