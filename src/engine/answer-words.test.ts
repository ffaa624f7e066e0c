import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { uninterrupted } from '../lib/control';
import { PLACEMENTS, type Placement, type SoftPrompt } from '../prompt/soft-prompt';
import { createNodeRunner } from '../runtime/ort-node';
import { batchGradient, batchLosses } from '../training/objective';
import { STANDARD, type TrainingSettings } from '../training/settings';
import { relativeError } from './conform';
import { Engine } from './engine';
import { type LoadedProgram, loadProgram } from './load';
import { modelFolders, readModel, singleTokens, tokenRows, trainToEnd } from './test-support';
import type { TrainRequest } from './types';

const TINY = 'test/fixtures/tiny-support';
const json = (path: string) => JSON.parse(readFileSync(path, 'utf8'));

interface Expected {
  readonly labelLogits: readonly (readonly number[])[];
  readonly labelLoss: number;
  readonly labelGrad: readonly (readonly number[])[];
  readonly answerGrad: readonly (readonly number[])[];
}

const load = async (folder: string): Promise<LoadedProgram> => {
  const files = await readModel(folder);
  return loadProgram({ id: 'x', files, backend: 'node-wasm', threads: 1 }, createNodeRunner, () => {});
};

describe('trained answer words', () => {
  const oracle = json(`${TINY}/oracle.json`);
  const answers = json(`${TINY}/answers.json`);
  const labels = singleTokens(oracle.labelTokenIds);
  const answerShift = Float32Array.from(answers.answerShift.flat());
  let loaded: LoadedProgram;
  beforeAll(async () => {
    loaded = await load('public/models/softprompt-studio/tiny-support');
  });
  afterAll(() => loaded.program.runner.dispose());
  const engine = () => new Engine(loaded);

  const soft = (placement: Placement): SoftPrompt => {
    const vectors = Float32Array.from(oracle.softPrompt.flat());
    return { placement, vectors, virtualTokens: oracle.softPrompt.length, hidden: oracle.softPrompt[0].length };
  };
  const rowsOf = (placement: Placement) => {
    const cue: readonly number[] = oracle.placements[placement].cue ?? [];
    return tokenRows(
      oracle.rows.map((ids: readonly number[]) => [...ids, ...cue]),
      oracle.targets,
    ).map((row) => ({ ...row, cue: cue.length }));
  };

  it.each(PLACEMENTS.filter((placement) => placement !== 'kv'))(
    'answer and learn as PyTorch computes: %s',
    async (placement) => {
      const want: Expected = answers.placements[placement];
      const prompt = { ...soft(placement), answerShift };
      const rows = rowsOf(placement);
      const scored = await engine().score({ rows, labels, soft: prompt, cacheKey: null });
      for (const [r, { logProbs }] of scored.rows.entries()) {
        const logits = want.labelLogits[r] ?? [];
        for (const c of logits.keys())
          expect((logProbs[c] ?? 0) - (logProbs[0] ?? 0)).toBeCloseTo((logits[c] ?? 0) - (logits[0] ?? 0), 4);
      }
      const found = await batchGradient(loaded.program, { rows, labels, soft: prompt, cached: null });
      expect(found.loss).toBeCloseTo(want.labelLoss, 5);
      expect(relativeError(found.gradient, want.labelGrad.flat())).toBeLessThan(1e-4);
      expect(relativeError(found.answerGradient ?? [], want.answerGrad.flat())).toBeLessThan(1e-5);
    },
  );

  it('that are not shifted answer to the bit as the model does', async () => {
    const rows = rowsOf('suffix');
    const plain = await engine().score({ rows, labels, soft: soft('suffix'), cacheKey: null });
    const zeros = { ...soft('suffix'), answerShift: new Float32Array(answerShift.length) };
    const shifted = await engine().score({ rows, labels, soft: zeros, cacheKey: null });
    expect(shifted.rows).toEqual(plain.rows);
  });

  const training = (change: Partial<TrainingSettings> = {}): TrainRequest => ({
    runId: 'run',
    train: rowsOf('suffix'),
    validation: rowsOf('suffix'),
    labels,
    settings: { ...STANDARD, virtualTokens: 4, steps: 12, patience: null, answerVectors: 'trained', ...change },
    initTokenIds: Int32Array.of(7, 8, 9),
    cacheKey: 'data',
    resume: null,
  });

  it('start as the model’s own, are trained beside the vectors and kept with the best step', async () => {
    const done = await trainToEnd(engine(), training());
    const fixed = await trainToEnd(engine(), training({ answerVectors: 'fixed' }));
    expect(done.checkpoint.validations[0]).toEqual(fixed.checkpoint.validations[0]);
    expect(done.answerShift?.length).toBe(labels.length * 96);
    expect(done.answerShift?.every((x) => x === 0)).toBe(false);
    expect(fixed.answerShift).toBeUndefined();
    const loss = (end: typeof done) => end.checkpoint.validations.at(-1)?.loss ?? 0;
    expect(loss(done)).toBeLessThan(loss(fixed));
  });

  it('start where those of an earlier prompt ended', async () => {
    const { vectors } = soft('suffix');
    const start = { kind: 'prompt', runId: 'before', at: 'best' } as const;
    const request = { ...training({ steps: 0, initialisation: start }), initFrom: { vectors, answerShift } };
    expect((await trainToEnd(engine(), request)).answerShift).toEqual(answerShift);
  });

  it('are refused where a word has several tokens, a text is generated, or the labels are others', async () => {
    const [first, ...others] = labels;
    const long = [{ label: 'a', word: ' a b', tokenIds: [5, 6] }, ...others];
    const refused = (request: TrainRequest) => expect(trainToEnd(engine(), request)).rejects;
    await refused({ ...training(), labels: long }).toThrow('The answer word of a has 2 tokens');
    const target = Int32Array.of(4, 5);
    const rows = rowsOf('suffix').map((row) => ({ ...row, target }));
    await refused({ ...training(), train: rows, validation: rows }).toThrow('no answer words to train');
    const request = {
      rows: rowsOf('suffix'),
      labels: [first, ...others.slice(1)].flatMap((l) => l ?? []),
      cacheKey: null,
    };
    await expect(engine().score({ ...request, soft: { ...soft('suffix'), answerShift } })).rejects.toThrow(
      'has trained the answer words of 4 labels, but 3 are asked for',
    );
    const { checkpoint } = await trainToEnd(engine(), training({ steps: 1 }));
    await refused({ ...training({ answerVectors: 'fixed' }), resume: checkpoint }).toThrow('other settings');
  });
});

