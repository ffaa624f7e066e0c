import { describe, expect, it } from 'vitest';
import { cardOf } from './card';
import { compare } from './classify/compare';
import { majorityArm, WORDS } from './classify/made-arms';
import { compareTexts } from './generate/compare';
import { alternating, armOf, patterned, planOf } from './test-support';
import type { ArmKind, GenerateOutcome } from './types';

const FACTS = { stillFalling: false };

/** Yours, Tuned, Untuned and word counts, by right/wrong patterns over the rows. */
function labels(counts: Readonly<Record<string, number>>) {
  const rights = patterned(counts);
  const gold = alternating(rights[0]?.length ?? 0);
  const arm = (i: number, id: string, kind: ArmKind, name: string) =>
    armOf(id, kind, gold, rights[i] ?? [], 2, { name, tokensSentMean: 30 });
  const arms = [
    arm(0, 'yours', 'zero-shot', 'Your prompt'),
    arm(1, 'tuned', 'tuned', 'Tuned prompt'),
    arm(2, 'untuned', 'untuned', 'Untuned prompt'),
    arm(3, WORDS, 'reference', 'Word counts'),
    majorityArm(['negative', 'positive'], gold, gold.length),
  ];
  const plan = planOf(gold, arms, {
    pairs: [
      ['yours', 'tuned'],
      ['untuned', 'tuned'],
      ['untuned', 'yours'],
    ],
  });
  const card = cardOf({ kind: 'classify', plan, comparison: compare(plan, { draws: 50 }) }, FACTS);
  if (!card) throw new Error('there is no card');
  return card;
}

describe('the card of a comparison of labels', () => {
  const card = labels({ '1110': 50, '0110': 30, '0101': 12, '1010': 4, '0000': 14 });

  it('sorts every prompt by accuracy and sets it against the recommended one', () => {
    expect(card).toMatchObject({ action: 'ship', armId: 'tuned', arm: 'the tuned prompt' });
    expect(card.arms.map(({ value }) => value)).toEqual(card.arms.map(({ value }) => value).toSorted((a, b) => b - a));
    expect(card.arms.filter(({ gap }) => gap === null).map(({ id }) => id)).toEqual(['tuned']);
    const yours = card.arms.find(({ id }) => id === 'yours');
    expect(yours?.gap?.difference).toBeCloseTo(-38 / 110);
    expect(yours?.gap?.ci95?.high).toBeLessThan(0);
    expect(yours?.gap).toMatchObject({ isClear: true });
  });

  it('counts only the gaps that the corrected p carries', () => {
    expect(card.arms.find(({ id }) => id === 'untuned')?.gap?.isClear).toBe(false);
    expect(card.finding).toBe('The tuned prompt is clearly ahead of 3 of 4 others');
  });

  it('shows no gap as clear whose interval leaves out 0 but whose corrected p does not', () => {
    const { arms } = labels({ '1110': 60, '0110': 8, '0100': 12, '1010': 3, '1000': 5, '0000': 32 });
    const tuned = arms.find(({ id }) => id === 'tuned');
    expect(tuned?.gap?.ci95?.low).toBeGreaterThan(0);
    expect(tuned?.gap?.p).toBeGreaterThan(0.05);
    expect(tuned?.gap?.isClear).toBe(false);
  });

  it('says why references are not recommended that are clearly ahead of the prompt that is kept', () => {
    const { action, armId, caution, finding } = labels({
      '1111': 20,
      '0111': 3,
      '1010': 3,
      '0001': 30,
      '0000': 64,
    });
    expect({ action, armId }).toEqual({ action: 'check-labels', armId: 'yours' });
    expect(caution).toMatch(
      /^A word-count classifier and always “negative” are clearly ahead of your prompt on these rows\. The advice is among prompts; these references show/,
    );
    expect(finding).toBe('A word-count classifier and always “negative” are clearly ahead of your prompt');
  });

  it('asks nobody to choose a prompt that beats yours but not one answer for every row', () => {
    const { action, caution } = labels({ '1111': 20, '0111': 3, '0100': 30, '0001': 37, '0000': 30 });
    expect(action).toBe('check-labels');
    expect(caution).toContain(
      'The tuned prompt is clearly ahead of your prompt on these rows. It does not clearly beat always giving one answer.',
    );
    expect(caution).not.toContain('choose');
  });

  it('says where the prompt that is kept is not clearly better than one answer for every row', () => {
    const { action, why } = labels({ '1111': 30, '1010': 12, '0101': 8, '0001': 8, '0000': 22 });
    expect(action).toBe('keep');
    expect(why).toContain('Your prompt is not clearly better than always giving one answer.');
    expect(card.why).not.toContain('always giving one answer');
  });

  it('is null where the plan has no pair', () => {
    const plan = planOf([0, 1], [armOf('yours', 'zero-shot', [0, 1], [true, true])], { pairs: [] });
    expect(cardOf({ kind: 'classify', plan, comparison: compare(plan, { draws: 10 }) }, FACTS)).toBeNull();
  });
});

