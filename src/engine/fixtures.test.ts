import { readdirSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { uninterrupted } from '../inference/control';
import { run } from '../inference/run';
import { scoreRows } from '../inference/score';
import { withSoft } from '../inference/sequence';
import { TextCache } from '../inference/text-cache';
import type { SoftPrompt } from '../prompt/types';
import { createNodeRunner } from '../runtime/ort-node';
import type { TokenRow } from '../tokens/types';
import { batchGradient } from '../training/objective';
import { type LoadedProgram, loadProgram } from './load';
import { largestDifference, type Oracle, relativeError } from './oracle';
import { FIXTURES, readModel, readOracle, singleTokens, tokenRows } from './test-support';

const names = readdirSync(FIXTURES, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name);

const logSoftmax = (logits: readonly number[]) => {
  const normaliser = Math.log(logits.reduce((sum, x) => sum + Math.exp(x), 0));
  return logits.map((x) => x - normaliser);
};

describe.each(names)('%s agrees with PyTorch', (name) => {
  let opened: Promise<LoadedProgram & { oracle: Oracle; rows: TokenRow[] }> | null = null;
  const open = () => {
    opened ??= (async () => {
      const [files, oracle] = await Promise.all([readModel(`${FIXTURES}/${name}`), readOracle(name)]);
      const request = { id: name, files, backend: 'node-wasm' as const, threads: 2 };
      const loaded = await loadProgram(request, createNodeRunner, () => {});
      return { ...loaded, oracle, rows: tokenRows(oracle.rows, oracle.targets) };
    })();
    return opened;
  };
  afterAll(async () => (await opened)?.program.runner.dispose());

  const softOf = (oracle: Oracle, placement: SoftPrompt['placement']): SoftPrompt => ({
    placement,
    vectors: Float32Array.from(oracle.softPrompt.flat()),
    virtualTokens: oracle.softPrompt.length,
    hidden: oracle.softPrompt[0]?.length ?? 0,
  });

  it('without a soft prompt, singly and right-padded', async () => {
    const { program, oracle, rows } = await open();
    const options = { soft: null, candidates: oracle.labelTokenIds, objective: null, keepPresent: false };
    const sequences = rows.map(({ ids }) => ({ tokens: ids, past: null, reads: [ids.length - 1] }));
    const expected = oracle.noPrompt.labelLogits.flat();
    expect(largestDifference((await run(program, sequences, options)).logits, expected)).toBeLessThan(1e-4);
    for (const [r, sequence] of sequences.entries())
      expect(
        largestDifference((await run(program, [sequence], options)).logits, oracle.noPrompt.labelLogits[r] ?? []),
      ).toBeLessThan(1e-4);
  });

  describe.each(['prefix', 'suffix'] as const)('%s', (placement) => {
    it('logits', async () => {
      const { program, oracle, rows } = await open();
      const soft = softOf(oracle, placement);
      const sequences = rows.map(({ ids }) => {
        const tokens = withSoft(ids, soft);
        return { tokens, past: null, reads: [tokens.length - 1] };
      });
      const options = { soft, candidates: oracle.labelTokenIds, objective: null, keepPresent: false };
      const { logits } = await run(program, sequences, options);
      expect(largestDifference(logits, oracle.placements[placement].labelLogits.flat())).toBeLessThan(1e-4);
    });

    it.each([
      ['label', false],
      ['label', true],
      ['full', false],
      ['full', true],
    ] as const)('%s loss and gradient, text cached: %s', async (loss, useCache) => {
      const { program, oracle, rows } = await open();
      const cache = new TextCache(program.spec);
      const cached = useCache ? { cache, plan: cache.plan('rows', [rows]), control: uninterrupted } : null;
      const labels = singleTokens(oracle.labelTokenIds);
      const soft = softOf(oracle, placement);
      const result = await batchGradient(program, { rows, labels, soft, cached, wholeVocabulary: loss === 'full' });
      const expected = oracle.placements[placement];
      expect(Math.abs(result.loss - expected[`${loss}Loss`])).toBeLessThan(1e-4);
      expect(relativeError(result.gradient, expected[`${loss}Grad`].flat())).toBeLessThan(1e-4);
    });

    it.each([false, true])('scores, text cached: %s', async (useCache) => {
      const { program, oracle, rows } = await open();
      const cache = new TextCache(program.spec);
      const cached = useCache ? { cache, plan: cache.plan('rows', [rows]) } : null;
      const labels = singleTokens(oracle.labelTokenIds);
      const scored = await scoreRows(program, { rows, labels, soft: softOf(oracle, placement), cached });
      const expected = oracle.placements[placement].labelLogits.flatMap(logSoftmax);
      expect(
        largestDifference(
          scored.flatMap((row) => row.logProbs),
          expected,
        ),
      ).toBeLessThan(1e-4);
    });
  });
});
