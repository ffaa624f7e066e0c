/** Every statistic against SciPy and statsmodels: values from tools/stats/reference.py. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { atTemperature, brier, fitTemperature, nll } from './calibration';
import { bonettPrice, wilson } from './intervals';
import { holm, mcnemarExact, mcnemarMidP } from './mcnemar';
import { mcnemarPower } from './power';
import { pairedPermutation } from './resample';
import { quantile } from './special';

interface Reference {
  readonly tables: readonly {
    readonly counts: readonly [number, number, number, number];
    readonly exact: number;
    readonly midP: number;
    readonly sign: number;
    readonly wilson: readonly [number, number];
    readonly bonettPrice: readonly [number, number];
  }[];
  readonly families: readonly { readonly p: readonly number[]; readonly holm: readonly number[] }[];
  readonly powers: readonly { readonly n: number; readonly a: number; readonly b: number; readonly power: number }[];
  readonly permutations: readonly { readonly d: readonly number[]; readonly p: number }[];
  readonly scores: readonly {
    readonly logProbs: readonly (readonly number[])[];
    readonly gold: readonly number[];
    readonly brier: number;
    readonly nll: number;
    readonly temperature: number;
    readonly nllAfter: number;
  }[];
  readonly quantiles: readonly { readonly x: readonly number[]; readonly q: number; readonly value: number }[];
}

const reference: Reference = JSON.parse(
  readFileSync(new URL('../../test/fixtures/statistics.json', import.meta.url), 'utf8'),
);

/** Farther off than 1e-9: named with what it is of, so that a failure says which table. */
const off = (of: unknown, found: number, wanted: number) =>
  Math.abs(found - wanted) <= 1e-9 ? [] : [{ of, found, wanted }];

describe('equal to SciPy and statsmodels to 1e-9', () => {
  it('McNemar exact and mid-p, the sign test, Wilson and Bonett-Price on 240 random tables', () => {
    expect(reference.tables.length).toBeGreaterThanOrEqual(200);
    const wrong = reference.tables.flatMap(({ counts, ...wanted }) => {
      const [both, b, c, neither] = counts;
      const n = both + b + c + neither;
      const share = wilson(both + b, n);
      const difference = bonettPrice(b, c, n);
      return [
        ...off(['exact', counts], mcnemarExact(b, c), wanted.exact),
        ...off(['mid-p', counts], mcnemarMidP(b, c), wanted.midP),
        ...off(['sign', counts], mcnemarExact(b, c), wanted.sign),
        ...off(['Wilson', counts], share.low, wanted.wilson[0]),
        ...off(['Wilson', counts], share.high, wanted.wilson[1]),
        ...off(['Bonett-Price', counts], difference.low, wanted.bonettPrice[0]),
        ...off(['Bonett-Price', counts], difference.high, wanted.bonettPrice[1]),
      ];
    });
    expect(wrong).toEqual([]);
  });

  it('Holm', () => {
    const wrong = reference.families.flatMap(({ p, holm: wanted }) =>
      holm(p).flatMap((found, i) => off(p, found, wanted[i] as number)),
    );
    expect(wrong).toEqual([]);
  });

  it('exact power', () => {
    const wrong = reference.powers.flatMap(({ n, a, b, power }) => off([n, a, b], mcnemarPower(n, a, b), power));
    expect(wrong).toEqual([]);
  });

  it('Brier, NLL and the temperature that lowers it most', () => {
    const wrong = reference.scores.flatMap(({ logProbs, gold, ...wanted }) => {
      const t = fitTemperature(logProbs, gold);
      const after = logProbs.map((row) => atTemperature(row, t));
      return [
        ...off('brier', brier(logProbs, gold), wanted.brier),
        ...off('nll', nll(logProbs, gold), wanted.nll),
        ...off('temperature', t, wanted.temperature),
        ...off('nll after', nll(after, gold), wanted.nllAfter),
      ];
    });
    expect(wrong).toEqual([]);
  });

  it('quantiles', () => {
    const wrong = reference.quantiles.flatMap(({ x, q, value }) => off([x, q], quantile(x, q), value));
    expect(wrong).toEqual([]);
  });

  it('paired permutation: within the error of 20,000 draws of the exact p', () => {
    for (const { d, p } of reference.permutations) {
      const statistic = (swap: ArrayLike<number>) => d.reduce((sum, v, i) => sum + (swap[i] ? -v : v), 0) / d.length;
      const found = pairedPermutation(d.length, statistic, { seed: 4, draws: 20_000 });
      expect(Math.abs(found - p)).toBeLessThan(4 * Math.sqrt((p * (1 - p)) / 20_000) + 1e-4);
    }
  });
});
