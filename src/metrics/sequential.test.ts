import { describe, expect, it } from 'vitest';
import { createRng } from '../lib/rng';
import { sequentialBounds, spent, tangoScore } from './power';
import { normalQuantile, normalTail } from './special';

const evenly = (looks: number) => Array.from({ length: looks }, (_, i) => (i + 1) / looks);

describe('bounds of a group-sequential test', () => {
  it('are those of Lan and DeMets for five equal looks at 2.5%, one-sided', () => {
    const published = [4.8769, 3.3569, 2.6803, 2.2898, 2.031];
    sequentialBounds(evenly(5), 0.025).forEach((bound, i) => void expect(bound).toBeCloseTo(published[i] as number, 3));
  });

  it('are the ordinary quantile for a single look at all rows', () => {
    expect(sequentialBounds([1], 0.05)[0]).toBeCloseTo(normalQuantile(0.95), 4);
  });

  it('spend all of the error rate at the end and nothing at the start', () => {
    expect(spent(0, 0.05)).toBe(0);
    expect(spent(1, 0.05)).toBeCloseTo(0.05, 6);
  });

  it('are crossed at any of ten looks by 5% of random walks without drift', () => {
    const bounds = sequentialBounds(evenly(10), 0.05);
    const rng = createRng(11);
    const walks = 20_000;
    let crossed = 0;
    for (let walk = 0; walk < walks; walk++) {
      let sum = 0;
      if (
        bounds.some((bound, k) => {
          sum += rng.normal();
          return sum / Math.sqrt(k + 1) > bound;
        })
      )
        crossed++;
    }
    expect(crossed / walks).toBeGreaterThan(0.045);
    expect(crossed / walks).toBeLessThan(0.055);
  });
});

describe('the score statistic of a paired difference', () => {
  /** The likelihood under the hypothesis, searched instead of solved. */
  function searched(b: number, c: number, n: number, margin: number): number {
    let best = { q: 0, value: Number.NEGATIVE_INFINITY };
    const log = (count: number, p: number) => (count === 0 ? 0 : count * Math.log(p));
    for (let q = Math.max(0, -margin) + 1e-6; 2 * q + margin < 1; q += 1e-6) {
      const value = log(b, q + margin) + log(c, q) + log(n - b - c, 1 - 2 * q - margin);
      if (value > best.value) best = { q, value };
    }
    return (b - c - n * margin) / Math.sqrt(n * (2 * best.q + margin * (1 - margin)));
  }

  it.each([
    [12, 5, 100, -0.02],
    [3, 9, 40, 0.05],
    [0, 4, 60, -0.1],
    [7, 0, 50, 0.03],
  ])('%i against %i of %i rows at %f uses the table of the highest likelihood', (b, c, n, margin) => {
    expect(tangoScore(b, c, n, margin)).toBeCloseTo(searched(b, c, n, margin), 3);
  });

  it('is the statistic of McNemar at a margin of 0', () => {
    expect(tangoScore(12, 5, 100, 0)).toBeCloseTo(7 / Math.sqrt(17), 12);
  });

  it('says nothing without a discordant row at a margin of 0, and is finite at every other', () => {
    expect(tangoScore(0, 0, 20, 0)).toBe(0);
    expect(tangoScore(0, 0, 20, -0.05)).toBeCloseTo(Math.sqrt((20 * 0.05) / 0.95), 6);
  });
});

describe('the normal distribution', () => {
  it('has symmetric tails and the usual quantiles', () => {
    expect(normalTail(-1) + normalTail(1)).toBeCloseTo(1, 12);
    expect(normalQuantile(0.975)).toBeCloseTo(1.959964, 5);
  });
});
