import { describe, expect, it } from 'vitest';
import { createRng } from '../lib/rng';
import type { Placement } from '../prompt/soft-prompt';
import { commonPrefixLength, withSoft } from './feeds';
import { sampleToken } from './generate';

const logits = Float32Array.from([0.5, 0.3, 0.15, 0.05], Math.log);
const shares = (options: { temperature: number; topP: number }) => {
  const rng = createRng(1);
  const counts = [0, 0, 0, 0];
  for (let i = 0; i < 4000; i++) {
    const id = sampleToken(logits, options, rng);
    counts[id] = (counts[id] ?? 0) + 1 / 4000;
  }
  return counts;
};

describe('sampleToken', () => {
  it('takes the most probable token at temperature 0', () => {
    expect(shares({ temperature: 0, topP: 1 })).toEqual([expect.closeTo(1), 0, 0, 0]);
  });

  it('draws tokens in proportion to their probabilities', () => {
    const found = shares({ temperature: 1, topP: 1 });
    [0.5, 0.3, 0.15, 0.05].forEach((share, id) => {
      expect(Math.abs((found[id] ?? 0) - share)).toBeLessThan(0.03);
    });
  });

  it('never draws a token outside topP', () => {
    const found = shares({ temperature: 1, topP: 0.75 });
    expect(found[0]).toBeCloseTo(0.625, 1);
    expect(found.slice(2)).toEqual([0, 0]);
    expect(shares({ temperature: 1, topP: 0 })[0]).toBeCloseTo(1);
  });
});

describe('sequences', () => {
  it('have virtual tokens before or after the ids, or before the cue', () => {
    const row = { ids: Int32Array.of(5, 6, 7), cue: 1 };
    const at = (placement: Placement) => Array.from(withSoft(row, { placement, virtualTokens: 2 }));
    expect(Array.from(withSoft(row, null))).toEqual([5, 6, 7]);
    expect(at('prefix')).toEqual([-1, -2, 5, 6, 7]);
    expect(at('suffix')).toEqual([5, 6, 7, -1, -2]);
    expect(at('infix')).toEqual([5, 6, -1, -2, 7]);
    expect(() => withSoft({ ids: row.ids }, { placement: 'infix', virtualTokens: 2 })).toThrow('internal: cue');
  });

  it('have a common prefix length', () => {
    const of = (...rows: number[][]) => commonPrefixLength(rows.map((row) => Int32Array.from(row)));
    expect(of()).toBe(0);
    expect(of([1, 2, 3])).toBe(3);
    expect(of([1, 2, 3], [1, 2], [1, 2, 4])).toBe(2);
    expect(of([1], [2])).toBe(0);
  });
});
