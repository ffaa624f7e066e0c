import { expect, it } from 'vitest';
import { scoreRows } from '../inference/score';
import { createRng } from '../lib/rng';
import { createNodeRunner } from '../runtime/ort-node';
import type { TokenRow } from '../tokens/tokenizer';
import { batchGradient } from '../training/objective';
import { STANDARD } from '../training/settings';
import { startAdapters } from '../training/vectors';
import { Engine } from './engine';
import { loadProgram } from './load';
import { modelFolders, readModel, singleTokens, trainToEnd } from './test-support';

const labels = singleTokens([100, 200, 300]);

/** Labels depend on the last token. */
function randomRows(count: number, seed: number): TokenRow[] {
  const rng = createRng(seed);
  return Array.from({ length: count }, (_, i) => {
    const ids = Int32Array.from({ length: 6 + rng.int(20) }, () => 10 + rng.int(480));
    return { rowId: `r${seed}-${i}`, ids, label: (ids.at(-1) ?? 0) % 3 };
  });
}

async function loaded(name: string) {
  const folder = modelFolders().find((model) => model.name === name)?.folder ?? '';
  const files = await readModel(folder);
  return loadProgram(
    { id: name, files, backend: 'node-wasm', threads: 1, trains: 'adapters' },
    createNodeRunner,
    () => {},
  );
}

it.each([
  'llama-optimum-fp32', // rows of a matrix are outputs or inputs
  'llama-optimum-q4', // blocks of 4 bits
  'gpt_neox-optimum-fp32', // attention and MLP side by side, with biases
  'gemma2-genaifull-fp32', // norms behind the products, capped logits
])('the gradient of adapters is that of finite differences: %s', async (name) => {
  const { program } = await loaded(name);
  const rows = randomRows(4, 3);
  const { length } = startAdapters(program.spec.adapted ?? [], 0);
  const rng = createRng(1);
  const adapter = Float32Array.from({ length }, () => 0.03 * rng.normal());
  const at = (numbers: Float32Array) =>
    batchGradient({ ...program, adapter: numbers }, { rows, labels, soft: null, cached: null });
  const { gradient } = await at(adapter);
  const direction = gradient.map((g) => Math.sign(g) * Math.abs(rng.normal()) * 0.005);
  const slope = async (h: number) => {
    const [after, before] = [
      await at(adapter.map((x, i) => x + h * (direction[i] ?? 0))),
      await at(adapter.map((x, i) => x - h * (direction[i] ?? 0))),
    ];
    return (after.loss - before.loss) / (2 * h);
  };
  const numeric = (4 * (await slope(0.5)) - (await slope(1))) / 3;
  const analytic = gradient.reduce((sum, g, i) => sum + g * (direction[i] ?? 0), 0);
  expect(Math.abs(numeric / analytic - 1)).toBeLessThan(1e-3);
  await program.runner.dispose();
});

it('refuses a model whose last layer takes no adapters', async () => {
  await expect(loaded('gpt2-optimum-fp32')).rejects.toThrow('takes no adapters');
});

it('trains adapters from the model as it is, behind cached texts, and answers with them alone', async () => {
  const { program, info } = await loaded('llama-genai-int4');
  const engine = new Engine({ program, info });
  const train = randomRows(48, 1);
  const settings = { ...STANDARD, steps: 40, learningRate: 0.02, patience: null };
  const request = {
    runId: 'run',
    trains: 'adapters' as const,
    train,
    validation: randomRows(12, 2),
    labels,
    settings,
    initTokenIds: new Int32Array(0),
    cacheKey: 'texts',
    resume: null,
  };
  const { vectors, checkpoint } = await trainToEnd(engine, request);
  const untouched = await loadProgram(
    { id: 'x', files: await readModel('test/fixtures/models/llama-genai-int4'), backend: 'node-wasm', threads: 1 },
    createNodeRunner,
    () => {},
  );
  const before = await engine.score({ rows: train, labels, soft: null, cacheKey: 'texts' });
  const plain = await scoreRows(untouched.program, { rows: train, labels, soft: null, cached: null });
  const flat = (rows: readonly { readonly logProbs: readonly number[] }[]) => rows.flatMap(({ logProbs }) => logProbs);
  for (const [i, value] of flat(before.rows).entries()) expect(value).toBeCloseTo(flat(plain)[i] ?? 0, 4);
  const right = async (adapter?: Float32Array) => {
    const { rows } = await engine.score({
      rows: train,
      labels,
      soft: null,
      cacheKey: 'texts',
      ...(adapter && { adapter }),
    });
    return rows.filter(({ logProbs }, i) => logProbs.indexOf(Math.max(...logProbs)) === train[i]?.label).length;
  };
  expect(checkpoint.steps.at(-1)?.loss).toBeLessThan(checkpoint.steps[0]?.loss ?? 0);
  expect(await right(checkpoint.vectors)).toBeGreaterThan((await right()) + 8);
  expect(vectors.length).toBe(8 * (64 + 64 + 2 * (64 + 128) + 128 + 64));
  expect(flat((await engine.score({ rows: train, labels, soft: null, cacheKey: 'texts' })).rows)).toEqual(
    flat(before.rows),
  );
  await expect(trainToEnd(engine, { ...request, trains: 'vectors' })).rejects.toThrow('loaded to train adapters');
  const other = new Engine(untouched);
  await expect(trainToEnd(other, request)).rejects.toThrow('loaded to train vectors');
  await Promise.all([engine.dispose(), other.dispose()]);
});
