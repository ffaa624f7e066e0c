import { describe, expect, it } from 'vitest';
import { signTest } from '../../metrics/mcnemar';
import { alternating, armOf, patterned, planOf } from '../test-support';
import { corrected, correctionsOf, drawBallots, drawReview, tally, tallySentence, type Vote } from '../vote';
import { compare } from './compare';

const gold = alternating(120);
const [yours, tuned] = patterned({ '11': 76, '01': 22, '10': 5, '00': 17 }) as [boolean[], boolean[]];
const plan = planOf(gold, [armOf('yours', 'zero-shot', gold, yours), armOf('tuned', 'tuned', gold, tuned)]);
const { arms, pairs } = compare(plan, { draws: 50 });
const pair = pairs[0] as (typeof pairs)[number];

describe('the draw of rows to review', () => {
  const drawn = drawReview(pair, 3);
  const of = (kind: readonly string[], ids = drawn) => ids.filter((id) => kind.includes(id)).length;

  it('takes equal numbers of fixed and broken rows, shuffled, and repeats for a seed', () => {
    expect([of(pair.fixed), of(pair.broken)]).toEqual([5, 5]);
    expect(new Set(drawn).size).toBe(10);
    expect(drawReview(pair, 3)).toEqual(drawn);
    expect(drawReview(pair, 4)).not.toEqual(drawn);
    const kinds = drawn.map((id) => pair.fixed.includes(id));
    expect(kinds).not.toEqual(kinds.toSorted());
  });

  it('draws no row where one kind is missing or was labelled already', () => {
    expect(drawReview({ fixed: pair.fixed, broken: [] }, 3)).toEqual([]);
    expect(drawReview(pair, 3, drawn)).toEqual([]);
    expect(of(pair.broken, drawReview(pair, 3, pair.broken.slice(0, 3)))).toBe(2);
  });
});

describe('corrections', () => {
  it('are answers that differ from the label, and change the figures as a count by hand has it', () => {
    const [first, second] = [pair.fixed[0] as string, pair.fixed[1] as string];
    const at = (id: string) => gold[plan.rowIds.indexOf(id)] as number;
    const answers = new Map([
      [first, 1 - at(first)],
      [second, at(second)],
    ]);
    const changes = correctionsOf(plan, answers);
    expect(changes).toEqual([{ rowId: first, from: at(first), to: 1 - at(first) }]);
    const after = compare(corrected(plan, changes, 2), { draws: 50 });
    // with two labels a fixed row whose label was wrong is a broken one
    expect(after.pairs[0]).toMatchObject({ aOnly: 6, bOnly: 21 });
    expect(after.looks).toBe(2);
    expect(plan.gold[plan.rowIds.indexOf(first)]).toBe(at(first));
  });
});

describe('votes', () => {
  const [a, b] = arms as [(typeof arms)[number], (typeof arms)[number]];
  const ballots = drawBallots(plan, a.predictions, b.predictions);

  it('are asked where the two differ, with sides that are shuffled row by row', () => {
    expect(ballots).toHaveLength(27);
    for (const { rowId, left, right, swapped } of ballots) {
      const i = plan.rowIds.indexOf(rowId);
      expect(swapped ? [right, left] : [left, right]).toEqual([a.predictions[i], b.predictions[i]]);
    }
    const swaps = ballots.filter(({ swapped }) => swapped).length;
    expect(swaps).toBeGreaterThan(5);
    expect(swaps).toBeLessThan(22);
    expect(drawBallots(plan, a.predictions, b.predictions)).toEqual(ballots);
  });

  const votes = (counts: Readonly<Record<Vote['choice'], number>>): Vote[] =>
    Object.entries(counts).flatMap(([choice, n]) =>
      Array.from({ length: n }, (_, i) => ({ rowId: `${choice}${i}`, choice: choice as Vote['choice'] })),
    );

  it('are counted with ties apart', () => {
    const found = tally(votes({ a: 1, b: 7, tie: 4, 'both-bad': 2 }));
    expect(found).toMatchObject({ a: 1, b: 7, ties: 4, bothBad: 2, winRate: 7 / 8, p: signTest(7, 1) });
    expect(found.ci95.low).toBeCloseTo(0.5291, 4);
    expect(tallySentence(found, 'Yours', 'Tuned')).toBe(
      'No clear preference. Tuned won 7 of 8 decided votes, 87.5% (52.9% to 97.8%); sign test p = 0.070.',
    );
    expect(tallySentence(tally(votes({ a: 0, b: 9, tie: 0, 'both-bad': 0 })), 'Yours', 'Tuned')).toMatch(
      /^You prefer Tuned\. Tuned won 9 of 9/,
    );
    expect(tallySentence(tally(votes({ a: 9, b: 0, tie: 0, 'both-bad': 0 })), 'Yours', 'Tuned')).toMatch(
      /^You prefer Yours\. Tuned won 0 of 9/,
    );
    expect(tallySentence(tally(votes({ a: 0, b: 0, tie: 3, 'both-bad': 0 })), 'Yours', 'Tuned')).toContain(
      'No vote chose one',
    );
  });
});
