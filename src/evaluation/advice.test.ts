import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createRng } from '../lib/rng';
import type { RunFacts } from './advice';
import { cardOf, type VerdictCard } from './card';
import { compare } from './classify/compare';
import { majorityArm, PROBE, WORDS } from './classify/made-arms';
import { alternating, armOf, patterned, planOf } from './test-support';
import type { ArmOutcome, ComparisonPlan } from './types';

/** A simulation counts actions, and none of them depends on how many rows would settle it: that search is 4/5 of its time. */
const power = vi.hoisted(() => ({ isSkipped: false }));
vi.mock('../metrics/power', async (original) => {
  const real = await original<typeof import('../metrics/power')>();
  return {
    ...real,
    rowsToSettle: (...given: Parameters<typeof real.rowsToSettle>) =>
      power.isSkipped ? 1000 : real.rowsToSettle(...given),
  };
});

type Role = 'untuned' | 'few' | 'words' | 'probe' | 'hybrid' | 'policy' | 'combined';

const made: Readonly<Record<Role, (gold: readonly number[], right: readonly boolean[]) => ArmOutcome>> = {
  untuned: (gold, right) => armOf('untuned', 'untuned', gold, right, 2, { name: 'Untuned prompt', tokensSentMean: 22 }),
  few: (gold, right) =>
    armOf('yours-8', 'few-shot', gold, right, 2, { name: 'Your prompt + 8 examples', tokensSentMean: 310 }),
  words: (gold, right) => armOf(WORDS, 'reference', gold, right, 2, { name: 'TF-IDF' }),
  probe: (gold, right) => armOf(PROBE, 'reference', gold, right, 2, { name: 'Linear probe' }),
  hybrid: (gold, right) =>
    armOf('hybrid', 'hybrid', gold, right, 2, { name: 'Your prompt + vectors', tokensSentMean: 54 }),
  combined: (gold, right) =>
    armOf('combined', 'combined', gold, right, 2, { name: 'Tuned + word counts + probe', tokensSentMean: 53 }),
  policy: (gold, right) => armOf('hand-2', 'zero-shot', gold, right, 2, { name: 'The whole policy' }),
};

/** The pairs of `armsOf` in src/prompt-set/arms.ts, of the arms that there are. */
const PAIRS = [
  ['yours', 'tuned'],
  ['hand-2', 'tuned'],
  ['yours-8', 'tuned'],
  ['untuned', 'tuned'],
  ['untuned', 'yours'],
  ['yours', 'hybrid'],
  ['tuned', 'hybrid'],
  ['tuned', 'combined'],
] as const;

function planFrom(rights: readonly (readonly boolean[])[], roles: readonly Role[]): ComparisonPlan {
  const gold = alternating(rights[0]?.length ?? 0);
  const arms = [
    armOf('yours', 'zero-shot', gold, rights[0] ?? [], 2, { name: 'Your prompt', tokensSentMean: 46 }),
    armOf('tuned', 'tuned', gold, rights[1] ?? [], 2, { name: 'Tuned prompt', tokensSentMean: 31 }),
    ...roles.map((role, i) => made[role](gold, rights[i + 2] ?? [])),
    majorityArm(['negative', 'positive'], gold, gold.length),
  ];
  const ids = new Set(arms.map(({ id }) => id));
  return planOf(gold, arms, { pairs: PAIRS.filter((pair) => pair.every((id) => ids.has(id))) });
}

/** Arms by right/wrong patterns over the rows, in the order yours, tuned, then those named. @param rows of the file */
function recommended(
  counts: Readonly<Record<string, number>>,
  roles: readonly Role[] = [],
  { stillFalling = false, ...more }: Partial<RunFacts> & { readonly rows?: number } = {},
): VerdictCard {
  const { rows, ...facts } = more;
  const made = planFrom(patterned(counts), roles);
  const plan = rows === undefined ? made : { ...made, file: { rows, trials: rows } };
  const found = cardOf(
    { kind: 'classify', plan, comparison: compare(plan, { draws: 50 }) },
    { stillFalling, ...facts },
  );
  if (!found) throw new Error('nothing is recommended');
  return found;
}

const CHECK = 'Check the labels before you use a prompt';

