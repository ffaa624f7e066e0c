import { describe, expect, it } from 'vitest';
import { alternating, armOf, patterned, planOf } from '../test-support';
import { corrected, correctionsOf, drawReview } from '../vote';
import { compare } from './compare';

const gold = alternating(120);
const [yours, tuned] = patterned({ '11': 76, '01': 22, '10': 5, '00': 17 }) as [boolean[], boolean[]];
const plan = planOf(gold, [armOf('yours', 'zero-shot', gold, yours), armOf('tuned', 'tuned', gold, tuned)]);
const { pairs } = compare(plan, { draws: 50 });
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
    expect(plan.gold[plan.rowIds.indexOf(first)]).toBe(at(first));
  });
});
