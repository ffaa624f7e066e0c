import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { textEnd } from '../inference/program';
import { scoreTargets } from '../inference/score';
import { uninterrupted } from '../lib/control';
import { createRng } from '../lib/rng';
import { numbersEach, PLACEMENTS, type SoftPrompt } from '../prompt/soft-prompt';
import { createNodeRunner } from '../runtime/ort-node';
import type { TokenRow } from '../tokens/tokenizer';
import type { Checkpoint, ValidationPoint } from '../training/events';
import { batchGradient } from '../training/objective';
import { STANDARD } from '../training/settings';
import { Engine } from './engine';
import { checkGradient } from './gradient-check';
import { type LoadedProgram, loadProgram } from './load';
import { FIXTURES, readModel, trainToEnd } from './test-support';
import type { TrainRequest } from './types';

const END = 5;

/** Rows whose targets follow from their first free token, of one to four tokens and an end. */
const randomRows = (count: number, seed: number): TokenRow[] => {
  const rng = createRng(seed);
  return Array.from({ length: count }, (_, i) => {
    const ids = Int32Array.from({ length: 6 + rng.int(20) }, (_, t) => (t < 3 ? 40 + t : 10 + rng.int(480)));
    const kind = (ids[3] ?? 0) % 4;
    const target = Int32Array.from([...Array.from({ length: kind + 1 }, (_, t) => 100 + 10 * kind + t), END]);
    return { rowId: `r${seed}-${i}`, ids, cue: 2, label: null, target };
  });
};

/** The program, telling of each run of the graph as it begins. */
const countingRuns = (program: LoadedProgram['program'], onRun: () => void): LoadedProgram['program'] => ({
  ...program,
  runner: {
    ...program.runner,
    run: (feeds, fetches) => {
      onRun();
      return program.runner.run(feeds, fetches);
    },
  },
});