const wanted = Array.from({ length: 40 }, (_, i) => `order ${i} is late and the lamp broke`);

/** Texts of which a share in ten equals the expected one. */
function texts(shares: Readonly<Record<string, number>>, pairs: readonly (readonly [string, string])[], facts = FACTS) {
  const kinds: Readonly<Record<string, ArmKind>> = { yours: 'zero-shot', 'yours-3': 'few-shot', tuned: 'tuned' };
  const arms = Object.entries(shares).map(
    ([id, near]): GenerateOutcome => ({
      id,
      name: id,
      kind: kinds[id] ?? 'untuned',
      ...(id === 'yours-3' && { added: 3 }),
      written: wanted.map((text, i) => (i % 10 < near ? text : 'nothing close')),
      scores: wanted.map(() => ({ logProb: -20, tokens: 10 })),
      tokensSentMean: id === 'tuned' ? 20 : 30,
    }),
  );
  const plan = { rowIds: wanted, wanted, arms, pairs, looks: 1, seed: 0 };
  return cardOf({ kind: 'generate', plan, comparison: compareTexts(plan, { draws: 200 }) }, facts);
}

const PAIRS = [
  ['yours', 'tuned'],
  ['yours-3', 'tuned'],
  ['untuned', 'tuned'],
] as const;

describe('the card of a comparison of generated texts', () => {
  it('ships the tuned prompt where its texts are clearly closer, with three figures', () => {
    const card = texts({ untuned: 1, yours: 2, 'yours-3': 4, tuned: 8 }, PAIRS);
    expect(card).toMatchObject({ action: 'ship', armId: 'tuned', finding: 'Tuned is clearly ahead of all 3 others' });
    expect(card?.chips.map(({ value }) => value)).toEqual([
      '+70 points of ROUGE-L',
      '+40 points of ROUGE-L',
      '10 tokens fewer',
    ]);
    expect(card?.chips[1]?.detail).toContain(
      'against your prompt with three examples (95% interval of this pair alone)',
    );
  });

  it('uses examples where they are clearly closer, and says where they are level', () => {
    expect(texts({ untuned: 1, yours: 2, 'yours-3': 9, tuned: 6 }, PAIRS)).toMatchObject({
      action: 'ship',
      armId: 'yours-3',
      title: 'Use your prompt with three examples',
    });
    expect(texts({ untuned: 1, yours: 2, 'yours-3': 8, tuned: 8 }, PAIRS)).toMatchObject({
      action: 'ship',
      armId: 'tuned',
      title: 'Use the tuned prompt: level with your prompt with three examples, at 67% of the tokens',
    });
  });

  it('keeps yours where nothing is clear, or trains longer where the loss was still falling', () => {
    const equal = { untuned: 4, yours: 5, 'yours-3': 5, tuned: 5 };
    expect(texts(equal, PAIRS)).toMatchObject({ action: 'keep', armId: 'yours', arm: 'your prompt' });
    expect(texts(equal, PAIRS, { stillFalling: true })).toMatchObject({ action: 'train-longer', armId: 'yours' });
  });

  it('keeps what is better where nothing was trained', () => {
    expect(texts({ untuned: 1, yours: 8 }, [['untuned', 'yours']])).toMatchObject({
      action: 'keep',
      armId: 'yours',
      chips: [{ detail: 'No prompt was trained' }, { detail: 'No prompt was trained' }, {}],
    });
  });
});
