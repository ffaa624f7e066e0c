import { describe, expect, it } from 'vitest';
import { createRng } from '../lib/rng';
import { cardOf } from './card';
import { compare } from './classify/compare';
import { MAJORITY, majorityArm, PROBE, WORDS } from './classify/made-arms';
import { shareOfTokens } from './level';
import { alternating, armOf, planOf } from './test-support';
import type { ArmKind } from './types';

const KINDS: Readonly<Record<string, readonly [kind: ArmKind, tokens: number | null]>> = {
  'yours-8': ['few-shot', 310],
  untuned: ['untuned', 22],
  [WORDS]: ['reference', null],
  [PROBE]: ['reference', null],
  'run-r2': ['tuned', 31],
};

/** Comparisons in which the tuned prompt and a rival are right on 80% of rows, and the hand-written prompt on 55%. */
function* ties(rival: string, count: number, rows = 160) {
  const [kind, tokensSentMean] = KINDS[rival] as (typeof KINDS)[string];
  for (let seed = 1; seed <= count; seed++) {
    const rng = createRng(seed);
    const difficulty = Array.from({ length: rows }, () => rng.normal());
    const right = (limit: number) => difficulty.map((d) => 0.8 * d + 0.6 * rng.normal() <= limit);
    const gold = alternating(rows);
    const arms = [
      armOf('yours', 'zero-shot', gold, right(0.126), 2, { name: 'Your prompt', tokensSentMean: 46 }),
      armOf('tuned', 'tuned', gold, right(0.842), 2, { name: 'Tuned prompt', tokensSentMean: 31 }),
      armOf(rival, kind, gold, right(0.842), 2, { name: rival, tokensSentMean }),
      majorityArm(['negative', 'positive'], gold, rows),
    ];
    const pairs = [['yours', 'tuned'], ...(kind === 'reference' ? [] : [[rival, 'tuned'] as const])] as const;
    const plan = planOf(gold, arms, { pairs });
    const comparison = compare(plan, { draws: 2 });
    const found = cardOf({ kind: 'classify', plan, comparison }, { stillFalling: false });
    if (found && found.action !== 'label-more') yield { ...found, headline: comparison.verdict.headline };
  }
}

describe('a tuned prompt that equals a rival, simulated', () => {
  it.each([
    ['your prompt with eight examples', 'yours-8', 'tuned'],
    ['its text without vectors', 'untuned', 'untuned'],
    ['word counts', WORDS, WORDS],
    ['a probe', PROBE, 'tuned'],
    ['another version', 'run-r2', 'tuned'],
  ])('is never recommended as if it were better than %s', (_, rival, expected) => {
    const found = [...ties(rival, 100)].filter(({ armId }) => armId !== 'yours');
    expect(found.length).toBeGreaterThan(80);
    const isLevel = (text: string) => / level with /.test(text);
    // clearly ahead by chance: at most 5% of pairs
    const unsaid = found.filter(({ title }) => !isLevel(title));
    expect(unsaid.length).toBeLessThanOrEqual(0.05 * found.length);
    expect(found.filter(({ title, headline }) => isLevel(title) && !isLevel(headline))).toEqual([]);
    // which one follows from the rule: a trained prompt only stays where it leads by five points
    const asExpected = found.filter(({ armId }) => armId === expected).length;
    expect(asExpected).toBeGreaterThanOrEqual((expected === 'tuned' ? 0.95 : 0.8) * found.length);
    expect(found.every(({ armId }) => armId !== MAJORITY)).toBe(true);
  });
});

it.each([
  [31, 310, ', at 10% of the tokens'],
  [100, 300, ', at a third of the tokens'],
  [52, 100, ', at half the tokens'],
  [95, 100, ''],
  [109, 100, ''],
  [120, 100, ', with more tokens'],
  [0, 40, ', without a model'],
  [40, 0, ''],
  [null, 40, ''],
  [40, null, ''],
])('says how many of the tokens %s are of %s', (tokens, others, words) => {
  expect(shareOfTokens(tokens, others)).toBe(words);
});