describe('the recommendation after a comparison', () => {
  it('ships the tuned prompt where it clearly beats the hand-written ones', () => {
    const clear = recommended({ '111': 60, '011': 10, '010': 26, '101': 4, '000': 20 }, ['untuned']);
    expect(clear).toMatchObject({ action: 'ship', armId: 'tuned', title: 'Use the tuned prompt' });
    const found = recommended({ '111': 60, '011': 24, '010': 12, '101': 4, '000': 20 }, ['untuned']);
    expect(found).toMatchObject({ action: 'ship', armId: 'tuned' });
    expect(found.title).toBe('Use the tuned prompt: level with the untuned prompt, with more tokens');
    expect(found.why).toContain('clearly better than every prompt written by hand');
    expect(found.why).toContain('the vectors themselves added nothing clear');
  });

  it('ships nothing that does not clearly beat one answer for every row: it asks for the rows that would settle it', () => {
    const found = recommended({ '11': 20, '01': 42, '00': 48 });
    expect(found).toMatchObject({ action: 'label-more', armId: 'tuned' });
    expect(found.title).toMatch(/^Label about [\d,]+ more test rows before you use the tuned prompt$/);
    expect(found.why).toContain('clearly better than every prompt written by hand');
    expect(found.why).toMatch(/not clearly better than always giving one answer\. That would settle it/);
  });

  it('sends to the labels where what would be shipped is not even ahead of one answer for every row', () => {
    const found = recommended({ '111': 12, '011': 36, '010': 10, '001': 18, '000': 44 }, ['words']);
    expect(found).toMatchObject({ action: 'check-labels', armId: 'tuned', title: CHECK });
    expect(found.why).toContain('The tuned prompt is not clearly better than always giving one answer.');
  });

  it('keeps the version in production where that clearly beats the tuned prompt', () => {
    const rights = patterned({ '111': 60, '011': 30, '001': 24, '010': 2, '000': 4 });
    const gold = alternating(120);
    const arms = ['yours', 'tuned', 'run-r1'].map((id, i) =>
      armOf(id, i === 0 ? 'zero-shot' : 'tuned', gold, rights[i] ?? [], 2, { name: id }),
    );
    const plan = planOf(gold, arms, {
      pairs: [
        ['yours', 'tuned'],
        ['run-r1', 'tuned'],
      ],
    });
    const of = (more: Partial<ComparisonPlan>) =>
      cardOf(
        { kind: 'classify', plan: { ...plan, ...more }, comparison: compare(plan, { draws: 50 }) },
        { stillFalling: false },
      );
    expect(of({})).toMatchObject({ action: 'ship', armId: 'tuned' });
    const production = { arm: 'run-r1', name: 'tuned 1', addedRows: 3 };
    expect(of({ production })?.chips[3]).toMatchObject({
      label: 'Against production',
      tone: 'loss',
      detail: expect.stringMatching(
        /against the version in production \(tuned 1\) \(p .*\); 3 training rows added since$/,
      ),
    });
    expect(of({})?.chips).toHaveLength(3);
    expect(of({ production })).toMatchObject({
      action: 'keep',
      armId: 'run-r1',
      title: 'Keep using the version in production (tuned 1)',
    });
  });

  it('ships your prompt with vectors where it beats both prompts that it is made of', () => {
    const found = recommended({ '111': 50, '011': 12, '001': 30, '101': 3, '010': 2, '000': 23 }, ['hybrid']);
    expect(found).toMatchObject({ action: 'ship', armId: 'hybrid', title: 'Use your prompt with vectors' });
    expect(found.chips[0].detail).toContain('against your prompt');
  });

  it('ships several as one only where they clearly beat what it would choose without them', () => {
    const clear = { '111': 50, '011': 26, '001': 24, '110': 2, '101': 3, '000': 15 };
    const found = recommended(clear, ['combined']);
    expect(found).toMatchObject({
      action: 'ship',
      armId: 'combined',
      title: 'Use “Tuned + word counts + probe”',
      why: 'It is clearly better than the tuned prompt, the best choice without it.',
      change: { from: 'yours', to: 'combined' },
    });
    expect(found.chips[0].detail).not.toContain('53');
    const ahead = { '111': 50, '011': 30, '001': 8, '110': 5, '101': 3, '000': 24 };
    expect(recommended(ahead, ['combined'])).toMatchObject({ action: 'ship', armId: 'tuned' });
    // the probe alone has them right too, so it is what they would have to beat
    const alone = { '1111': 30, '0011': 34, '0111': 6, '1000': 6, '0001': 4, '0000': 40 };
    expect(recommended(alone, ['probe', 'combined'])).toMatchObject({ action: 'probe', armId: 'yours' });
  });

  it('uses examples where they clearly beat training', () => {
    const found = recommended({ '111': 60, '001': 30, '011': 8, '101': 5, '000': 17 }, ['few']);
    expect(found).toMatchObject({ action: 'ship', armId: 'yours-8', title: 'Use your prompt with eight examples' });
    expect(found.chips[2]).toMatchObject({ value: '264 tokens more', tone: 'loss' });
    expect(found.change).toEqual({ from: 'yours', to: 'yours-8', comparisons: 3 });
  });

  it('says in the title where examples are level, however they lead, and ships what costs fewer tokens', () => {
    const found = recommended({ '111': 76, '011': 20, '101': 5, '010': 2, '000': 17 }, ['few']);
    expect(found).toMatchObject({
      action: 'ship',
      armId: 'tuned',
      title: 'Use the tuned prompt: level with your prompt with eight examples, at 10% of the tokens',
    });
    expect(found.level).toMatch(
      /Your prompt with eight examples is level with it on these rows, and may be up to \d+(\.\d)? points ahead\. Of prompts that are level, the one that sends the fewest tokens is recommended/,
    );
  });

  it('keeps the version in production where the tuned prompt is level with it, and says so', () => {
    const rights = patterned({ '111': 60, '011': 30, '001': 6, '010': 4, '000': 20 });
    const gold = alternating(120);
    const arms = ['yours', 'tuned', 'run-r1'].map((id, i) =>
      armOf(id, i === 0 ? 'zero-shot' : 'tuned', gold, rights[i] ?? [], 2, { name: id }),
    );
    const plan = planOf(gold, arms, {
      pairs: [
        ['yours', 'tuned'],
        ['run-r1', 'tuned'],
      ],
    });
    const of = (more: Partial<ComparisonPlan>) =>
      cardOf(
        { kind: 'classify', plan: { ...plan, ...more }, comparison: compare(plan, { draws: 50 }) },
        { stillFalling: false },
      );
    expect(of({})).toMatchObject({ action: 'ship', title: 'Use the tuned prompt: level with “run-r1”' });
    expect(of({ production: { arm: 'run-r1', name: 'tuned 1', addedRows: 0 } })).toMatchObject({
      action: 'keep',
      title: 'Keep using the version in production (tuned 1): level with the tuned prompt',
    });
  });

  it('keeps yours where it beats the tuned prompt, and names the hand-written one that does', () => {
    expect(recommended({ '11': 70, '10': 22, '01': 5, '00': 23 })).toMatchObject({ action: 'keep', armId: 'yours' });
    expect(recommended({ '111': 50, '011': 3, '001': 30, '101': 5, '000': 12 }, ['policy'])).toMatchObject({
      action: 'keep',
      armId: 'hand-2',
      title: 'Keep using “The whole policy”',
    });
  });

  it('counts words where they do as well', () => {
    const found = recommended({ '111': 150, '011': 60, '101': 3, '001': 17, '010': 5, '000': 5 }, ['words']);
    expect(found).toMatchObject({ action: 'count-words', armId: WORDS, title: 'Use word counts' });
    expect(found.chips[2]).toMatchObject({ value: '0 tokens', detail: 'No model is asked; your prompt sends 46' });
  });

  it('saves the probe, or tries other answer words, where it beats every prompt; yours stays until then', () => {
    const found = recommended({ '111': 40, '001': 30, '010': 4, '100': 4, '000': 22 }, ['probe']);
    expect(found).toMatchObject({ action: 'probe', armId: 'yours' });
    expect(found.title).toBe('Save the linear probe as a version, or try other answer words');
    expect(found.why).toContain('Keep using your prompt until then.');
  });

  const UNCLEAR = { '11': 80, '01': 14, '10': 7, '00': 19 };

  it('asks for the rows that would settle it, and keeps yours until then', () => {
    const found = recommended(UNCLEAR);
    expect(found).toMatchObject({ action: 'label-more', armId: 'yours' });
    expect(found.title).toMatch(/^Label about [\d,]+ more test rows$/);
    expect(found.why).toContain('Keep using your prompt until then');
  });

  it('asks for no more rows than the file has: a difference that needs more is too small to matter', () => {
    expect(recommended(UNCLEAR, [], { rows: 2000 }).action).toBe('label-more');
    const found = recommended(UNCLEAR, [], { rows: 266 });
    expect(found).toMatchObject({ action: 'keep', armId: 'yours' });
    expect(found.why).toContain('too small to matter at this size');
  });

  it('has every row checked where the rows that are there would settle it, and says how long and what that shows', () => {
    const found = recommended(UNCLEAR, [], { rows: 2000, everyRowSeconds: 360 });
    expect(found).toMatchObject({ action: 'every-row', armId: 'yours' });
    expect(found.title).toMatch(/^Check every row, about 6 min: shows gains above \d points$/);
    expect(found.why).toContain('Keep using your prompt until then');
    expect(recommended(UNCLEAR, [], { rows: 2000, everyRowSeconds: null }).title).toMatch(/^Check every row: shows/);
    // enough to label, and too few for a cross-validation
    expect(recommended(UNCLEAR, [], { rows: 500, everyRowSeconds: 360 }).action).toBe('label-more');
  });

  it('has every row checked before a prompt is shipped that does not clearly beat one answer for every row', () => {
    const found = recommended({ '11': 20, '01': 42, '00': 48 }, [], { rows: 5000, everyRowSeconds: 90 });
    expect(found).toMatchObject({ action: 'every-row', armId: 'tuned' });
    expect(found.title).toMatch(/^Check every row, about 2 min: shows/);
  });

  it('trains longer before it asks for rows, where the loss was still falling', () => {
    expect(recommended(UNCLEAR, [], { stillFalling: true })).toMatchObject({ action: 'train-longer', armId: 'yours' });
  });

  it('keeps yours where no realistic number of rows would show a difference', () => {
    expect(recommended({ '11': 80, '01': 10, '10': 10, '00': 20 })).toMatchObject({ action: 'keep', armId: 'yours' });
  });

  it('keeps yours where the tuned prompt is behind, instead of asking for rows that show how far', () => {
    const found = recommended({ '11': 80, '01': 7, '10': 14, '00': 19 });
    expect(found).toMatchObject({ action: 'keep', armId: 'yours' });
    expect(found.why).toContain('not ahead of it');
  });

  it('has the labels checked, and no prompt used, where nothing beats the most frequent label', () => {
    const found = recommended({ '11': 30, '01': 21, '10': 20, '00': 29 });
    expect(found).toMatchObject({ action: 'check-labels', armId: 'yours' });
    expect(found.why).toContain('try another');
  });

  it('has nothing to say without two arms', () => {
    const plan = planOf([0, 1], [armOf('yours', 'zero-shot', [0, 1], [true, true])], { pairs: [] });
    expect(
      cardOf({ kind: 'classify', plan, comparison: compare(plan, { draws: 50 }) }, { stillFalling: false }),
    ).toBeNull();
  });
});

