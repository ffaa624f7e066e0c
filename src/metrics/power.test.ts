import { describe, expect, it } from 'vitest';
import { createRng } from '../lib/rng';
import { mcnemarExact } from './mcnemar';
import { detectableDifference, mcnemarPower, rowsToSettle } from './power';

/** Independent and slow: simulate the experiment. */
function simulated(n: number, aOnly: number, bOnly: number, runs: number): number {
  const rng = createRng(1);
  let rejected = 0;
  for (let r = 0; r < runs; r++) {
    let b = 0;
    let c = 0;
    for (let i = 0; i < n; i++) {
      const u = rng.next();
      if (u < aOnly) b++;
      else if (u < aOnly + bOnly) c++;
    }
    if (mcnemarExact(b, c) < 0.05) rejected++;
  }
  return rejected / runs;
}

describe('power of the exact McNemar test', () => {
  // docs/method/statistics.md
  it.each([
    [100, 0.05, 0.1, 18],
    [200, 0.05, 0.1, 37],
    [400, 0.05, 0.1, 70],
    [50, 0.05, 0.15, 24],
    [100, 0.05, 0.15, 54],
    [200, 0.05, 0.15, 88],
  ])('n=%i %d/%d', (n, aOnly, bOnly, percent) => {
    expect(Math.round(100 * mcnemarPower(n, aOnly, bOnly))).toBe(percent);
  });

  it('equals a simulation', () => {
    expect(mcnemarPower(150, 0.06, 0.16)).toBeCloseTo(simulated(150, 0.06, 0.16, 4000), 1);
    expect(mcnemarPower(80, 0.1, 0.1)).toBeLessThan(0.05);
  });

  it('says the smallest difference that can be seen', () => {
    const d = detectableDifference(105) as number;
    expect(mcnemarPower(105, 0.05, 0.05 + d)).toBeGreaterThanOrEqual(0.8);
    expect(mcnemarPower(105, 0.05, 0.05 + d - 0.01)).toBeLessThan(0.8);
    expect(detectableDifference(400) as number).toBeLessThan(d);
    expect(detectableDifference(3)).toBeNull();
  });

  it('is approximated where rows are many, without a jump and without a wait', () => {
    const exact = detectableDifference(5000) as number;
    expect(detectableDifference(5001) as number).toBeGreaterThan(exact * 0.97);
    expect(detectableDifference(5001) as number).toBeLessThanOrEqual(exact * 1.01);
    const many = detectableDifference(70_000) as number;
    expect(mcnemarPower(70_000, 0.05, 0.05 + many)).toBeGreaterThan(0.77);
    expect(mcnemarPower(70_000, 0.05, 0.05 + many)).toBeLessThan(0.83);
  });

  it('says about how many rows would settle it', () => {
    const rows = rowsToSettle(6, 12, 120) as number;
    expect(rows).toBeGreaterThan(200);
    expect(rows).toBeLessThan(600);
    expect(rowsToSettle(10, 10, 100)).toBeNull();
  });
});
