import { describe, expect, it } from 'vitest';
import { createRng, type Rng } from '../../lib/rng';
import { answerDifferences } from '../sheets';
import type { AnswerSheet } from '../types';

const ROWS = 100;

/** Prompts that are right equally often, on rows that are easier or harder for all of them; families are right together. */
function equalPrompts(rng: Rng, prompts: number, family: number): readonly AnswerSheet<'classify'>[] {
  const groups = Array.from({ length: ROWS }, (_, i) => Math.floor(i / family));
  const ease = groups.map(() => 0.45 + 0.5 * rng.next());
  return Array.from({ length: prompts }, () => {
    const drawn = groups.map(() => rng.next());
    const right = groups.map((g) => (drawn[g] as number) < (ease[g] as number));
    return {
      kind: 'classify',
      labels: ['bad', 'good'],
      rowIds: groups.map((_, i) => `r${i}`),
      gold: groups.map(() => 0),
      probabilities: right.map((isRight) => (isRight ? [0.8, 0.2] : [0.2, 0.8])),
      groups: family === 1 ? null : groups,
      seed: 1,
    };
  });
}

const correct = ({ probabilities }: AnswerSheet<'classify'>) =>
  probabilities.filter(([first = 0]) => first > 0.5).length;

/** How often, among ten equal prompts, the best differs clearly from the worst, and any pair from 0 by its interval. */
function falsePairs(family: number, onShow: number): { readonly clear: number; readonly missed: number } {
  const draws = 150;
  const rng = createRng(9);
  let [clear, missed] = [0, 0];
  for (let d = 0; d < draws; d++) {
    const sheets = equalPrompts(rng, 10, family).toSorted((a, b) => correct(a) - correct(b));
    const pair = [sheets.at(0), sheets.at(-1)] as [AnswerSheet, AnswerSheet];
    const [found] = answerDifferences([pair], { draws: family === 1 ? 1 : 400, onShow });
    if (found?.finding !== 'unclear') clear++;
    if (found && (found.metrics.accuracy?.interval.low ?? 0) > 0) missed++;
  }
  return { clear: clear / draws, missed: missed / draws };
}

describe.each([1, 5])('the best and the worst of ten equal prompts, picked by eye (families of %i)', (family) => {
  it('differ clearly in at most 5% of matrices when all pairs on show are counted', () => {
    const { clear, missed } = falsePairs(family, 45);
    expect(clear).toBeLessThanOrEqual(0.05);
    expect(missed).toBeLessThanOrEqual(0.05);
  });

  it('would differ clearly in a quarter or more if only the picked pair were counted', () => {
    expect(falsePairs(family, 1).clear).toBeGreaterThan(0.25);
  });
});

it('still finds a prompt that is 30 points ahead among ten', () => {
  const sheets = equalPrompts(createRng(4), 9, 1);
  const worse = sheets[0] as AnswerSheet<'classify'>;
  const better = { ...worse, probabilities: worse.probabilities.map((row, i) => (i % 2 ? [0.9, 0.1] : row)) };
  const [found] = answerDifferences([[worse, better]], { onShow: 45, draws: 1 });
  const [alone] = answerDifferences([[worse, better]], { onShow: 1, draws: 1 });
  expect(found).toMatchObject({ finding: 'b-better', comparisons: 45 });
  expect(found?.pCorrected).toBeCloseTo(45 * (alone?.pCorrected ?? 1), 12);
  expect(found?.metrics.accuracy?.interval.low).toBeLessThan(alone?.metrics.accuracy?.interval.low ?? 0);
});
