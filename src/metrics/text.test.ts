import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { exactMatch, rougeL, tokenF1 } from './text';

interface Golden {
  readonly written: string;
  readonly wanted: string;
  readonly exact: number;
  readonly f1: number;
  readonly rougeL: number;
}

/** Made by tools/text-to-text/goldens.py. */
const goldens: readonly Golden[] = JSON.parse(readFileSync('test/fixtures/text/metrics.json', 'utf8'));

describe('texts that were written', () => {
  it('are measured as rouge-score and SQuAD do', () => {
    expect(goldens.length).toBe(80);
    for (const { written, wanted, ...expected } of goldens) {
      expect(exactMatch(written, wanted), `${written} | ${wanted}`).toBe(expected.exact);
      expect(tokenF1(written, wanted), `${written} | ${wanted}`).toBeCloseTo(expected.f1, 12);
      expect(rougeL(written, wanted), `${written} | ${wanted}`).toBeCloseTo(expected.rougeL, 12);
    }
  });

  it('keep their letters in any script', () => {
    expect(rougeL('Größe passt', 'größe passt nicht')).toBeCloseTo(0.8);
    expect(exactMatch('Größe: passt!', 'größe passt')).toBe(1);
    expect(tokenF1('', '')).toBe(1);
    expect(rougeL('', '')).toBe(0);
  });
});