describe.each(['llama-genai-int4', 'gpt2-optimum-fp32'])('writing with %s', (model) => {
  let loaded: LoadedProgram;
  beforeAll(async () => {
    const files = await readModel(`${FIXTURES}/${model}`);
    loaded = await loadProgram({ id: 'x', files, backend: 'node-wasm', threads: 1 }, createNodeRunner, () => {});
  });
  afterAll(() => loaded.program.runner.dispose());

  const soft = (placement: SoftPrompt['placement']): SoftPrompt => {
    const rng = createRng(9);
    const { hidden, layers, kvHeads, headDim } = loaded.program.spec;
    const end = textEnd(loaded.program.spec);
    const heads = { layers, kvHeads, headDim, position: end && end - 2 };
    const form = { hidden, ...(placement === 'kv' && { heads }) };
    const vectors = Float32Array.from({ length: 4 * numbersEach(form) }, () => 0.1 * rng.normal());
    return { placement, vectors, virtualTokens: 4, ...form };
  };

  it.each([
    [null, null],
    ['prefix', null],
    ['suffix', null],
    ['suffix', 'kept'],
    ['infix', null],
    ['infix', 'kept'],
  ] as const)('side by side as one by one: vectors %s, cache %s', async (placement, cacheKey) => {
    const engine = new Engine(loaded);
    const rows = randomRows(12, 3);
    const prompt = placement && soft(placement);
    const request = { rows, soft: prompt, cacheKey, maxNewTokens: 6, endTokenIds: [END], breakTokenIds: [] };
    const written = await engine.write(request);
    for (const [i, row] of rows.entries()) {
      const alone = await engine.generate(
        {
          ids: row.ids,
          cue: row.cue,
          soft: prompt,
          maxNewTokens: 6,
          temperature: 0,
          topP: 1,
          seed: 0,
          endTokenIds: [END],
        },
        uninterrupted,
      );
      expect(Array.from(written[i]?.ids ?? [])).toEqual(Array.from(alone.ids));
    }
  });

  it.each(PLACEMENTS)('to the last position of the model: %s', async (placement) => {
    const context = loaded.program.spec.contextLength ?? 0;
    const prompt = soft(placement);
    const [row] = randomRows(1, 3) as [TokenRow];
    const asked = { soft: prompt, maxNewTokens: context, temperature: 0, topP: 1, seed: 0, endTokenIds: [] };
    const { ids } = await new Engine(loaded).generate({ ...row, ...asked }, uninterrupted);
    const before = prompt.heads?.position ?? row.ids.length - 2;
    expect(ids.length).toBe(context - (placement === 'kv' ? before + 4 + 2 : row.ids.length + 4));
    const kept = { rows: [row], soft: prompt, cacheKey: null, endTokenIds: [], breakTokenIds: [] };
    const write = (maxNewTokens: number) => new Engine(loaded).write({ ...kept, maxNewTokens });
    expect(Array.from((await write(ids.length))[0]?.ids ?? [])).toEqual(Array.from(ids));
    await expect(write(ids.length + 1)).rejects.toMatchObject({ code: 'too-long' });
  });

  it('drops a line break at the start, and ends at a later one', async () => {
    const engine = new Engine(loaded);
    const rows = randomRows(4, 6);
    const free = { rows, soft: soft('prefix'), cacheKey: null, maxNewTokens: 6, endTokenIds: [], breakTokenIds: [] };
    const whole = (await engine.write(free)).map(({ ids }) => Array.from(ids));
    const breakTokenIds = [...new Set(whole.map((ids) => ids[0] as number))];
    const broken = await engine.write({ ...free, breakTokenIds });
    broken.forEach(({ ids }, i) => {
      const rest = (whole[i] ?? []).slice((whole[i] ?? []).findIndex((id) => !breakTokenIds.includes(id)));
      const end = rest.findIndex((id) => breakTokenIds.includes(id));
      const isAllBreaks = (whole[i] ?? []).every((id) => breakTokenIds.includes(id));
      expect(Array.from(ids)).toEqual(isAllBreaks ? [] : end < 0 ? rest : rest.slice(0, end));
    });
  });

  it.each([6, 0])('reports all rows as done at the end, with %s tokens', async (maxNewTokens) => {
    let runs = 0;
    const counting = countingRuns(loaded.program, () => runs++);
    const reported: { readonly done: number; readonly runs: number }[] = [];
    const request = { soft: null, cacheKey: null, maxNewTokens, endTokenIds: [], breakTokenIds: [] };
    const rows = randomRows(40, 7);
    await new Engine({ ...loaded, program: counting }).write({ ...request, rows }, undefined, (done) => {
      reported.push({ done, runs });
    });
    const done = reported.map((each) => each.done);
    expect(done).toEqual([...done].sort((a, b) => a - b));
    expect(reported.find((each) => each.done >= rows.length)).toEqual({ done: rows.length, runs });
  });

  it('stops after the current run, whichever that is', async () => {
    const control = { requested: null as 'cancel' | null };
    let runs = 0;
    let last = Number.POSITIVE_INFINITY;
    const counting = countingRuns(loaded.program, () => {
      if (++runs === last) control.requested = 'cancel';
    });
    // An instruction that is longer than a run.
    const instruction = Array.from({ length: 200 }, (_, t) => 10 + t);
    const rows = randomRows(4, 8).map((row) => ({ ...row, ids: Int32Array.from([...instruction, ...row.ids]) }));
    const request = { rows, soft: soft('suffix'), maxNewTokens: 4, endTokenIds: [], breakTokenIds: [] };
    for (const cacheKey of [null, 'kept']) {
      const write = () => new Engine({ ...loaded, program: counting }).write({ ...request, cacheKey }, control);
      [runs, last, control.requested] = [0, Number.POSITIVE_INFINITY, null];
      await write();
      const all = runs;
      expect(all).toBeGreaterThan(6);
      for (let at = 1; at < all; at++) {
        [runs, last, control.requested] = [0, at, null];
        await expect(write()).rejects.toMatchObject({ code: 'cancelled' });
        expect(runs).toBe(at);
      }
    }
  });

  it('a target is more likely the more of it equals the generated text', async () => {
    const engine = new Engine(loaded);
    const rows = randomRows(6, 4);
    const request = { rows, soft: soft('suffix'), cacheKey: null, maxNewTokens: 5, endTokenIds: [], breakTokenIds: [] };
    const written = await engine.write(request);
    const own = rows.map((row, i) => ({ ...row, target: written[i]?.ids ?? new Int32Array(0) }));
    const again = await engine.write({ ...request, rows: own });
    for (const { target } of again) expect(target).toMatchObject({ tokens: 5, correct: 5 });
    again.forEach(({ target }, i) => {
      expect(target?.logProb).toBeGreaterThan(
        (5 / (written[i]?.target?.tokens ?? 1)) * (written[i]?.target?.logProb ?? 0),
      );
    });
  });

  it.each(PLACEMENTS)('the loss is that of the scores, its gradient the slope: %s', async (placement) => {
    const rows = randomRows(5, 5);
    const batch = { rows, labels: [], soft: soft(placement), cached: null };
    const { loss } = await batchGradient(loaded.program, batch);
    const scores = await scoreTargets(loaded.program, { rows, soft: batch.soft, cached: null });
    const mean = -scores.reduce((sum, { logProb, tokens }) => sum + logProb / tokens, 0) / rows.length;
    expect(loss).toBeCloseTo(mean, 4);
    const { directions } = await checkGradient(loaded.program, batch);
    for (const { relativeError } of directions) expect(relativeError).toBeLessThan(0.01);
  });

  it('learns to write, keeps the lowest validation loss, and resumes from a checkpoint to the same bits', async () => {
    const request: TrainRequest = {
      runId: 'run',
      train: randomRows(32, 1),
      validation: randomRows(8, 2),
      labels: [],
      settings: {
        ...STANDARD,
        virtualTokens: 6,
        steps: 60,
        learningRate: 0.05,
        patience: null,
        validateEvery: 30,
        checkpointEvery: 20,
        metric: 'loss',
      },
      initTokenIds: Int32Array.of(7, 8, 9),
      cacheKey: 'data',
      resume: null,
    };
    const kept: Checkpoint[] = [];
    const { checkpoint, bestStep } = await trainToEnd(new Engine(loaded), request, (event) => {
      if (event.kind === 'checkpoint') kept.push(event.checkpoint);
    });
    const losses = checkpoint.validations.map(({ loss }) => loss);
    expect(bestStep).toBe(checkpoint.validations[losses.indexOf(Math.min(...losses))]?.step);
    const [early = null] = kept;
    expect(early?.step).toBe(20);
    const resumed = await trainToEnd(new Engine(loaded), { ...request, resume: early });
    expect(resumed.checkpoint.vectors).toEqual(checkpoint.vectors);
    const [before, , after] = checkpoint.validations;
    expect(after?.loss).toBeLessThan((before?.loss ?? 0) - 1);
    expect(after).toMatchObject({ kind: 'generate' });
    const share = (point?: ValidationPoint) => (point?.kind === 'generate' ? point.tokenShare : Number.NaN);
    expect(share(after)).toBeGreaterThan(share(before) + 0.1);
  });

  it('refuses a row with an empty target', async () => {
    const rows = [...randomRows(2, 1), { rowId: 'none', ids: Int32Array.of(40, 41), label: null }];
    const settings = { ...STANDARD, steps: 1 };
    const request = {
      runId: 'r',
      train: rows,
      validation: [],
      labels: [],
      settings,
      initTokenIds: Int32Array.of(7),
      cacheKey: 'x',
      resume: null,
    };
    await expect(trainToEnd(new Engine(loaded), request)).rejects.toThrow('Row none has no text to learn');
  });
});