describe('its three figures', () => {
  const { chips } = recommended({ '1111': 50, '0110': 30, '0100': 12, '1011': 4, '0000': 24 }, ['few', 'untuned']);

  it('say what training itself added, with an interval and a corrected p', () => {
    expect(chips[0]).toMatchObject({ id: 'training', label: 'Training itself', tone: 'gain' });
    expect(chips[0].value).toMatch(/^\+\d+ points$/);
    expect(chips[0].detail).toMatch(
      /^Probably \d+ to \d+ points against the untuned prompt \(p < 0\.0001, corrected for 4 comparisons\)$/,
    );
  });

  it('set the tuned prompt against the best hand-written one, examples included', () => {
    expect(chips[1].label).toBe('Against hand-written prompts');
    expect(chips[1].detail).toContain('against your prompt with eight examples');
  });

  it('say what a row costs', () => {
    expect(chips[2]).toMatchObject({
      value: '15 tokens fewer',
      detail: '31 tokens with the tuned prompt, 46 with your prompt',
    });
  });

  it.each([
    [
      'the same number of',
      { '010': 4, '001': 4 },
      'untuned',
      'Use',
      ': level with the tuned prompt, at 71% of the tokens',
    ],
    ['a few fewer', { '010': 8, '001': 6 }, 'untuned', 'Use', ': level with the tuned prompt, at 71% of the tokens'],
    ['many more', { '010': 4, '001': 24 }, 'untuned', 'Use', ''],
    [
      'five in a hundred fewer, which may be chance',
      { '010': 14, '001': 6 },
      'tuned',
      'Use',
      ': level with the untuned prompt, with more tokens',
    ],
    ['clearly fewer', { '010': 24, '001': 4 }, 'tuned', 'Use', ''],
  ])('recommend the text alone where it is right on %s rows', (_, differ, armId, verb, level) => {
    const found = recommended({ '111': 60, '011': 30, '100': 2, '000': 2, ...differ }, ['untuned']);
    expect(found).toMatchObject({ action: 'ship', armId, title: `${verb} the ${armId} prompt${level}` });
    expect(found.chips[0].label).toBe('Training itself');
    expect(found.chips[2].detail).toMatch(
      new RegExp(`^${armId === 'tuned' ? 31 : 22} tokens with the ${armId} prompt`),
    );
  });

  it('recommend no text alone that is not clearly better than yours, or that examples clearly beat', () => {
    const few = recommended({ '1111': 60, '0111': 20, '0001': 40, '0000': 20 }, ['untuned', 'few']);
    expect(few).toMatchObject({ action: 'ship', armId: 'yours-8' });
    expect(recommended({ '111': 60, '011': 4, '100': 2, '000': 40 }, ['untuned'])).not.toMatchObject({
      action: 'ship',
    });
  });

  it('keep the version in production where that clearly beats the text alone', () => {
    const rights = patterned({ '1111': 40, '0111': 30, '0001': 30, '0000': 20 });
    const gold = alternating(120);
    const kinds = { yours: 'zero-shot', tuned: 'tuned', untuned: 'untuned', 'run-r1': 'tuned' } as const;
    const arms = Object.entries(kinds).map(([id, kind], i) => armOf(id, kind, gold, rights[i] ?? [], 2, { name: id }));
    const production = { arm: 'run-r1', name: 'tuned 1', addedRows: 0 };
    const plan = planOf(gold, arms, { pairs: [...PAIRS.slice(0, 1), ['untuned', 'tuned'], ['run-r1', 'tuned']] });
    const of = (given: ComparisonPlan) =>
      cardOf({ kind: 'classify', plan: given, comparison: compare(plan, { draws: 50 }) }, { stillFalling: false });
    expect(of(plan)).toMatchObject({ action: 'ship', armId: 'untuned' });
    expect(of({ ...plan, production })).toMatchObject({ action: 'keep', armId: 'run-r1' });
  });

  it('call nothing a gain that the corrected p does not carry', () => {
    // alone p = 0.031; of three comparisons 0.092
    const found = recommended({ '111': 60, '011': 18, '101': 6, '010': 2, '100': 2, '000': 32 }, ['untuned']);
    expect(found.chips[1].tone).toBe('unclear');
    expect(found.chips[1].detail).toMatch(/^Not clear: .+ corrected for 3 comparisons\)$/);
  });
});