/** What these models do to the product with the head has a slope of its own. */
describe.each(['gemma2-genaifull-fp32', 'cohere-optimum-fp32', 'granite-genai-fp32'])(
  'trained answer words of %s',
  (name) => {
    it('have the gradient of finite differences', async () => {
      const { program } = await load(`test/fixtures/exports/${name}`);
      const { hidden } = program.spec;
      const labels = singleTokens([100, 200, 300]);
      const rows = tokenRows(
        [
          [5, 6, 7, 8],
          [9, 10, 11],
        ],
        [0, 2],
      );
      const vectors = Float32Array.from({ length: 2 * hidden }, (_, i) => 0.1 * Math.sin(i));
      const shift = Float32Array.from({ length: 3 * hidden }, (_, i) => 0.1 * Math.cos(3 * i));
      const soft = { placement: 'suffix', vectors, virtualTokens: 2, hidden } as const;
      const lossAt = async (answerShift: Float32Array) =>
        (await batchLosses(program, { rows, labels, soft: { ...soft, answerShift }, cached: null }, [vectors]))[0] ?? 0;
      const prompt = { ...soft, answerShift: shift };
      const { answerGradient } = await batchGradient(program, { rows, labels, soft: prompt, cached: null });
      const direction = shift.map((_, i) => Math.sin(7 * i));
      const step = 0.05;
      const moved = (by: number) => shift.map((x, i) => x + by * (direction[i] ?? 0));
      const numeric = ((await lossAt(moved(step))) - (await lossAt(moved(-step)))) / (2 * step);
      const exact = (answerGradient ?? new Float32Array()).reduce((sum, g, i) => sum + g * (direction[i] ?? 0), 0);
      expect(Math.abs(numeric / exact - 1)).toBeLessThan(0.005);
      await program.runner.dispose();
    });
  },
);

it('the rows of the head give a model’s scores of tokens from its hidden states, on every fixture', async () => {
  const ids = [3, 11, 17];
  let scaled = 0;
  for (const { name, folder } of modelFolders()) {
    const engine = new Engine(await load(folder));
    const rows = tokenRows(
      [
        [5, 6, 7],
        [9, 4, 8, 2],
      ],
      [0, 1],
    );
    const { vectors, biases, scale, isCapped } = await engine.outputVectors(Int32Array.from(ids), uninterrupted);
    scaled += scale !== 1 ? 1 : 0;
    const { hidden } = engine.info;
    const states = await engine.states({ rows, cacheKey: null }, uninterrupted);
    const scored = await engine.score({ rows, labels: singleTokens(ids), soft: null, cacheKey: null });
    for (const [r, { logProbs }] of scored.rows.entries()) {
      const logits = ids.map(
        (_, k) =>
          scale *
          (Array.from(states.subarray(r * hidden, (r + 1) * hidden)).reduce(
            (sum, h, f) => sum + h * (vectors[k * hidden + f] ?? Number.NaN),
            biases[k] ?? 0,
          ) as number),
      );
      if (isCapped) continue;
      for (const k of ids.keys())
        expect((logProbs[k] ?? 0) - (logProbs[0] ?? 0), name).toBeCloseTo((logits[k] ?? 0) - (logits[0] ?? 0), 4);
    }
    await engine.dispose();
  }
  expect(scaled).toBeGreaterThan(0);
});
