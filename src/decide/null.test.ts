import { describe, expect, it, vi } from 'vitest';
import { cardOf } from '../evaluation/card';
import { compare } from '../evaluation/classify/compare';
import { majorityArm } from '../evaluation/classify/made-arms';
import { alternating, armOf, planOf } from '../evaluation/test-support';
import { createRng } from '../lib/rng';
import { costsOf, fromEvaluation, strategyOf } from './measured';
import { FIRST_ANSWERS } from './strategy';

/** No action and no cost depends on how many rows would settle it; 200 draws put an end of an interval within 1 point. */
vi.mock('../metrics/power', async (original) => ({
  ...(await original<typeof import('../metrics/power')>()),
  rowsToSettle: () => 1000,
}));
vi.mock('../metrics/resample', async (original) => ({
  ...(await original<typeof import('../metrics/resample')>()),
  DRAWS: 200,
}));

const FREE = { build: 0, hostingPerMonth: 0, minutesPerMonth: 0 };
const MONEY = { rowsPerMonth: 20_000, pricePerMillionTokens: 2, costOfWrongAnswer: 0.25, wagePerHour: 90 };

/** One hand-written prompt and four trained ones: the best of four looks better than the one. */
const ARMS = { yours: 'zero-shot', tuned: 'tuned', 'tuned-2': 'tuned', 'tuned-3': 'tuned', hybrid: 'hybrid' } as const;
const PAIRS = [
  ['yours', 'tuned'],
  ['tuned-2', 'tuned'],
  ['tuned-3', 'tuned'],
  ['yours', 'hybrid'],
  ['tuned', 'hybrid'],
] as const;

const ROWS = 160;

/** Five arms that are right on 75% of rows; rows of a group are right or wrong together. */
function decided(seed: number, size: number) {
  const rng = createRng(seed);
  const gold = alternating(ROWS);
  const groups = gold.map((_, i) => Math.floor(i / size));
  const difficulty = Array.from({ length: ROWS / size }, () => rng.normal());
  const arms = Object.entries(ARMS).map(([id, kind]) => {
    const right = difficulty.map((d) => 0.8 * d + 0.6 * rng.normal() <= 0.6745);
    return armOf(
      id,
      kind,
      gold,
      groups.map((group) => right[group] as boolean),
      2,
      { name: id, tokensSentMean: 30, tokensSent: gold.map(() => 30) },
    );
  });
  const plan = planOf(gold, [...arms, majorityArm(['negative', 'positive'], gold, ROWS)], {
    pairs: PAIRS,
    ...(size > 1 ? { groups } : {}),
  });
  const comparison = compare(plan, { draws: 2 });
  const card = cardOf({ kind: 'classify', plan, comparison }, { stillFalling: false });
  const measured = fromEvaluation({ kind: 'classify', plan, comparison }, card);
  const { title } = strategyOf(measured, { ...FIRST_ANSWERS, rows: 'some' });
  const { change } = costsOf({ measured, assumptions: MONEY, efforts: { engineering: FREE, tuning: FREE } });
  return { action: card?.action, title, payBack: change?.breakEven.payBack };
}

describe(`five equal prompts on ${ROWS} rows, from the plan to the decision`, () => {
  it.each([
    ['single rows', 1],
    ['groups of five', 5],
  ])(
    'pay back, or are to be used, in at most 5 of 100: %s',
    (_, size) => {
      const times = 200;
      const found = Array.from({ length: times }, (_seed, i) => decided(i + 1, size));
      const pays = found.filter(({ payBack }) => payBack === 'at-once' || payBack === 'sure');
      const ships = found.filter(({ action }) => action === 'ship');
      expect(pays.length).toBeLessThanOrEqual(0.05 * times);
      expect(ships.length).toBeLessThanOrEqual(0.05 * times);
      expect(pays.filter(({ action }) => action !== 'ship')).toEqual([]);
      expect(found.filter(({ action, title }) => action !== 'ship' && /^Use/.test(title))).toEqual([]);
      expect(found.every(({ payBack }) => payBack !== undefined)).toBe(true);
    },
    60_000,
  );
});