/** Where a share of the standard normal is below: arms are right on rows whose difficulty, as they see it, is below it. */
const BELOW = { '75%': 0.6745, '60%': 0.2533, '50%': 0 } as const;
type Share = keyof typeof BELOW;

const REFERENCED = ['untuned', 'few', 'words', 'probe', 'hybrid'] as const;

/** Prompts that are right on the same share of rows, and word counts; they share difficulty, so they agree as prompts of one model do. */
function nullPlan(seed: number, rows: number, prompts: Share, words: Share): ComparisonPlan {
  const rng = createRng(seed);
  const difficulty = Array.from({ length: rows }, () => rng.normal());
  const right = (share: Share) => difficulty.map((d) => 0.8 * d + 0.6 * rng.normal() <= BELOW[share]);
  const arms = ['yours', 'tuned', ...REFERENCED].map((role) => right(role === 'words' ? words : prompts));
  return planFrom(arms, REFERENCED);
}

const ROWS = 160;

/** How often each action is recommended. */
function simulated(count: number, prompts: Share, words: Share): Readonly<Record<string, number>> {
  const seen: Record<string, number> = {};
  for (let seed = 1; seed <= count; seed++) {
    const plan = nullPlan(seed, ROWS, prompts, words);
    const found = cardOf({ kind: 'classify', plan, comparison: compare(plan, { draws: 2 }) }, { stillFalling: false });
    if (found) seen[found.action] = (seen[found.action] ?? 0) + 1;
  }
  return seen;
}

describe(`simulated, where no prompt differs from another on ${ROWS} rows`, () => {
  beforeAll(() => {
    power.isSkipped = true;
  });
  afterAll(() => {
    power.isSkipped = false;
  });

  it.each([
    [1000, 'word counts are as good as every prompt', '75%', '75%'],
    [200, 'all prompts are right on 75%, word counts on 60%', '75%', '60%'],
    [200, 'nothing is better than the most frequent label', '50%', '50%'],
  ] as const)('recommends a change in at most 5 of 100, simulated %i times: %s', (count, _, prompts, words) => {
    const { ship = 0, probe = 0, 'count-words': counts = 0, ...same } = simulated(count, prompts, words);
    expect((ship + probe + counts) / count).toBeLessThanOrEqual(0.05);
    expect(Object.values(same).reduce((sum, n) => sum + n, ship + probe + counts)).toBe(count);
  });
});
