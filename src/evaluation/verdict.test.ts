import { describe, expect, it } from 'vitest';
import { createRng } from '../lib/rng';
import { compare } from './classify/compare';
import { majorityArm, probeArm, wordsArm } from './classify/made-arms';
import { unclearSpread } from './field';
import { alternating, armOf, patterned, planOf } from './test-support';
import type { ArmKind, ArmOutcome, Verdict } from './types';

/** Arms by right/wrong patterns over the rows, in the order yours, tuned, then those named. */
function verdict(
  counts: Readonly<Record<string, number>>,
  extra: readonly ('few' | 'words' | 'probe' | 'policy' | 'untuned')[] = [],
  more: { looks?: number; majority?: boolean; groups?: readonly number[] } = {},
): Verdict {
  const rights = patterned(counts);
  const gold = alternating(rights[0]?.length ?? 0);
  const arms = [
    armOf('yours', 'zero-shot', gold, rights[0] ?? [], 2, { name: 'Your prompt' }),
    armOf('tuned', 'tuned', gold, rights[1] ?? [], 2, { name: 'Tuned prompt', tokensSentMean: 31 }),
    ...extra.map((which, i) => {
      const right = rights[i + 2] ?? [];
      if (which === 'words') return wordsArm(armOf('tfidf', 'reference', gold, right).logProbs);
      if (which === 'probe') return probeArm(armOf('probe', 'reference', gold, right).logProbs);
      if (which === 'untuned') return armOf('untuned', 'untuned', gold, right, 2, { name: 'Untuned prompt' });
      if (which === 'policy') return armOf('policy', 'zero-shot', gold, right, 2, { name: 'The whole policy' });
      return armOf('yours-8', 'few-shot', gold, right, 2, { name: 'Your prompt + 8 examples', tokensSentMean: 310 });
    }),
    ...(more.majority === false ? [] : [majorityArm(['negative', 'positive'], gold, gold.length)]),
  ];
  return compare(planOf(gold, arms, { looks: 1, ...more }), { draws: 50 }).verdict;
}

