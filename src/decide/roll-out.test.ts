import { describe, expect, it } from 'vitest';
import { createRng, type Rng } from '../lib/rng';
import { FIRST_GATES, type Gates, placeOf, type RollOutPlan, rehearse, type Served, SHARES } from './roll-out';

const isInShare = (id: string, share: number, salt?: string) => placeOf(id, salt) < share;

const planOf = (gates: Partial<Gates> = {}): RollOutPlan => ({
  gates: { ...FIRST_GATES, ...gates },
  rowsPerLook: 50,
  labelDelay: 30,
  salt: 'a',
});

/** Rows on which one prompt alone is right with these probabilities. */
function rows(n: number, newOnly: number, oldOnly: number, rng: Rng): readonly Served[] {
  return Array.from({ length: n }, (_, i) => {
    const u = rng.next();
    const both = u >= newOnly + oldOnly && rng.next() < 0.8;
    return {
      key: `row ${i}`,
      isNewCorrect: u < newOnly || both,
      isOldCorrect: (u >= newOnly && u < newOnly + oldOnly) || both,
    };
  });
}

describe('shares by hash', () => {
  const ids = Array.from({ length: 100_000 }, (_, i) => `customer-${i}`);

  it.each(SHARES)('give a share of %f of 100,000 ids, within half a point', (share) => {
    const inside = ids.filter((id) => isInShare(id, share)).length / ids.length;
    expect(Math.abs(inside - share)).toBeLessThan(0.005);
  });

  it('keep each text on its side, and lose none when the share grows', () => {
    for (const id of ids.slice(0, 1000)) {
      expect(placeOf(id)).toBe(placeOf(id));
      if (isInShare(id, 0.05)) expect(isInShare(id, 0.25)).toBe(true);
    }
  });

  it('put other texts first under another salt', () => {
    const first = (salt: string) => ids.slice(0, 2000).filter((id) => isInShare(id, 0.05, salt));
    expect(first('a').filter((id) => first('b').includes(id)).length).toBeLessThan(20);
  });
});

describe('a rehearsed roll-out', () => {
  const outcomes = (newOnly: number, oldOnly: number, plan: RollOutPlan, runs = 2000) => {
    const rng = createRng(5);
    return Array.from({ length: runs }, () => rehearse(rows(500, newOnly, oldOnly, rng), plan));
  };
  const shareOf = (runs: ReturnType<typeof outcomes>, is: (run: ReturnType<typeof rehearse>) => boolean) =>
    runs.filter(is).length / runs.length;
  const grew = ({ looks }: ReturnType<typeof rehearse>) => looks.some(({ decision }) => decision === 'advance');

  const rolledBack = ({ outcome }: ReturnType<typeof rehearse>) => outcome === 'rolled-back';

  it('advances prompts that do not differ in at most 5% of 2,000 simulations where a gain is asked for, and takes as few back', () => {
    const runs = outcomes(0.1, 0.1, planOf({ largestLoss: 0 }));
    expect(shareOf(runs, grew)).toBeLessThanOrEqual(0.05);
    expect(shareOf(runs, rolledBack)).toBeLessThanOrEqual(0.05);
  });

  it('advances prompts that lose all that is allowed in at most 5%', () => {
    expect(shareOf(outcomes(0.1, 0.12, planOf({ largestLoss: 0.02 })), grew)).toBeLessThanOrEqual(0.05);
  });

  // 97.1% of 2,000: of 500 a rule that takes back 92% or fewer would show less than 95% in 99 cases of 100
  it('takes back a loss of ten points in at least 95%', () => {
    expect(shareOf(outcomes(0.07, 0.17, planOf(), 500), rolledBack)).toBeGreaterThanOrEqual(0.95);
  });

  it('goes step by step to everything where the new prompt is clearly better', () => {
    const run = rehearse(rows(500, 0.3, 0.02, createRng(1)), planOf());
    const grown = run.looks.filter(({ decision }) => decision === 'advance').map(({ share }) => share);
    expect(grown).toEqual([...SHARES]);
    expect(run.outcome).toBe('complete');
  });

  it('looks at rows whose label has arrived, and counts those that were answered meanwhile', () => {
    const [first] = rehearse(rows(500, 0.1, 0.1, createRng(2)), planOf()).looks;
    expect(first).toMatchObject({ labelled: 50, served: 80, share: 0.05 });
  });

  it.each([
    ['leastAccuracy', { leastAccuracy: 0.95 }],
    ['mostFallbacks', { mostFallbacks: 0.1 }],
    ['mostLatencyMs', { mostLatencyMs: 100 }],
  ] as const)('is taken back by %s alone', (id, gates) => {
    const served = rows(500, 0.3, 0.02, createRng(3)).map((row, i) => ({
      ...row,
      fellBack: i % 2 === 0,
      latencyMs: 200,
    }));
    const run = rehearse(served, planOf({ largestLoss: 0.5, ...gates }));
    expect(run.outcome).toBe('rolled-back');
    expect(
      run.looks
        .at(-1)
        ?.gates.filter(({ state }) => state === 'broken')
        .map((gate) => gate.id),
    ).toEqual([id]);
  });

  it('lets the present prompt answer where the new one falls back', () => {
    const served = rows(100, 0, 1, createRng(4)).map((row) => ({ ...row, fellBack: true }));
    expect(rehearse(served, planOf()).looks[0]?.accuracyServed).toBe(1);
  });

  it.each([
    [0.05, 'a loss of at most 5.0 is allowed'],
    [0, 'a gain is required'],
  ])('says what a gate of %f lost accuracy asks for, without the sign of a gain', (largestLoss, words) => {
    const [look] = rehearse(rows(100, 0.1, 0.1, createRng(4)), planOf({ largestLoss })).looks;
    expect(look?.gates[0]?.evidence).toMatch(new RegExp(`^[+−]\\d+\\.\\d points \\(.+\\); ${words}$`));
  });

  it('says what to do without rows', () => {
    expect(rehearse([], planOf())).toMatchObject({ outcome: 'running', looks: [] });
    expect(rehearse([], planOf()).sentence).toContain('Choose rows');
  });
});
