import { describe, expect, it } from 'vitest';
import { createRng } from '../lib/rng';
import { bradleyTerry, rankArms, winsOf } from './bradley-terry';
import { fitTemperature } from './calibration';

describe('Bradley-Terry', () => {
  it('two players: the log-odds of the wins', () => {
    const [a, b] = bradleyTerry([
      [0, 30],
      [10, 0],
    ]) as readonly number[];
    expect((a as number) - (b as number)).toBeCloseTo(Math.log(3), 12);
  });

  it('expects the observed number of wins at its maximum (the likelihood equations)', () => {
    const wins = [
      [0, 8, 3, 9],
      [2, 0, 7, 5],
      [6, 1, 0, 4],
      [1, 2, 2, 0],
    ];
    const s = bradleyTerry(wins) as readonly number[];
    wins.forEach((row, i) => {
      const expected = row.reduce((sum, won, j) => {
        const games = won + (wins[j]?.[i] as number);
        return i === j ? sum : sum + games / (1 + Math.exp((s[j] as number) - (s[i] as number)));
      }, 0);
      expect(expected).toBeCloseTo(
        row.reduce((a, b) => a + b, 0),
        9,
      );
    });
  });

  it('has no finite answer where one wins everything', () => {
    const swept = [
      [0, 5, 5],
      [0, 0, 3],
      [0, 2, 0],
    ];
    expect(bradleyTerry(swept)).toBeNull();
  });

  it('counts a win where one is right and the other wrong', () => {
    const right = [
      [true, true, false],
      [true, false, false],
    ];
    expect(winsOf(right, [0, 1, 2])).toEqual([
      [0, 1],
      [0, 0],
    ]);
  });

  it('orders arms by how often they are right, with intervals that narrow with rows', () => {
    const arms = (n: number) => {
      const rng = createRng(3);
      return [0.5, 0.65, 0.8].map((p) => Array.from({ length: n }, () => rng.next() < p));
    };
    const few = rankArms(arms(60), { seed: 1, draws: 400 }) ?? [];
    const many = rankArms(arms(600), { seed: 1, draws: 400 }) ?? [];
    expect(many.map(({ strength }) => strength)).toEqual(
      many.map(({ strength }) => strength).toSorted((a, b) => a - b),
    );
    const width = (arm: (typeof many)[number] | undefined) => (arm ? arm.ci95.high - arm.ci95.low : 0);
    expect(width(few[2])).toBeGreaterThan(2 * width(many[2]));
    for (const { strength, ci95 } of many) {
      expect(ci95.low).toBeLessThan(strength);
      expect(ci95.high).toBeGreaterThan(strength);
    }
  });
});

describe('temperature', () => {
  it('stays within its bounds where the rows would have it at an end', () => {
    const sure = [[Math.log(0.9), Math.log(0.1)]];
    expect(fitTemperature(sure, [0])).toBe(0.05);
    expect(fitTemperature(sure, [1])).toBe(20);
  });
});