describe('verdict', () => {
  it('tuned is better: effect first, then what it rests on', () => {
    const v = verdict({ '11': 76, '01': 22, '10': 5, '00': 17 });
    expect(v.kind).toBe('tuned-better');
    expect(v.headline).toBe('The tuned prompt beats your prompt by 14 points on 120 test rows');
    expect(v.detail).toBe(
      'It fixed 22 rows and broke 5. With this much data the true gain is probably between 6 and 22 points (exact p = 0.0015). These test rows have been used once.',
    );
    expect(v.rowsNeeded).toBeNull();
  });

  it('calls a hand-written prompt with examples of its own by its name, and tests tuning against the best hand-written one', () => {
    const rights = patterned({ '111': 60, '010': 30, '011': 4, '101': 3, '000': 23 });
    const gold = alternating(120);
    const of = (without: string) =>
      compare(
        planOf(gold, [
          armOf('yours', 'few-shot', gold, rights[0] ?? [], 2, { name: 'Your prompt' }),
          armOf('tuned', 'tuned', gold, rights[1] ?? [], 2, { name: 'Tuned prompt' }),
          armOf(without, 'zero-shot', gold, rights[2] ?? [], 2, { name: 'Your prompt without examples' }),
        ]),
        { draws: 50 },
      ).verdict;
    expect(of('yours-0').headline).toBe('The tuned prompt beats your prompt by 26 points on 120 test rows');
    expect(of('yours-0').detail).toContain('It also beats your prompt without examples');
  });

  it('a probe of the model beats every prompt: the words are what fails', () => {
    const v = verdict({ '111': 40, '001': 30, '010': 4, '100': 4, '000': 22 }, ['probe']);
    expect(v.kind).toBe('probe-better');
    expect(v.headline).toBe('A linear probe of the same model beats your prompt by 26 points on 100 test rows');
    expect(v.detail).toContain('Try other answer words, or another cue');
  });

  it('a probe that is no better than counting words is not put first', () => {
    const v = verdict({ '1111': 40, '0011': 30, '0100': 4, '1000': 4, '0000': 22 }, ['words', 'probe']);
    expect(v.kind).toBe('words-do-as-well');
  });

  it('tuned is better, but not clearly than a probe: both are said', () => {
    const v = verdict({ '111': 70, '011': 20, '010': 4, '101': 2, '000': 24 }, ['probe']);
    expect(v.kind).toBe('tuned-better');
    expect(v.detail).toContain('Its lead over a linear probe');
  });

  it('yours is better: said plainly', () => {
    const v = verdict({ '11': 76, '10': 22, '01': 5, '00': 17 });
    expect(v.kind).toBe('yours-better');
    expect(v.headline).toBe('Your prompt beats the tuned prompt by 14 points on 120 test rows: keep it');
    expect(v.detail).toContain('Tuning fixed 5 rows and broke 22.');
  });

  it('a lead that may be chance is no win, and says how many rows would settle it', () => {
    const v = verdict({ '11': 80, '01': 14, '10': 7, '00': 19 });
    expect(v.kind).toBe('no-clear-difference');
    expect(v.headline).toBe('No clear difference between the tuned prompt and your prompt on 120 test rows');
    expect(v.detail).toContain('That may be chance');
    expect(v.rowsNeeded).toBeGreaterThan(50);
    expect(v.detail).toMatch(/About [\d,]+ more test rows would settle it/);
  });

  it('asks for more rows where rows of one group are right or wrong together', () => {
    const counts = { '11': 80, '01': 14, '10': 7, '00': 19 };
    const apart = verdict(counts).rowsNeeded as number;
    const inSevens = verdict(counts, [], { groups: alternating(120).map((_, i) => Math.floor((i + 4) / 7)) });
    expect(inSevens.rowsNeeded).toBeGreaterThan(3 * apart);
    const inPairs = verdict(counts, [], { groups: alternating(120).map((_, i) => i % 60) });
    // no pair differs in both rows, which few pairs do not settle
    expect(inPairs.rowsNeeded).toBeGreaterThan(apart);
    expect(inPairs.rowsNeeded).toBeLessThan(1.3 * apart);
  });

  it('no difference at all: more rows are no advice', () => {
    const v = verdict({ '11': 80, '01': 10, '10': 10, '00': 20 });
    expect(v.kind).toBe('no-clear-difference');
    expect(v.rowsNeeded).toBeNull();
    expect(v.detail).toContain('keep the simpler one');
  });

  it('says in the headline where eight examples, at more tokens, are level with the tuned prompt', () => {
    const v = verdict({ '111': 76, '011': 20, '101': 5, '010': 2, '000': 17 }, ['few']);
    expect(v.kind).toBe('tuned-better');
    expect(v.headline).toBe(
      'The tuned prompt beats your prompt by 14 points on 120 test rows. It is level with your prompt with eight examples, at 10% of the tokens',
    );
  });

  it('eight examples that are level at no more tokens: no training needed', () => {
    const rights = patterned({ '111': 76, '011': 20, '101': 5, '010': 2, '000': 17 });
    const gold = alternating(120);
    const arm = (id: string, kind: ArmKind, i: number) => armOf(id, kind, gold, rights[i] ?? [], 2, { name: id });
    const arms = [arm('yours', 'zero-shot', 0), arm('tuned', 'tuned', 1), arm('yours-8', 'few-shot', 2)];
    expect(compare(planOf(gold, arms), { draws: 50 }).verdict).toMatchObject({
      kind: 'examples-do-as-well',
      headline: 'Eight examples are level with the tuned prompt on 120 test rows: no training needed',
    });
  });

  it('eight examples beat the tuned prompt', () => {
    const v = verdict({ '111': 60, '001': 30, '011': 8, '101': 5, '000': 17 }, ['few']);
    expect(v.kind).toBe('examples-do-as-well');
    expect(v.headline).toContain('Eight examples beat the tuned prompt by 29 points');
  });

  it('examples a little behind on few rows are not called as good', () => {
    // Tuned leads the examples by 9 of 120, unclear, but an interval up to 15 points is no "as well".
    const v = verdict({ '111': 70, '011': 12, '010': 18, '101': 4, '001': 1, '000': 15 }, ['few']);
    expect(v.kind).toBe('tuned-better');
  });

  it('examples that nobody beats, over a hand prompt that nobody beats, stay unclear', () => {
    expect(verdict({ '111': 85, '011': 5, '100': 4, '000': 26 }, ['few']).kind).toBe('no-clear-difference');
  });

  it('a word-count classifier does as well', () => {
    const v = verdict({ '111': 150, '011': 60, '101': 3, '001': 7, '010': 5, '000': 15 }, ['words']);
    expect(v.kind).toBe('words-do-as-well');
    expect(v.headline).toBe(
      'A word-count classifier is level with the tuned prompt (91.7%): you may not need a language model',
    );
    expect(v.detail).toContain('The tuned prompt does beat your prompt, by');
  });

  it('a word-count classifier beats every prompt, also where yours beats the tuned one', () => {
    // yours, tuned, words
    const v = verdict({ '111': 20, '101': 30, '001': 60, '000': 10 }, ['words']);
    expect(v.kind).toBe('words-do-as-well');
    expect(v.headline).toBe('A word-count classifier beats every prompt (91.7%): you may not need a language model');
    expect(verdict({ '111': 20, '101': 30, '100': 10, '001': 8, '000': 32 }, ['words']).kind).toBe('yours-better');
  });

  it('word counts that tie on few rows are not called as good, where nothing is clearly better than yours', () => {
    const counts = { '111': 50, '100': 8, '010': 9, '001': 9, '110': 6, '011': 6, '101': 6, '000': 6 };
    expect(verdict(counts, ['words']).kind).toBe('no-clear-difference');
  });

  it('your prompt with vectors beats both prompts that it is made of', () => {
    const rights = patterned({ '111': 50, '011': 12, '001': 30, '101': 3, '010': 2, '000': 23 });
    const gold = alternating(120);
    const arms = [
      armOf('yours', 'zero-shot', gold, rights[0] ?? [], 2, { name: 'Your prompt' }),
      armOf('tuned', 'tuned', gold, rights[1] ?? [], 2, { name: 'Tuned prompt' }),
      armOf('hybrid', 'hybrid', gold, rights[2] ?? [], 2, { name: 'Your prompt + vectors' }),
    ];
    const found = (extra: readonly ArmOutcome[]) => compare(planOf(gold, [...arms, ...extra]), { draws: 50 }).verdict;
    expect(found([])).toMatchObject({
      kind: 'hybrid-better',
      headline: 'Your prompt with vectors beats your prompt by 35 points and the tuned prompt by 26, on 120 test rows',
    });
    const few = armOf('yours-8', 'few-shot', gold, rights[2] ?? [], 2, { name: 'Your prompt + 8 examples' });
    expect(found([few]).kind).toBe('examples-do-as-well');
  });

  it('word counts that learned nothing do not count', () => {
    expect(verdict({ '110': 25, '111': 51, '011': 12, '010': 10, '101': 5, '000': 17 }, ['words']).kind).toBe(
      'tuned-better',
    );
  });

  it('nothing beats always choosing the most frequent label', () => {
    const v = verdict({ '11': 30, '01': 21, '10': 20, '00': 29 });
    expect(v.kind).toBe('nothing-beats-majority');
    expect(v.headline).toBe('Nothing here clearly beats always answering “negative”, on 100 test rows');
  });

  it('tuned must beat the best hand-written prompt, not the first', () => {
    const v = verdict({ '111': 76, '011': 20, '001': 5, '010': 2, '100': 5, '000': 12 }, ['policy']);
    expect(v.kind).toBe('no-clear-difference');
    expect(v.headline).toContain('“The whole policy”');
  });

  it('when it beats the best, the headline names the chosen one and the detail the best', () => {
    const v = verdict({ '111': 50, '011': 10, '010': 40, '001': 2, '100': 5, '000': 12 }, ['policy']);
    expect(v.kind).toBe('tuned-better');
    expect(v.headline).toMatch(/^The tuned prompt beats your prompt by 38 points/);
    expect(v.detail).toMatch(/It also beats “The whole policy”.* by 32 points\. That is probably between/);
  });

  it('rests on the corrected p where several pairs were compared, and says so', () => {
    const rights = patterned({ '111': 60, '011': 14, '101': 4, '001': 10, '110': 10, '000': 22 });
    const gold = alternating(120);
    const arms = [
      armOf('yours', 'zero-shot', gold, rights[0] ?? [], 2, { name: 'Your prompt' }),
      armOf('tuned', 'tuned', gold, rights[1] ?? [], 2, { name: 'Tuned prompt' }),
      armOf('other', 'hybrid', gold, rights[2] ?? [], 2, { name: 'Your prompt + vectors' }),
    ];
    const of = (pairs: readonly (readonly [string, string])[]) =>
      compare(planOf(gold, arms, { pairs }), { draws: 50 }).verdict;
    const alone = of([['yours', 'tuned']]);
    expect(alone.kind).toBe('tuned-better');
    expect(alone.detail).toContain('(exact p = 0.031)');
    const together = of([
      ['yours', 'tuned'],
      ['yours', 'other'],
      ['tuned', 'other'],
    ]);
    expect(together.kind).toBe('no-clear-difference');
    expect(together.detail).toContain('(p = 0.073, corrected for 3 comparisons)');
  });

  it('says what training itself added, where the untuned prompt beats the hand-written one too', () => {
    const against = (untuned: Readonly<Record<string, number>>) => {
      const rights = patterned(untuned);
      const gold = alternating(120);
      const arms = [
        armOf('yours', 'zero-shot', gold, rights[0] ?? [], 2, { name: 'Your prompt' }),
        armOf('tuned', 'tuned', gold, rights[1] ?? [], 2, { name: 'Tuned prompt' }),
        armOf('untuned', 'untuned', gold, rights[2] ?? [], 2, { name: 'Untuned prompt' }),
      ];
      const pairs = [
        ['yours', 'tuned'],
        ['untuned', 'tuned'],
      ] as const;
      return compare(planOf(gold, arms, { pairs }), { draws: 50 }).verdict;
    };
    const equal = against({ '111': 50, '011': 40, '010': 3, '001': 4, '101': 2, '000': 21 });
    expect(equal).toMatchObject({
      kind: 'text-does-as-well',
      headline: 'The untuned prompt is level with the tuned prompt on 120 test rows: no vectors needed',
      detail: expect.stringMatching(
        /^The same text without vectors reaches 80\.0%, .+ What training itself added is not clear\. /,
      ),
    });
    const worse = against({ '111': 40, '011': 20, '001': 30, '101': 2, '010': 2, '000': 26 });
    expect(worse.headline).toBe(
      'The untuned prompt beats the tuned prompt by 25 points on 120 test rows: its vectors made it worse',
    );
    const open = against({ '111': 50, '011': 30, '010': 16, '001': 6, '101': 2, '000': 16 });
    expect(open.headline).toContain('The tuned prompt beats your prompt');
    expect(open.detail).toContain(
      'Training itself added nothing clear. The untuned prompt, the same text without vectors, reaches 73.3%',
    );
    const real = against({ '111': 40, '011': 5, '010': 48, '001': 4, '101': 2, '000': 21 });
    expect(real.detail).toMatch(/Training itself added 35 points, probably between 2\d and 4\d points/);
  });

  it('the text alone does as well: says what its lead is not clear over', () => {
    const v = verdict({ '1111': 50, '0111': 30, '0110': 9, '0101': 4, '0011': 4, '0001': 8, '1000': 4, '0000': 11 }, [
      'untuned',
      'probe',
    ]);
    expect(v.kind).toBe('text-does-as-well');
    expect(v.detail).toMatch(/Its lead over a linear probe \(.+\) is not clear on these rows\./);
  });

  it('says what the tuned prompt gained over the version in production, with the rows that were added since', () => {
    const of = (counts: Readonly<Record<string, number>>, addedRows: number) => {
      const rights = patterned(counts);
      const gold = alternating(120);
      const arms = ['yours', 'tuned', 'run-r1'].map((id, i) =>
        armOf(id, i === 0 ? 'zero-shot' : 'tuned', gold, rights[i] ?? [], 2, { name: id }),
      );
      const pairs = [
        ['yours', 'tuned'],
        ['run-r1', 'tuned'],
      ] as const;
      const production = { arm: 'run-r1', name: 'tuned 1', addedRows };
      return compare({ ...planOf(gold, arms), pairs, production }, { draws: 50 }).verdict.detail;
    };
    expect(of({ '111': 60, '010': 30, '011': 4, '101': 3, '000': 23 }, 12)).toMatch(
      /Against the version in production \(tuned 1\), the tuned prompt is better by 23 points\. The gain is probably between \d+ and \d+ points \(p .*\)\. 12 training rows were added since\.$/,
    );
    expect(of({ '111': 60, '001': 30, '010': 3, '000': 27 }, 1)).toMatch(
      /the tuned prompt is worse by 23 points\. .+ 1 training row was added since\./,
    );
    expect(of({ '111': 80, '010': 6, '001': 5, '011': 20, '000': 9 }, 0)).toMatch(
      /Against the version in production \(tuned 1\), the tuned prompt is not clearly better or worse\. The difference is 0\.8 points, probably between −/,
    );
  });

  it('counts how often the test rows were used', () => {
    expect(verdict({ '11': 76, '01': 22, '10': 5, '00': 17 }, [], { looks: 4 }).detail).toContain(
      'used 4 times: each use makes a lucky result more likely',
    );
  });

  it('never calls three rows a win, and never says winner', () => {
    const v = verdict({ '01': 3 }, [], { majority: false });
    expect(v.kind).toBe('no-clear-difference');
    expect(JSON.stringify(v)).not.toMatch(/winner/i);
  });

  it('speaks of no tuning where nothing was tuned', () => {
    const rights = patterned({ '11': 70, '10': 20, '01': 2, '00': 28 });
    const gold = alternating(120);
    const arms = [
      armOf('untuned', 'untuned', gold, rights[0] ?? [], 2, { name: 'Untuned prompt' }),
      armOf('yours', 'zero-shot', gold, rights[1] ?? [], 2, { name: 'Your prompt' }),
    ];
    const v = compare(planOf(gold, arms, { pairs: [['untuned', 'yours']] }), { draws: 50 }).verdict;
    expect(v.headline).toBe('The untuned prompt beats your prompt by 15 points on 120 test rows');
    expect(v.detail).not.toMatch(/[Tt]uning|training/);
  });

  it('without both arms there is nothing to compare', () => {
    const gold = alternating(10);
    const plan = planOf(gold, [armOf('yours', 'zero-shot', gold, [])], { pairs: [] });
    expect(compare(plan).verdict.headline).toBe('Nothing to compare yet');
  });
});

