import { describe, expect, it, vi } from 'vitest';
import { unlikeTexts } from '../../dataset/test-support';
import type { Dataset } from '../../dataset/types';
import { createRng } from '../../lib/rng';
import { cardOf } from '../card';
import { rowGroups } from '../rows';
import { armOf, planOf } from '../test-support';
import type { ComparisonPlan } from '../types';
import { compare } from './compare';

/** A simulation counts findings, and none of them depends on how many rows would settle it: that search is 4/5 of its time. */
vi.mock('../../metrics/power', async (original) => ({
  ...(await original<typeof import('../../metrics/power')>()),
  rowsToSettle: () => 1000,
}));

/** What makes rows of a family alike. */
type Kind = 'same text' | 'near-twins' | 'group column';

interface Shape {
  readonly rows: number;
  readonly size: number;
  /** Share of the rows that are in families; the others are alone. */
  readonly share: number;
  readonly kind?: Kind;
}

const TEXTS = unlikeTexts(1000, 11);

/** Sizes of families, one after the other: of `size` rows. */
function familiesOf({ rows, size, share }: Shape): readonly number[] {
  const inFamilies = Math.round(rows * share);
  const sizes: number[] = [];
  for (let n = 0; n < inFamilies; n += sizes.at(-1) as number) sizes.push(Math.min(size, inFamilies - n));
  return [...sizes, ...new Array<number>(rows - inFamilies).fill(1)];
}

function testRows(shape: Shape): { readonly dataset: Dataset; readonly families: readonly number[] } {
  const { kind = 'near-twins' } = shape;
  let text = 0;
  const families = familiesOf(shape).flatMap((size, family) => new Array<number>(size).fill(family));
  const rows = families.map((family, i) => {
    const base = TEXTS[kind === 'group column' ? text++ : family] as string;
    const t = kind === 'near-twins' ? `${base} ${'again '.repeat(i % 20)}` : base;
    return { id: `${i}`, line: i, cells: { t, l: family % 2 === 0 ? 'a' : 'b', g: `${family}` } };
  });
  const dataset = {
    mapping: { text: 't', label: 'l', id: null, task: 'classify' },
    table: { rows },
    split: { train: [], validation: [], test: rows.map(({ id }) => id) },
    splitBy: kind === 'group column' ? { kind: 'group', column: 'g' } : { kind: 'seed' },
  } as unknown as Dataset;
  return { dataset, families };
}

/** Prompts that do not differ, each right on a whole family or on none of it. */
function nullPlan(seed: number, { dataset, families }: ReturnType<typeof testRows>): ComparisonPlan {
  const rng = createRng(seed);
  const gold = families.map((family) => family % 2);
  const count = 1 + (families.at(-1) ?? 0);
  const right = () => {
    const ofFamily = Array.from({ length: count }, () => rng.next() < 0.8);
    return families.map((family) => ofFamily[family] as boolean);
  };
  const arms = [armOf('yours', 'zero-shot', gold, right()), armOf('tuned', 'tuned', gold, right())];
  const groups = rowGroups(dataset, dataset.split.test);
  return planOf(gold, arms, { seed, ...(groups ? { groups } : {}) });
}

function simulated(shape: Shape, runs: number) {
  const rows = testRows(shape);
  const found = { ship: 0, below: 0 };
  for (let seed = 0; seed < runs; seed++) {
    const plan = nullPlan(seed, rows);
    const comparison = compare(plan, { draws: 20 });
    if (cardOf({ kind: 'classify', plan, comparison }, { stillFalling: false })?.action === 'ship') found.ship++;
    if ((comparison.pairs[0]?.metrics.accuracy.p ?? 1) < 0.05) found.below++;
  }
  return { ship: found.ship / runs, below: found.below / runs };
}

describe('prompts that do not differ, each right on a whole family or on none of it', () => {
  // 100 rows of near-twins shipped in 17 to 19 of 100 while they counted as rows, with p below 0.05 in 36 to 42
  it.each<Shape>([
    { rows: 20, size: 2, share: 1 },
    { rows: 100, size: 5, share: 0.85 },
    { rows: 100, size: 5, share: 1 },
    { rows: 100, size: 5, share: 1, kind: 'same text' },
    { rows: 100, size: 5, share: 0.85, kind: 'group column' },
    { rows: 100, size: 20, share: 0.5 },
    { rows: 400, size: 20, share: 1 },
    { rows: 500, size: 5, share: 0.85 },
  ])('are told apart in at most 5 of 100: $rows rows, $share of them in families of $size', (shape) => {
    const { ship, below } = simulated(shape, 200);
    expect(ship).toBeLessThanOrEqual(0.05);
    // of 200 that find 5%, fewer than 3 in 100 find more than 8%
    expect(below).toBeLessThanOrEqual(0.08);
  });
});

it('near-twins are one trial each, as rows of the same text and of the same customer are', () => {
  const groups = (kind: Kind) => {
    const { dataset } = testRows({ rows: 30, size: 3, share: 0.6, kind });
    return rowGroups(dataset, dataset.split.test);
  };
  const wanted = [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4, 5, 5, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17];
  for (const kind of ['near-twins', 'same text', 'group column'] as const) expect(groups(kind)).toEqual(wanted);
});
