import { describe, expect, it } from 'vitest';
import { createRng, type Rng } from '../../lib/rng';
import { coverageAt, promisedShare, rowsToPromise, type SureAndRight } from '../../metrics/calibration';
import { coverageSentence, promiseLimit, thresholdFrom } from './confidence';

/** A kind of prompt: how sure it is of an answer, by a uniform number, and how often it is right when so sure. */
interface Shape {
  readonly sure: (u: number) => number;
  readonly right: (sure: number) => number;
}

const wide = (u: number) => 0.5 + 0.5 * u ** 0.6;
const SHAPES: Readonly<Record<string, Shape>> = {
  calibrated: { sure: wide, right: (sure) => sure },
  overconfident: { sure: wide, right: (sure) => sure - 0.15 },
  'right above 0.8 only': { sure: wide, right: (sure) => (sure > 0.8 ? 0.98 : 0.4) },
};

/** The truth by the grid of the slider: the share right among all answers that are as sure. */
function truthOf({ sure, right }: Shape): (threshold: number) => number {
  const answers = Array.from({ length: 4000 }, (_, i) => sure((i + 0.5) / 4000));
  const known = Array.from({ length: 101 }, (_, t) => {
    const above = answers.filter((each) => each >= t / 100);
    return above.reduce((sum, each) => sum + right(each), 0) / above.length;
  });
  return (threshold) => known[Math.round(100 * threshold)] ?? 1;
}

/** Validation rows in families that are right or wrong together, and about as sure. */
function validation(rng: Rng, shape: Shape, rows: number, family: number): SureAndRight {
  const groups = Array.from({ length: rows }, (_, i) => Math.floor(i / family));
  const drawn = groups.map(() => ({ sure: shape.sure(rng.next()), u: rng.next() }));
  const confidences = groups.map((g) => drawn[g]?.sure ?? 0);
  const right = confidences.map((sure, i) => (drawn[groups[i] ?? 0]?.u ?? 0) < shape.right(sure));
  return { confidences, right, ...(family === 1 ? {} : { groups }) };
}

const GRID = Array.from({ length: 25 }, (_, i) => (50 + 2 * i) / 100);

/** In how many of the prompts some threshold promises more than is true. */
function broken(shape: Shape, rows: number, family: number, promise: (at: ReturnType<typeof thresholdFrom>) => number) {
  const rng = createRng(rows);
  const truth = truthOf(shape);
  const draws = 200;
  let failed = 0;
  for (let d = 0; d < draws; d++) {
    const on = validation(rng, shape, rows, family);
    if (GRID.some((t) => promise(thresholdFrom(on, t)) > truth(t) + 1e-9)) failed++;
  }
  return failed / draws;
}

describe.each(Object.entries(SHAPES))('a prompt that is %s', (_, shape) => {
  it.each([
    [20, 1],
    [64, 1],
    [40, 4],
  ])(
    'keeps what its threshold promises in 9 of 10 cases, whichever is chosen (%i validation rows, families of %i)',
    (rows, family) => {
      const found = broken(shape, rows, family, ({ interval }) => interval?.low ?? 1);
      expect(found).toBeLessThanOrEqual(0.1);
    },
  );

  it('would break a promise of what its validation rows give in most cases', () => {
    const share = ({ correct, answered }: ReturnType<typeof thresholdFrom>) => correct / Math.max(1, answered);
    expect(broken(shape, 40, 1, share)).toBeGreaterThan(0.8);
  });
});

describe('the promise of a threshold', () => {
  const confidences = [...Array(30).fill(0.9), ...Array(10).fill(0.6)];
  const right = confidences.map((sure, i) => sure > 0.8 && i > 1);

  it('is an exact lower bound that counts families once, and part of a wrong one as a whole', () => {
    const alone = thresholdFrom({ confidences, right }, 0.8);
    expect(alone).toMatchObject({ rows: 40, answered: 30, correct: 28 });
    // qbeta(0.1 / 6, 28, 3)
    expect(alone.interval?.low).toBeCloseTo(0.76517, 4);
    const groups = confidences.map((_, i) => Math.floor(i / 5));
    // six families, of which two wrong rows take one: qbeta(0.1 / 6, 5, 2)
    expect(thresholdFrom({ confidences, right, groups }, 0.8).interval?.low).toBeCloseTo(0.32848, 4);
  });

  it('is none where nothing is answered, and never 100%', () => {
    expect(thresholdFrom({ confidences, right }, 0.95).interval).toEqual({ low: 0, high: 1 });
    expect(promisedShare(64, 0, 64).low).toBeCloseTo((0.1 / 6) ** (1 / 64), 12);
  });

  it('stands in the sentence instead of the share of the rows that chose it', () => {
    const of = { confidences, right };
    expect(coverageSentence(coverageAt(of, 0.8, promisedShare), 40, true)).toBe(
      'Send answers below 0.80 to a person: 30 of 40 rows are answered, 93.3% correctly; 10 go to a person. At least 76% of such answers are right on new rows, a promise that 9 of 10 prompts keep.',
    );
  });

  it('says what so few rows cannot promise, and how many can', () => {
    expect(promiseLimit(40)).toBe(
      '40 validation rows can promise 90% at most: 95% takes 83 answered rows without a mistake.',
    );
    expect(promisedShare(83, 0, 83).low).toBeGreaterThanOrEqual(0.95);
    expect([promiseLimit(rowsToPromise(0.95)), promiseLimit(82)]).toEqual([null, expect.any(String)]);
  });
});