/**
 * docs/method/training.md's table as arms: accuracies of its columns, rows drawn with a shared difficulty so that arms agree as often
 * as prompts of one model do. Seeded; several seeds, since a story must not hang on one draw.
 */
describe('the three stories of docs/method/training.md', () => {
  const story = (
    seed: number,
    n: number,
    classes: number,
    accuracies: { yours: number; tuned: number; few: number; words: number; majority: number },
  ) => {
    const rng = createRng(seed);
    const gold = Array.from({ length: n }, (_, i) => (i < accuracies.majority * n ? 0 : 1 + (i % (classes - 1))));
    const difficulty = gold.map(() => rng.normal());
    // Right on the easiest share of the rows, as this arm sees them; words see them their own way.
    const right = (accuracy: number, shared: number) => {
      const seen = difficulty.map((d) => shared * d + Math.sqrt(1 - shared ** 2) * rng.normal());
      const limit = [...seen].sort((a, b) => a - b)[Math.round(accuracy * n) - 1] as number;
      return seen.map((d) => d <= limit);
    };
    const arms = [
      armOf('yours', 'zero-shot', gold, right(accuracies.yours, 0.8), classes, { name: 'Your prompt' }),
      armOf('tuned', 'tuned', gold, right(accuracies.tuned, 0.8), classes, { name: 'Tuned prompt' }),
      armOf('yours-8', 'few-shot', gold, right(accuracies.few, 0.8), classes, { name: 'Your prompt + 8 examples' }),
      wordsArm(armOf('tfidf', 'reference', gold, right(accuracies.words, 0.4), classes).logProbs),
      majorityArm(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].slice(0, classes), gold, n),
    ];
    const plan = planOf(gold, arms, { labels: ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].slice(0, classes) });
    return compare(plan, { draws: 20 }).verdict.kind;
  };
  const seeds = [1, 2, 3, 4, 5];

  it.each(seeds)('tweets: tuning wins (seed %i)', (seed) => {
    expect(story(seed, 400, 3, { yours: 0.468, tuned: 0.642, few: 0.52, words: 0.46, majority: 0.463 })).toBe(
      'tuned-better',
    );
  });

  it.each(seeds)('sst2: eight calibrated examples do as well (seed %i)', (seed) => {
    const kind = story(seed, 400, 2, { yours: 0.765, tuned: 0.846, few: 0.86, words: 0.655, majority: 0.505 });
    expect(kind).toBe('examples-do-as-well');
  });

  it.each(seeds)('intents: a bag of words does as well (seed %i)', (seed) => {
    const kind = story(seed, 300, 8, { yours: 0.837, tuned: 0.933, few: 0.743, words: 0.957, majority: 0.133 });
    expect(kind).toBe('words-do-as-well');
  });
});

it.each([
  [0.03, 0.36, 'this pair’s interval taken alone, between 3 and 36 points, does not count the other comparisons'],
  [-0.1, 0.2, 'the true difference is probably between −10 and 20 points'],
])('an unclear difference with an interval from %d to %d never reads as proof', (low, high, words) => {
  expect(unclearSpread({ ci95: { low, high } })).toBe(words);
});
