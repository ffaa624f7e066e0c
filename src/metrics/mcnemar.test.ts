import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bonettPrice, wilson } from './intervals';
import { mcnemarExact, mcnemarMidP, pairedCounts } from './mcnemar';

/** Independent and slow: exact rational arithmetic in BigInt. */
function exactByBigInt(b: number, c: number): number {
  const m = b + c;
  let choose = 1n;
  let tail = 0n;
  for (let i = 0; i <= Math.min(b, c); i++) {
    tail += choose;
    choose = (choose * BigInt(m - i)) / BigInt(i + 1);
  }
  const scaled = Number((2n * tail * 10n ** 15n) / 2n ** BigInt(m)) / 1e15;
  return m === 0 ? 1 : Math.min(1, scaled);
}

describe('McNemar', () => {
  // docs/method/statistics.md
  it.each([
    [1, 7, 0.07031, 0.03906],
    [10, 25, 0.01667, 0.01133],
    [12, 30, 0.00792, 0.0054],
    [5, 5, 1, 0.87695],
    [0, 5, 0.0625, 0.03125],
    [0, 0, 1, 1],
  ])('(%i, %i)', (b, c, exact, midP) => {
    expect(mcnemarExact(b, c)).toBeCloseTo(exact, 5);
    expect(mcnemarMidP(b, c)).toBeCloseTo(midP, 5);
  });

  it('equals exact rational arithmetic, is symmetric, and its mid-p is smaller (property)', () => {
    fc.assert(
      fc.property(fc.nat(300), fc.nat(300), (b, c) => {
        const p = mcnemarExact(b, c);
        expect(p).toBeCloseTo(exactByBigInt(b, c), 9);
        expect(mcnemarExact(c, b)).toBe(p);
        expect(mcnemarMidP(b, c)).toBeLessThanOrEqual(p + 1e-12);
      }),
    );
  });

  it('counts rows by who is right', () => {
    expect(pairedCounts([0, 0, 0, 0, 1], [0, 0, 1, 1, 1], [0, 1, 0, 1, 1])).toEqual({
      bothRight: 2,
      aOnly: 1,
      bOnly: 1,
      bothWrong: 1,
    });
  });
});

describe('intervals', () => {
  it.each([
    [8, 10, 0.4902, 0.9433],
    [60, 100, 0.502, 0.6906],
    [0, 20, 0, 0.1611],
    [20, 20, 0.8389, 1],
  ])('Wilson %i/%i', (correct, n, low, high) => {
    const interval = wilson(correct, n);
    expect(interval.low).toBeCloseTo(low, 4);
    expect(interval.high).toBeCloseTo(high, 4);
  });

  it('Wilson is where the score test just does not reject (property)', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500 }), fc.double({ min: 0, max: 1, noNaN: true }), (n, share) => {
        const correct = Math.round(share * n);
        const { low, high } = wilson(correct, n);
        for (const bound of [low, high]) {
          if (bound <= 0 || bound >= 1) continue;
          const z = Math.abs(correct / n - bound) / Math.sqrt((bound * (1 - bound)) / n);
          expect(z).toBeCloseTo(1.959964, 4);
        }
        expect(low).toBeLessThanOrEqual(correct / n);
        expect(high).toBeGreaterThanOrEqual(correct / n);
      }),
    );
  });

  it.each([
    [1, 7, 21, 0.0134, 0.5084],
    [25, 10, 200, -0.1324, -0.0161],
  ])('Bonett-Price b=%i c=%i n=%i', (b, c, n, low, high) => {
    const interval = bonettPrice(b, c, n);
    expect(interval.low).toBeCloseTo(low, 4);
    expect(interval.high).toBeCloseTo(high, 4);
  });

  it('Bonett-Price turns round with the arms and stays within ±1 (property)', () => {
    fc.assert(
      fc.property(fc.nat(50), fc.nat(50), fc.nat(50), (b, c, rest) => {
        const there = bonettPrice(b, c, b + c + rest);
        const back = bonettPrice(c, b, b + c + rest);
        expect(there.low).toBeCloseTo(-back.high, 12);
        expect(there.low).toBeGreaterThanOrEqual(-1);
        expect(there.high).toBeLessThanOrEqual(1);
      }),
    );
  });
});
