import { expect, it } from 'vitest';
import type { GenerateOutcome } from '../types';
import { compareTexts, pairSentence } from './compare';

const wanted = Array.from({ length: 40 }, (_, i) => `lamp: order ${i} is late -> answer`);
const outcome = (id: string, write: (text: string, i: number) => string, logProb: number): GenerateOutcome => ({
  id,
  name: id,
  kind: 'zero-shot',
  written: wanted.map(write),
  scores: wanted.map(() => ({ logProb, tokens: 10 })),
  tokensSentMean: 20,
});

const PLAN = { rowIds: wanted, wanted, looks: 1, seed: 0 };

it('says whose texts are closer, with means, an interval, and rows', () => {
  const half = outcome('half', (text, i) => (i % 2 ? text : 'something else'), -20);
  const all = outcome('all', (text) => text, -10);
  const { arms, pairs, verdict } = compareTexts({
    ...PLAN,
    arms: [half, all],
    pairs: [
      ['half', 'all'],
      ['all', 'half'],
      ['all', 'all'],
    ],
  });
  expect(arms).toMatchObject([
    { id: 'half', metrics: { rougeL: { value: 0.5 }, tokenF1: { value: 0.5 }, exactMatch: { value: 0.5 } } },
    { id: 'all', metrics: { rougeL: { value: 1 }, tokenF1: { value: 1 }, exactMatch: { value: 1 } } },
  ]);
  expect(arms[0]?.metrics.perplexity.value).toBeCloseTo(Math.exp(2));
  const [better, worse, same] = pairs;
  expect(better).toMatchObject({ rows: { closer: 20, further: 0, same: 20 } });
  // the mean of 40 rows of which half gain 1: 0.5 plus and minus 1.96 x 0.079
  expect(better?.metrics.rougeL.interval.low).toBeCloseTo(0.345, 1);
  expect(better?.metrics.rougeL.interval.high).toBeCloseTo(0.655, 1);
  expect(pairs.map((pair) => pairSentence({ arms, n: 40 }, pair))).toEqual([
    expect.stringMatching(/^All is closer to your texts than half: ROUGE-L 50.0 points/),
    expect.stringMatching(/^All is closer to your texts than half: /),
    expect.stringMatching(/^It is not clear whether /),
  ]);
  expect(worse).toMatchObject({ metrics: { rougeL: { value: -0.5 } } });
  expect(same).toMatchObject({ metrics: { rougeL: { value: 0, interval: { low: 0, high: 0 } } } });
  expect(arms[1]?.metrics.rougeL.interval).toEqual({ low: 1, high: 1 });
  expect(arms[0]?.metrics.perplexity.interval.low).toBeCloseTo(Math.exp(2));
  expect(better?.metrics.perplexity.value).toBeCloseTo(Math.exp(-1));
  expect(verdict.headline).toBe('“all” beats your prompt by 50 points of ROUGE-L on 40 test rows');
  expect(verdict.detail).toContain('came closer on 20 rows and fell back on 0');
  expect(verdict.detail).toContain('40 of its 40 texts match the expected one word for word');
});

const armsOf = (near: number, few: number, tuned: number) =>
  (
    [
      ['yours', 'Your prompt', 'zero-shot', near],
      ['yours-3', 'Your prompt + 3 examples', 'few-shot', few],
      ['tuned', 'Tuned prompt', 'tuned', tuned],
    ] as const
  ).map(
    ([id, name, kind, every]): GenerateOutcome => ({
      ...outcome(id, (text, i) => (i % 10 < every ? text : 'nothing near'), -20 + every),
      name,
      kind,
      ...(id === 'yours-3' && { added: 3 }),
    }),
  );
const PAIRS = [
  ['yours', 'tuned'],
  ['yours-3', 'tuned'],
] as const;

it.each([
  ['tuning pays', [1, 2, 9], 'The tuned prompt beats your prompt by 80 points of ROUGE-L', 'came closer on 32 rows'],
  ['examples do as well', [1, 8, 8], 'Three examples are level with the tuned prompt', 'reaches 80.0%'],
  ['examples do better', [1, 9, 5], 'Three examples beat the tuned prompt by 40 points of ROUGE-L', 'true lead of the'],
  ['keep yours', [9, 9, 1], 'Your prompt beats the tuned prompt by 80 points of ROUGE-L', 'fell back on 32'],
  ['not clear', [5, 5, 5], 'No clear difference between the tuned prompt and your prompt', 'Both reach 50.0%'],
] as const)('says when %s', (_, [near, few, tuned], headline, detail) => {
  const { verdict } = compareTexts({ ...PLAN, arms: armsOf(near, few, tuned), pairs: PAIRS, looks: 3 });
  expect(verdict.headline).toContain(headline);
  expect(verdict.detail).toContain(detail);
  expect(verdict.detail).toContain('used 3 times');
});

it.each([
  [2, /Training itself added 70 points, probably between .+\. The untuned prompt/],
  [9, /What training itself added is not clear\. The true difference is probably between/],
])('says what training itself added, where %i of 10 untuned texts are right', (near, added) => {
  const untuned = {
    ...outcome('untuned', (text, i) => (i % 10 < near ? text : 'nothing near'), -20),
    name: 'Untuned prompt',
    kind: 'untuned' as const,
  };
  const arms = [...armsOf(1, 2, 9), untuned];
  const { verdict } = compareTexts({ ...PLAN, arms, pairs: [...PAIRS, ['untuned', 'tuned']] });
  expect(verdict.detail).toMatch(added);
});

it('draws rows that belong together as one: the interval is wider', () => {
  const plan = { ...PLAN, arms: armsOf(1, 2, 5), pairs: PAIRS };
  const groups = wanted.map((_, i) => Math.floor((i % 10) / 5));
  const width = ({ pairs }: ReturnType<typeof compareTexts>) => {
    const { low, high } = pairs[0]?.metrics.rougeL.interval ?? { low: 0, high: 0 };
    return high - low;
  };
  expect(width(compareTexts({ ...plan, groups }))).toBeGreaterThan(1.5 * width(compareTexts(plan)));
});
