import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tagLoss } from '../metrics/tags';
import type { SoftPrompt } from '../prompt/soft-prompt';
import { createNodeRunner } from '../runtime/ort-node';
import { batchGradient, batchLosses } from '../training/objective';
import { Engine } from './engine';
import { checkGradient } from './gradient-check';
import { type LoadedProgram, loadProgram } from './load';
import { readModel, singleTokens, tokenRows } from './test-support';

const oracle = JSON.parse(readFileSync('test/fixtures/tiny-support/oracle.json', 'utf8'));
const answers = JSON.parse(readFileSync('test/fixtures/tiny-support/answers.json', 'utf8'));

/** The last answer word stands for none. */
describe('rows with several labels', () => {
  const labels = singleTokens(oracle.labelTokenIds);
  const hidden = oracle.softPrompt[0].length;
  const soft: SoftPrompt = {
    placement: 'suffix',
    vectors: Float32Array.from(oracle.softPrompt.flat()),
    virtualTokens: oracle.softPrompt.length,
    hidden,
    answerShift: Float32Array.from(answers.answerShift.flat()),
  };
  const tagged = [[0, 1], [], [1], [0]];
  const rows = tokenRows(oracle.rows, oracle.targets).map((row, i) => ({ ...row, tags: tagged[i % 4] ?? [] }));
  const batch = { rows, labels, soft, cached: null };
  let loaded: LoadedProgram;
  beforeAll(async () => {
    const files = await readModel('public/models/softprompt-studio/tiny-support');
    loaded = await loadProgram({ id: 'x', files, backend: 'node-wasm', threads: 1 }, createNodeRunner, () => {});
  });
  afterAll(() => loaded.program.runner.dispose());

  it('have the mean loss of their labels, as computed from the scores', async () => {
    const { loss } = await batchGradient(loaded.program, batch);
    const scored = await new Engine(loaded).score({ rows, labels, soft, cacheKey: null });
    const losses = scored.rows.map(({ logProbs }, i) => tagLoss(logProbs, rows[i]?.tags ?? []).loss);
    expect(loss).toBeCloseTo(losses.reduce((sum, each) => sum + each, 0) / losses.length, 5);
  });

  it('have a gradient of the vectors that agrees with finite differences', async () => {
    const { directions } = await checkGradient(loaded.program, batch, { directions: 3 });
    for (const { relativeError } of directions) expect(relativeError).toBeLessThan(0.02);
  });

  it('have a gradient of the answer words that agrees with finite differences', async () => {
    const { answerGradient = new Float32Array(0) } = await batchGradient(loaded.program, batch);
    const shift = soft.answerShift ?? new Float32Array(0);
    const direction = answerGradient.map((slope) => Math.sign(slope));
    const at = async (step: number) => {
      const moved = { ...soft, answerShift: shift.map((value, i) => value + step * (direction[i] as number)) };
      const [loss = Number.NaN] = await batchLosses(loaded.program, { ...batch, soft: moved }, [soft.vectors]);
      return loss;
    };
    const numeric = ((await at(2e-3)) - (await at(-2e-3))) / 4e-3;
    const analytic = answerGradient.reduce((sum, slope, i) => sum + slope * (direction[i] as number), 0);
    expect(Math.abs(numeric - analytic) / analytic).toBeLessThan(0.02);
  });
});
