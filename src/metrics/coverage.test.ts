/** How often the 95% intervals hold the truth, simulated; and the curve of what is answered against what is right. */
import { describe, expect, it, test } from 'vitest';
import { createRng } from '../lib/rng';
import { coverageAt, coverageCurve, eceInterval } from './calibration';
import { bonettPrice, type Interval, wilson } from './intervals';

const DRAWS = 20_000;
const SIZES = [50, 200, 400];

/** Share of the draws whose interval holds `truth`. */
function holds(truth: number, draw: () => Interval): number {
  let held = 0;
  for (let d = 0; d < DRAWS; d++) {
    const { low, high } = draw();
    if (low <= truth && truth <= high) held++;
  }
  return held / DRAWS;
}

describe.each(SIZES)('with %i rows', (n) => {
  it.each([0.6, 0.7, 0.8])('Wilson holds an accuracy of %f in 0.935 to 0.97 of the samples', (p) => {
    const rng = createRng(n);
    const held = holds(p, () => {
      let correct = 0;
      for (let i = 0; i < n; i++) if (rng.next() < p) correct++;
      return wilson(correct, n);
    });
    expect(held).toBeGreaterThanOrEqual(0.935);
    expect(held).toBeLessThanOrEqual(0.97);
  });

  it.each([
    [0.05, 0.15, 0.94, 0.97],
    [0.1, 0.3, 0.94, 0.97],
    [0.05, 0.1, 0.94, 1],
  ])('Bonett-Price holds the difference of (%f, %f) in %f to %f of the samples', (onlyA, onlyB, least, most) => {
    const rng = createRng(n + 1);
    const held = holds(onlyB - onlyA, () => {
      let b = 0;
      let c = 0;
      for (let i = 0; i < n; i++) {
        const u = rng.next();
        if (u < onlyA) b++;
        else if (u < onlyA + onlyB) c++;
      }
      return bonettPrice(b, c, n);
    });
    expect(held).toBeGreaterThanOrEqual(least);
    expect(held).toBeLessThanOrEqual(most);
  });
});

describe('coverage', () => {
  const confidences = [0.9, 0.5, 0.7, 0.7, 0.6];
  const right = [true, false, true, false, true];

  test('counts what is answered and what of it is right', () => {
    expect(coverageAt({ confidences, right }, 0.7)).toMatchObject({ answered: 3, correct: 2, coverage: 0.6 });
    expect(coverageAt({ confidences, right }, 0.95)).toMatchObject({ answered: 0, accuracy: null, coverage: 0 });
  });

  test('the curve agrees with the count at each of its thresholds', () => {
    const curve = coverageCurve({ confidences, right });
    expect(curve.map(({ answered }) => answered)).toEqual([5, 4, 3, 1]);
    for (const point of curve) expect(coverageAt({ confidences, right }, point.threshold)).toEqual(point);
  });
});

describe('the interval of the ECE', () => {
  /** Right as often as said, less a gap that the probability is too high by; families are right or wrong together. */
  const held = (n: number, family: number, sure: (u: number) => number, gap: number) => {
    const rng = createRng(n);
    const samples = 40;
    let hits = 0;
    for (let s = 0; s < samples; s++) {
      const groups = Array.from({ length: n }, (_, i) => Math.floor(i / family));
      const drawn = groups.map(() => ({ sure: sure(rng.next()), u: rng.next() }));
      const rows = groups.map((g) => drawn[g] ?? { sure: 0.5, u: 0.5 });
      const interval = eceInterval(
        rows.map(({ sure: p }) => [Math.log(p), Math.log(1 - p)]),
        rows.map(({ sure: p, u }) => Number(u >= p - gap)),
        { seed: s, draws: 100, ...(family === 1 ? {} : { groups }) },
      );
      if (interval && interval.low <= gap + 1e-9 && gap <= interval.high) hits++;
    }
    return hits / samples;
  };
  const wide = (u: number) => 0.65 + 0.3 * u;
  const sharp = (u: number) => 0.97 + 0.025 * u;

  it.each([
    ['probabilities that hold', 100, 1, wide, 0],
    ['probabilities near 1 that hold', 200, 1, sharp, 0],
    ['20 points too much', 200, 1, wide, 0.2],
    ['probabilities that hold, in families of 4', 200, 4, wide, 0],
    ['10 points too much, in families of 4', 200, 4, wide, 0.1],
  ])('holds the truth of %s in 95 of 100 samples or more', (_, n, family, sure, gap) => {
    const found = held(n, family, sure, gap);
    expect(found).toBeGreaterThanOrEqual(0.95);
  });
});
