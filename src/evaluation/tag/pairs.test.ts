import { describe, expect, it } from 'vitest';
import { createRng } from '../../lib/rng';
import { comparedMicroF1, comparedTags, rowsCloser } from './pairs';

const GOLD = [[0, 1], [1], [], [0], [1, 2], [2]];
const A = [[0], [1], [0], [0], [2], []];
const B = [[0, 1], [1], [], [0], [1], [2]];

describe('a pair of prompts that give several labels', () => {
  it('differs by its metrics on all rows', () => {
    const { microF1, macroF1, subsetAccuracy } = comparedTags(GOLD, [A, B], 3, { seed: 1, draws: 500 });
    const f1 = (hits: number, sizes: number) => (2 * hits) / sizes;
    expect(microF1.value).toBeCloseTo(f1(6, 13) - f1(4, 12), 12);
    expect(subsetAccuracy.value).toBeCloseTo(5 / 6 - 2 / 6, 12);
    expect(macroF1.interval.low).toBeLessThanOrEqual(macroF1.value);
    expect(rowsCloser(GOLD, [A, B])).toEqual({ closer: 3, further: 0, same: 3 });
    expect(comparedMicroF1(GOLD, [A, B], { seed: 1, draws: 500 })).toEqual(microF1);
  });

  it('rarely differs clearly where nothing does, by rows and by groups', () => {
    const runs = 200;
    for (const size of [1, 4]) {
      let clear = 0;
      for (let run = 0; run < runs; run++) {
        const rng = createRng(run);
        const groups = Array.from({ length: 48 }, (_, row) => Math.floor(row / size));
        const kinds = groups.map(() => rng.int(3));
        // rows of a group are right or wrong together
        const slips = [0, 1].map(() => groups.map((_, row) => (row % size ? null : rng.next() < 0.3)));
        const gold = kinds.map((kind) => (kind === 2 ? [0, 1] : [kind]));
        const answers = slips.map((own) =>
          gold.map((tags, row) => (own[row - (row % size)] ? tags.map((tag) => 1 - tag) : tags)),
        );
        const both = [answers[0] ?? [], answers[1] ?? []] as const;
        const { p, interval } = comparedMicroF1(gold, both, { seed: run, draws: 400, groups });
        if (p < 0.05 && (interval.low > 0 || interval.high < 0)) clear++;
      }
      expect(clear / runs).toBeLessThan(0.09);
    }
  });
});
