import { existsSync, readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { toFloat32 } from '../graph/dequantise';
import { normalise } from '../graph/normalise';
import { embeddingRows, run } from '../inference/run';
import { readStates, scoreRows } from '../inference/score';
import { TextCache } from '../inference/text-cache';
import { present } from '../lib/assert';
import { createNodeRunner } from '../runtime/ort-node';
import type { TokenRow } from '../tokens/tokenizer';
import { conform, largestDifference, type Oracle, softOf } from './conform';
import { type LoadedProgram, loadProgram, parseModel } from './load';
import { modelFolders, readModel, singleTokens, tokenRows } from './test-support';

const logSoftmax = (logits: readonly number[]) => {
  const normaliser = Math.log(logits.reduce((sum, x) => sum + Math.exp(x), 0));
  return logits.map((x) => x - normaliser);
};

/** Models whose head is their token embedding; the head of one is stored with fewer bits. */
const isTied = (folder: string) =>
  !folder.endsWith('/llama-optimum-q4') &&
  JSON.parse(readFileSync(`${folder}/config.json`, 'utf8')).tie_word_embeddings === true;
const dot = (a: Float32Array, b: Float32Array) => b.reduce((sum, x, i) => sum + x * (a[i] ?? Number.NaN), 0);

const MODELS = [
  ...modelFolders().map((model) => ({ ...model, oracleFolder: model.folder })),
  {
    name: 'tiny-support',
    folder: 'public/models/softprompt-studio/tiny-support',
    oracleFolder: 'test/fixtures/tiny-support',
  },
];

describe.each(MODELS)('$name agrees with PyTorch', ({ name, folder, oracleFolder }) => {
  let opened: Promise<LoadedProgram & { oracle: Oracle; rows: TokenRow[] }> | null = null;
  const open = () => {
    opened ??= (async () => {
      const files = await readModel(folder);
      const json = (name: string) => JSON.parse(readFileSync(`${oracleFolder}/${name}.json`, 'utf8'));
      const hasKeys = existsSync(`${oracleFolder}/keys.json`);
      const oracle: Oracle = { ...json('oracle'), ...(hasKeys && { keys: json('keys') }) };
      const request = { id: name, files, backend: 'node-wasm' as const, threads: 1 };
      const loaded = await loadProgram(request, createNodeRunner, () => {});
      return { ...loaded, oracle, rows: tokenRows(oracle.rows, oracle.targets) };
    })();
    return opened;
  };
  afterAll(async () => (await opened)?.program.runner.dispose());

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

  it.skipIf(!isTied(folder))('in its hidden states: the embedding of a token times them is its logit', async () => {
    const { program, oracle, rows } = await open();
    const { hidden } = program.spec;
    const states = await readStates(program, { rows, soft: null, cached: null });
    const words = await embeddingRows(program, oracle.labelTokenIds);
    const logits = rows.flatMap((_, r) =>
      oracle.labelTokenIds.map((_, c) =>
        dot(states.subarray(r * hidden), words.subarray(c * hidden, (c + 1) * hidden)),
      ),
    );
    expect(largestDifference(logits, oracle.noPrompt.labelLogits.flat())).toBeLessThan(1e-4);
  });

  it('in its token embeddings: rows of the table times its factor, also of repeated tokens', async () => {
    const { program } = await open();
    const { graph, embeddingTable, hidden, vocabulary } = normalise(parseModel(await readModel(folder)));
    const table = toFloat32(present(graph.initializers.get(embeddingTable.weight), 'table'));
    const ids = [vocabulary - 1, 0, 7, 7];
    const rows = ids.flatMap((id) => [...table.subarray(id * hidden, (id + 1) * hidden)]);
    const expected = Float32Array.from(rows, (x) => x * Math.fround(embeddingTable.scale));
    expect(await embeddingRows(program, ids)).toEqual(expected);
  });

  it('in every placement, for both losses, singly, right-padded and behind a past', async () => {
    const { program, oracle } = await open();
    for (const { name: way, loss, gradient, logits } of await conform(program, oracle)) {
      expect(loss ?? 0, way).toBeLessThan(1e-4);
      expect(gradient ?? 0, way).toBeLessThan(1e-4);
      expect(logits ?? 0, way).toBeLessThan(1e-4);
    }
  });

  it.skipIf(!/q4(?!qdq)|int4|fp16|tiny/.test(name))(
    'with small weights, in every placement, and in its token embeddings',
    async () => {
      const { program, info, oracle } = await open();
      const request = { id: name, files: await readModel(folder), backend: 'node-wasm' as const, threads: 1 };
      const small = await loadProgram({ ...request, memoryBytes: 1000 }, createNodeRunner, () => {});
      expect(small.info.weights).toMatchObject({ held: 'small' });
      const { fastBytes, smallBytes } = present(small.info.weights, 'weights');
      expect(smallBytes).toBeLessThan(fastBytes);
      // Each way of loading knows what the other takes.
      const other = present(info.weights, 'weights');
      expect(Math.abs((other.fastBytes - other.smallBytes) / (fastBytes - smallBytes) - 1)).toBeLessThan(0.15);
      expect(small.info.embeddingRms).toBeCloseTo(info.embeddingRms, 6);
      small.info.embeddingNorms.forEach((norm, i) => {
        expect(norm).toBeCloseTo(info.embeddingNorms[i] as number, 5);
      });
      const ids = [3, 1, 3];
      const [rows, expected] = [await embeddingRows(small.program, ids), await embeddingRows(program, ids)];
      expect(largestDifference(rows, [...expected])).toBeLessThan(1e-6);
      for (const { name: way, loss, gradient, logits } of await conform(small.program, oracle)) {
        expect(loss ?? 0, way).toBeLessThan(1e-4);
        expect(gradient ?? 0, way).toBeLessThan(1e-4);
        expect(logits ?? 0, way).toBeLessThan(1e-4);
      }
      await small.program.runner.dispose();
      const onGpu = loadProgram({ ...request, backend: 'webgpu', weights: 'small' }, createNodeRunner, () => {});
      await expect(onGpu).rejects.toMatchObject({ code: 'bad-input' });
    },
  );

  describe.each(['prefix', 'suffix'] as const)('%s', (placement) => {
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
