import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { textEnd } from '../inference/program';
import { run } from '../inference/run';
import { scoreRows } from '../inference/score';
import { TextCache } from '../inference/text-cache';
import { uninterrupted } from '../lib/control';
import { createRng } from '../lib/rng';
import { TRANSFER_FILE } from '../model/card';
import { writeSafetensors } from '../prompt/codecs';
import { numbersEach, PLACEMENTS, type Placement, type SoftPrompt } from '../prompt/soft-prompt';
import { createNodeRunner } from '../runtime/ort-node';
import type { HostTensor } from '../runtime/types';
import { FIXED_TOKENS, type LabelTokens, type TokenRow } from '../tokens/tokenizer';
import type { Checkpoint } from '../training/events';
import { batchGradient } from '../training/objective';
import { STANDARD } from '../training/settings';
import { largestDifference, relativeError } from './conform';
import { Engine } from './engine';
import { checkGradient } from './gradient-check';
import { type LoadedProgram, loadProgram } from './load';
import { FIXTURES, readModel, singleTokens, trainToEnd } from './test-support';
import type { ScoreRequest, TrainRequest } from './types';

/** Where vectors are among the tokens; keys and values are tried in keys.test.ts too. */
const AS_TOKENS = PLACEMENTS.filter((placement) => placement !== 'kv');

/** Tokens of each row's cue. */
const CUE = 2;

/** A row's ids with others where vectors would be. */
function spliced(ids: Int32Array, others: Iterable<number>, placement: Placement | null): Int32Array {
  const at = placement ? { prefix: 0, suffix: ids.length, infix: ids.length - CUE, kv: Number.NaN }[placement] : 0;
  return Int32Array.from([...ids.subarray(0, at), ...others, ...ids.subarray(at)]);
}

/** Rows that begin alike, of different lengths; labels that depend on their first free token. */
function randomRows(count: number, seed: number, longest = 40): TokenRow[] {
  const rng = createRng(seed);
  return Array.from({ length: count }, (_, i) => {
    const length = 6 + rng.int(longest - 6);
    const ids = Int32Array.from({ length }, (_, t) => (t < 3 ? 40 + t : 10 + rng.int(480)));
    return { rowId: `r${seed}-${i}`, ids, cue: CUE, label: (ids[3] ?? 0) % 3 };
  });
}

const labels = singleTokens([100, 200, 300]);
const KV_BYTES_PER_TOKEN = 2 * 2 * 2 * 16 * 4;

describe('the engine on a small model', () => {
  let loaded: LoadedProgram;
  beforeAll(async () => {
    const request = {
      id: 'x',
      files: await readModel(`${FIXTURES}/llama-genai-int4`),
      backend: 'node-wasm' as const,
      threads: 1,
    };
    loaded = await loadProgram(request, createNodeRunner, () => {});
  });
  afterAll(() => loaded.program.runner.dispose());

  const engine = (budgetBytes = 1e9) => new Engine(loaded, { budgetBytes });
  const soft = (placement: SoftPrompt['placement'], virtualTokens = 4): SoftPrompt => {
    const rng = createRng(9);
    const { layers, kvHeads, headDim, hidden } = loaded.program.spec;
    const position = (textEnd(loaded.program.spec) ?? 0) - CUE;
    const form = { hidden, ...(placement === 'kv' && { heads: { layers, kvHeads, headDim, position } }) };
    const vectors = Float32Array.from({ length: virtualTokens * numbersEach(form) }, () => 0.1 * rng.normal());
    return { placement, vectors, virtualTokens, ...form };
  };
  const logProbs = (scored: readonly { readonly logProbs: readonly number[] }[]) =>
    scored.flatMap((row) => row.logProbs);

  const training = (change: Partial<TrainRequest> = {}): TrainRequest => ({
    runId: 'run',
    train: randomRows(24, 1),
    validation: randomRows(10, 2),
    labels,
    settings: { ...STANDARD, virtualTokens: 4, steps: 40, learningRate: 0.02, patience: null, checkpointEvery: 15 },
    initTokenIds: Int32Array.of(7, 8, 9),
    cacheKey: 'data',
    resume: null,
    ...change,
  });

  describe('scoring', () => {
    const rows = randomRows(30, 3);
    const request: ScoreRequest = { rows, labels, soft: null, cacheKey: null };

    it.each([null, ...PLACEMENTS])(
      'shares the common prefix, and uses the text cache, without a trace: %s',
      async (placement) => {
        const prompt = placement && soft(placement);
        const alone: number[][] = [];
        for (const row of rows)
          alone.push(
            ...(await engine().score({ ...request, rows: [row], soft: prompt })).rows.map((r) => [...r.logProbs]),
          );
        const together = await engine().score({ ...request, soft: prompt });
        const cached = engine();
        const first = await cached.score({ ...request, soft: prompt, cacheKey: 'a' });
        const again = await cached.score({ ...request, soft: prompt, cacheKey: 'a' });
        expect(largestDifference(logProbs(together.rows), alone.flat())).toBeLessThan(1e-5);
        expect(largestDifference(logProbs(first.rows), alone.flat())).toBeLessThan(1e-5);
        expect(largestDifference(logProbs(again.rows), logProbs(first.rows))).toBeLessThan(1e-6);
      },
    );

    it('counts the tokens that it would run: no text that is read, a common beginning once', async () => {
      const one = engine();
      const count = (...requests: readonly Partial<ScoreRequest>[]) =>
        one.tokensToRun(
          requests.map((change) => ({ ...request, ...change })),
          uninterrupted,
        );
      const length = rows.reduce((sum, { ids }) => sum + ids.length, 0);
      const fixed = FIXED_TOKENS * rows.length;
      const once = length - 3 * (rows.length - 1); // the rows begin with the same three tokens
      expect(await count({}, { soft: soft('prefix') })).toEqual([fixed + once, fixed + once + 4]);
      const cached = { cacheKey: 'a' };
      const after = { ...cached, soft: soft('suffix') };
      const vectors = fixed + 4 * rows.length;
      expect(await count(cached, after)).toEqual([fixed + once + rows.length, vectors]);
      await one.score({ ...request, ...cached });
      expect(await count(cached, {}, after)).toEqual([fixed + rows.length, fixed + once, vectors]);
    });

    it('counts the tokens sent and the tokens a new row costs', async () => {
      const prompt = soft('suffix');
      const { rows: scored } = await engine().score({ ...request, soft: prompt });
      scored.forEach((row, i) => {
        const length = rows[i]?.ids.length ?? 0;
        expect(row).toMatchObject({ rowId: rows[i]?.rowId, tokensSent: length + 4, tokensComputed: length + 4 - 3 });
      });
    });

    it('runs texts longer than a run in pieces', async () => {
      const long = randomRows(2, 4, 60).map((row, i) => ({
        ...row,
        ids: Int32Array.from({ length: 900 + i }, (_, t) => row.ids[t % row.ids.length] ?? 0),
      }));
      const context = loaded.info.contextLength ?? 0;
      const fitting = long.map((row) => ({ ...row, ids: row.ids.subarray(0, Math.min(row.ids.length, context - 8)) }));
      const pieces = await engine().score({ ...request, rows: fitting, soft: soft('prefix') });
      expect(pieces.rows.every((row) => row.logProbs.every(Number.isFinite))).toBe(true);
    });

    it('half-precision storage changes little, and no room changes nothing', async () => {
      const tokens = rows.reduce((sum, row) => sum + row.ids.length, 0);
      const exact = await engine().score({ ...request, soft: soft('suffix') });
      const half = await engine(0.6 * tokens * KV_BYTES_PER_TOKEN).score({
        ...request,
        soft: soft('suffix'),
        cacheKey: 'a',
      });
      const none = await engine(0).score({ ...request, soft: soft('suffix'), cacheKey: 'a' });
      expect(largestDifference(logProbs(half.rows), logProbs(exact.rows))).toBeLessThan(2e-3);
      expect(logProbs(half.rows)).not.toEqual(logProbs(exact.rows));
      expect(largestDifference(logProbs(none.rows), logProbs(half.rows))).toBeLessThan(1e-5);
    });

    it('stops between runs', async () => {
      const control = { requested: null as 'cancel' | null };
      const many = randomRows(60, 5);
      const running = engine().score({ ...request, rows: many }, control, () => {
        control.requested = 'cancel';
      });
      await expect(running).rejects.toMatchObject({ code: 'cancelled' });
    });

    it.each([null, ...AS_TOKENS])('a text that is typed costs what is new of it: %s', async (placement) => {
      const counted: number[] = [];
      const runner = {
        ...loaded.program.runner,
        run: (feeds: Readonly<Record<string, HostTensor>>, fetches: readonly string[]) => {
          counted.push(feeds[loaded.program.spec.inputs.ids]?.dims[1] ?? 0);
          return loaded.program.runner.run(feeds, fetches);
        },
      };
      const typing = new Engine({ ...loaded, program: { ...loaded.program, runner } }, { budgetBytes: 0 });
      const text = randomRows(1, 13)[0]?.ids ?? new Int32Array(0);
      const prompts = placement
        ? [soft(placement), { ...soft(placement), vectors: soft(placement).vectors.map((x) => -x) }]
        : [null];
      for (const length of [12, 20, 21, 15])
        for (const prompt of prompts) {
          const ids =
            length === 15
              ? Int32Array.from(text.subarray(0, 15), (id, t) => (t === 10 ? id + 1 : id))
              : text.subarray(0, length);
          const row = { rowId: 'typed', ids, cue: CUE, label: null };
          const { rows: found } = await typing.score({ ...request, rows: [row], soft: prompt });
          const { rows: expected } = await engine().score({ ...request, rows: [row], soft: prompt });
          expect(largestDifference(logProbs(found), logProbs(expected))).toBeLessThan(1e-5);
        }
      const whole = (12 + 20 + 21 + 15 + (placement ? 16 : 0)) * prompts.length;
      expect(counted.reduce((sum, tokens) => sum + tokens, 0)).toBeLessThan(whole * 0.8);
    });

    it('reads the same hidden states alone, together and from the text cache', async () => {
      const whole = await engine().states({ rows, cacheKey: null }, uninterrupted);
      expect(whole).toHaveLength(rows.length * 64);
      const warm = engine();
      await warm.score({ ...request, cacheKey: 'rows' });
      expect(
        largestDifference(await warm.states({ rows, cacheKey: 'rows' }, uninterrupted), Array.from(whole)),
      ).toBeLessThan(1e-4);
      const [row] = rows.slice(7);
      const alone = await engine().states({ rows: row ? [row] : [], cacheKey: null }, uninterrupted);
      expect(largestDifference(alone, Array.from(whole.subarray(7 * 64, 8 * 64)))).toBeLessThan(1e-4);
    });

    it('reads a row by its text, wherever the same row has been read with another text before', async () => {
      const of = (rowId: string, ...ids: number[]): TokenRow => ({ rowId, ids: Int32Array.from(ids), label: null });
      const [before, after, b, c] = [
        of('a', 40, 41, 42),
        of('a', 50, 51, 52),
        of('b', 60, 61, 62),
        of('c', 70, 71, 72),
      ];
      const warm = engine();
      const ask = (of: Engine, ...rows: TokenRow[]) => of.states({ rows, cacheKey: 'rows' }, uninterrupted);
      await ask(warm, before, b);
      await ask(warm, after, c);
      expect(largestDifference(await ask(warm, after, b), Array.from(await ask(engine(), after, b)))).toBeLessThan(
        1e-4,
      );
    });

    it('reads what follows each row and a cue, for the most likely tokens of a list and those asked for', async () => {
      const cue = Int32Array.of(9, 11);
      const asked = { cue, among: Int32Array.from({ length: 60 }, (_, i) => 3 * i), always: Int32Array.of(7) };
      const whole = await engine().nextTokens({ rows, cacheKey: null, ...asked, most: 61 }, uninterrupted);
      expect(whole.ids).toHaveLength(61);
      const few = await engine().nextTokens({ rows, cacheKey: 'rows', ...asked, most: 5 }, uninterrupted);
      const mean = (j: number) => rows.reduce((sum, _, i) => sum + (whole.logProbs[i * 61 + j] ?? 0), 0) / rows.length;
      const best = [...whole.ids.keys()].toSorted((a, b) => mean(b) - mean(a));
      const kept = [...new Set([...best.slice(0, 5), whole.ids.indexOf(7)])].toSorted((a, b) => a - b);
      expect(Array.from(few.ids)).toEqual(kept.map((j) => whole.ids[j]));
      for (const i of rows.keys())
        kept.forEach((j, k) => {
          expect(few.logProbs[i * kept.length + k]).toBeCloseTo(whole.logProbs[i * 61 + j] ?? 0, 3);
        });
      const labels = singleTokens([0, 6, 9]);
      const withCue = rows.map((row) => ({ ...row, ids: Int32Array.from([...row.ids, ...cue]) }));
      const { rows: scored } = await engine().score({ ...request, rows: withCue, labels });
      scored.forEach(({ logProbs }, i) => {
        const own = [0, 6, 9].map((id) => whole.logProbs[i * 61 + whole.ids.indexOf(id)] ?? 0);
        expect((own[0] ?? 0) - (own[1] ?? 0)).toBeCloseTo((logProbs[0] ?? 0) - (logProbs[1] ?? 0), 3);
      });
      // of no others: probabilities among themselves
      const among = Int32Array.of(9, 0, 6);
      const alone = await engine().nextTokens(
        { rows, cacheKey: null, cue, among, always: among, most: 0 },
        uninterrupted,
      );
      expect(Array.from(alone.ids)).toEqual([0, 6, 9]);
      scored.forEach(({ logProbs }, i) => {
        for (const [c, value] of logProbs.entries()) expect(alone.logProbs[3 * i + c]).toBeCloseTo(value, 3);
      });
    });

    it('returns no scores for no rows', async () => {
      expect((await engine().score({ ...request, rows: [] })).rows).toEqual([]);
    });
  });

  describe('answer words of several tokens', () => {
    const words: LabelTokens[] = [
      { label: 'a', word: ' a', tokenIds: [100, 101, 102] },
      { label: 'b', word: ' b', tokenIds: [100, 103] },
      { label: 'c', word: ' c', tokenIds: [200] },
    ];

    it.each([null, ...AS_TOKENS])('are scored by the mean log-probability of their tokens: %s', async (placement) => {
      const rows = randomRows(5, 6);
      const prompt = placement && soft(placement);
      const { rows: scored } = await engine().score({ rows, labels: words, soft: prompt, cacheKey: null });
      for (const [i, row] of rows.entries()) {
        const scores: number[] = [];
        for (const { tokenIds } of words) {
          const virtual = Array.from({ length: prompt?.virtualTokens ?? 0 }, (_, j) => ~j);
          const text = spliced(row.ids, virtual, placement);
          let sum = 0;
          for (const [t, id] of tokenIds.entries()) {
            const tokens = Int32Array.from([...text, ...tokenIds.slice(0, t)]);
            const { logits } = await run(loaded.program, [{ tokens, past: null, reads: [tokens.length - 1] }], {
              soft: prompt,
              candidates: null,
              objective: null,
              keepPresent: false,
            });
            sum += (logits[id] ?? 0) - Math.log(logits.reduce((total, x) => total + Math.exp(x), 0));
          }
          scores.push(sum / tokenIds.length);
        }
        const normaliser = Math.log(scores.reduce((total, x) => total + Math.exp(x), 0));
        expect(
          largestDifference(
            scored[i]?.logProbs ?? [],
            scores.map((x) => x - normaliser),
          ),
        ).toBeLessThan(1e-4);
      }
    });

    it.each(PLACEMENTS)('have the gradient of their loss: %s', async (placement) => {
      const rows = randomRows(6, 7);
      const { directions: checks } = await checkGradient(loaded.program, {
        rows,
        labels: words,
        soft: soft(placement),
        cached: null,
      });
      for (const check of checks) expect(check.relativeError).toBeLessThan(2e-3);
    });

    it('train', async () => {
      const { checkpoint } = await trainToEnd(engine(), training({ labels: words }));
      const losses = checkpoint.steps.map((point) => point.loss);
      expect(losses.at(-1)).toBeLessThan((losses[0] ?? 0) * 0.9);
    });
  });

  describe('probabilities that another prompt gave', () => {
    const taughtRows = (count: number, seed: number) => {
      const rng = createRng(seed);
      return randomRows(count, seed).map((row) => {
        const shares = [rng.next(), rng.next(), rng.next()];
        const sum = shares.reduce((total, share) => total + share, 0);
        return { ...row, taught: shares.map((share) => share / sum) };
      });
    };
    const taught = (change: Partial<TrainRequest> = {}) =>
      training({ train: taughtRows(24, 1), validation: taughtRows(10, 2), ...change });

    it.each(PLACEMENTS)('have the gradient of their divergence: %s', async (placement) => {
      const asked = { rows: taughtRows(6, 7), labels, soft: soft(placement), cached: null };
      const { directions: checks } = await checkGradient(loaded.program, asked);
      for (const check of checks) expect(check.relativeError).toBeLessThan(2e-3);
    });

    it('cost nothing where they are what the vectors answer, and what labels cost where they are certain', async () => {
      const rows = randomRows(6, 7);
      const { rows: answers } = await engine().score({ rows, labels, soft: soft('suffix'), cacheKey: null });
      const own = rows.map((row, i) => ({ ...row, taught: answers[i]?.logProbs.map(Math.exp) ?? [] }));
      const certain = rows.map((row) => ({ ...row, taught: labels.map((_, c) => Number(c === row.label)) }));
      const of = (some: readonly TokenRow[]) =>
        batchGradient(loaded.program, { rows: some, labels, soft: soft('suffix'), cached: null });
      expect(Math.abs((await of(own)).loss)).toBeLessThan(1e-5);
      const [byLabel, byShares] = [await of(rows), await of(certain)];
      expect(Math.abs(byLabel.loss - byShares.loss)).toBeLessThan(1e-6);
      expect(relativeError(byShares.gradient, [...byLabel.gradient])).toBeLessThan(1e-6);
    });

    it('are learned, and choose the kept step by their divergence', async () => {
      const { checkpoint } = await trainToEnd(engine(), taught());
      const losses = checkpoint.validations.map(({ loss }) => loss);
      expect(losses.at(-1)).toBeLessThan(0.8 * (losses[0] ?? 0));
      const first = taughtRows(10, 2).map((row) => ({ ...row, label: ((row.label ?? 0) + 1) % 3 }));
      const other = await trainToEnd(engine(), taught({ validation: first }));
      expect(other.checkpoint.validations.map(({ loss }) => loss)).toEqual(losses);
    });

    it.each([
      ['too few', [1]],
      ['negative', [1.5, -0.5, 0]],
      ['no numbers', [Number.NaN, 0.5, 0.5]],
      ['a sum other than 1', [0.5, 0.2, 0.2]],
    ])('are refused: %s', async (_, shares) => {
      const rows = taughtRows(4, 1).map((row) => ({ ...row, taught: shares }));
      await expect(trainToEnd(engine(), taught({ train: rows }))).rejects.toThrow('no probability for each label');
    });

    it('are refused for answer words of several tokens', async () => {
      const long = [{ label: 'a', word: ' a b', tokenIds: [5, 6] }, ...labels.slice(1)];
      await expect(trainToEnd(engine(), taught({ labels: long }))).rejects.toThrow('has 2 tokens');
    });
  });

  it('a split batch has the same gradient as the whole one', async () => {
    const rows = randomRows(40, 8);
    for (const placement of PLACEMENTS) {
      const batch = { rows, labels, soft: soft(placement), cached: null };
      const split = await batchGradient(loaded.program, batch);
      const sum = new Float64Array(split.gradient.length);
      let loss = 0;
      for (const row of rows) {
        const one = await batchGradient(loaded.program, { ...batch, rows: [row] });
        loss += one.loss / rows.length;
        one.gradient.forEach((g, i) => {
          sum[i] = (sum[i] ?? 0) + g / rows.length;
        });
      }
      expect(Math.abs(split.loss - loss)).toBeLessThan(1e-5);
      expect(relativeError(split.gradient, Array.from(sum))).toBeLessThan(1e-5);
    }
  });

  describe('training', () => {
    it.each(PLACEMENTS)('learns, deterministically: %s', async (placement) => {
      const request = training();
      const settings = { ...request.settings, placement };
      const [a, b] = [
        await trainToEnd(engine(), { ...request, settings }),
        await trainToEnd(engine(), { ...request, settings }),
      ];
      const losses = a.checkpoint.steps.map((point) => point.loss);
      expect(losses.at(-1)).toBeLessThan((losses[0] ?? 0) * 0.9);
      expect(a.vectors).toEqual(b.vectors);
      expect(a.checkpoint.environment).toContain(placement === 'prefix' ? 'no cache' : 'float32 cache');
    });

    it.each([
      ['suffix, all kept', 1e9],
      ['suffix, half precision', 0.7],
      ['suffix, some rows without room', 0.3],
    ])('resumes to the same bits, whatever was scored before: %s', async (_, room) => {
      const request = training();
      const tokens = [...request.train, ...request.validation].reduce((sum, row) => sum + row.ids.length, 0);
      const cacheBytes = room > 1 ? room : room * tokens * KV_BYTES_PER_TOKEN;
      const whole = await trainToEnd(engine(cacheBytes), request);
      let saved: Checkpoint | null = null;
      await trainToEnd(engine(cacheBytes), request, (event) => {
        if (event.kind === 'checkpoint' && event.checkpoint.step === 15) saved = structuredClone(event.checkpoint);
      });
      const other = engine(cacheBytes);
      const mixed = [...request.validation.slice(2), ...request.train.slice(5)].reverse();
      await other.score({ rows: mixed, labels, soft: null, cacheKey: request.cacheKey });
      const resumed = await trainToEnd(other, { ...request, resume: saved });
      expect(resumed.vectors).toEqual(whole.vectors);
      expect(resumed.checkpoint.vectors).toEqual(whole.checkpoint.vectors);
      expect(resumed.checkpoint.validations).toEqual(whole.checkpoint.validations);
    });

    it('starts from the embeddings of its text: step 0 scores like the text itself', async () => {
      const request = training();
      for (const placement of AS_TOKENS) {
        const settings = { ...request.settings, placement, virtualTokens: 3, steps: 1 };
        const { checkpoint } = await trainToEnd(engine(), { ...request, settings });
        const text = request.initTokenIds;
        const hard = request.validation.map((row) => ({
          ...row,
          ids: spliced(row.ids, text, placement),
        }));
        const { rows } = await engine().score({ rows: hard, labels, soft: null, cacheKey: null });
        const loss = rows.reduce((sum, row, i) => sum - (row.logProbs[hard[i]?.label ?? 0] ?? 0), 0) / rows.length;
        expect(checkpoint.validations[0]?.loss).toBeCloseTo(loss, 5);
      }
    });

    it('reports how the text cache fills, and can be stopped meanwhile', async () => {
      const control: { requested: 'pause' | null } = { requested: null };
      const kinds: string[] = [];
      const done = await trainToEnd(
        engine(),
        training(),
        (event) => {
          kinds.push(event.kind);
          if (event.kind === 'cache') control.requested = 'pause';
        },
        control,
      );
      expect(kinds).toEqual(['cache', 'checkpoint', 'done']);
      expect(done).toMatchObject({ reason: 'paused', checkpoint: { step: 0 } });
    });

    const earlier = Float32Array.from({ length: 3 * 64 }, (_, i) => 0.1 * Math.sin(i));
    const ALL = {
      classWeights: true,
      trainRows: 17,
      answerVectors: 'trained',
    } as const;
    it.each(PLACEMENTS)('resumes bit for bit with all options at once: %s', async (placement) => {
      const request = training({
        initFrom: { vectors: placement === 'kv' ? soft('kv').vectors : earlier },
        settings: {
          ...training().settings,
          ...ALL,
          placement,
          steps: 12,
          checkpointEvery: 5,
          initialisation: { kind: 'prompt', runId: 'before', at: 'best' },
        },
      });
      const checkpoints: Checkpoint[] = [];
      const whole = await trainToEnd(engine(), request, (event) => {
        if (event.kind === 'checkpoint') checkpoints.push(structuredClone(event.checkpoint));
      });
      const [resume = null] = checkpoints;
      expect(resume).toMatchObject({ step: 5 });
      const resumed = await trainToEnd(engine(), { ...request, resume });
      expect(resumed.vectors).toEqual(whole.vectors);
      expect(resumed.checkpoint.answers).toEqual(whole.checkpoint.answers);
      expect(resumed.answerShift).toEqual(whole.answerShift);
    });

    it('starts from an earlier prompt, repeated to the number of virtual tokens', async () => {
      const settings = { ...training().settings, initialisation: { kind: 'prompt', runId: 'x', at: 'last' } } as const;
      const done = await trainToEnd(
        engine(),
        training({ initFrom: { vectors: earlier }, settings: { ...settings, steps: 0 } }),
      );
      expect(done.vectors).toEqual(Float32Array.from([...earlier, ...earlier.slice(0, 64)]));
      await expect(trainToEnd(engine(), training({ settings }))).rejects.toMatchObject({ code: 'bad-input' });
    });

    it('starts keys and values from those that came with the model, as many as it has', async () => {
      const { virtualTokens, ...form } = soft('kv');
      const vectors = form.vectors.slice();
      const transfer = writeSafetensors({ vectors, virtualTokens, hidden: vectors.length / virtualTokens });
      const opened = async (file: ReturnType<typeof writeSafetensors>) => {
        const files = { ...(await readModel(`${FIXTURES}/llama-genai-int4`)), [TRANSFER_FILE]: file };
        return loadProgram({ id: 'x', files, backend: 'node-wasm', threads: 1 }, createNodeRunner, () => {});
      };
      const with4 = await opened(transfer);
      const settings = {
        ...training().settings,
        placement: 'kv',
        initialisation: { kind: 'transfer' },
        steps: 0,
      } as const;
      const asked = (count: number) => training({ settings: { ...settings, virtualTokens: count } });
      expect(with4.info.keys?.transferred).toBe(4);
      expect((await trainToEnd(new Engine(with4), asked(4))).vectors).toEqual(vectors);
      await expect(trainToEnd(new Engine(with4), asked(3))).rejects.toThrow('do not fit this model');
      await with4.program.runner.dispose();
      const with0 = await opened(transfer.slice(0, 100));
      expect(with0.info.keys?.transferred).toBe(0);
      await with0.program.runner.dispose();
    });

    it('class weights weight rows by label, in loss and gradient', async () => {
      const rows = randomRows(6, 21);
      const options = { rows, labels, soft: soft('suffix'), cached: null };
      const parts: Awaited<ReturnType<typeof batchGradient>>[] = [];
      for (const row of rows) parts.push(await batchGradient(loaded.program, { ...options, rows: [row] }));
      const labelWeights = [0.5, 1, 3];
      const weighted = await batchGradient(loaded.program, { ...options, labelWeights });
      const weight = (i: number) => (labelWeights[rows[i]?.label ?? 0] ?? 0) / rows.length;
      expect(weighted.loss).toBeCloseTo(
        parts.reduce((sum, { loss }, i) => sum + weight(i) * loss, 0),
        5,
      );
      const expected = weighted.gradient.map((_, k) =>
        parts.reduce((sum, { gradient }, i) => sum + weight(i) * (gradient[k] ?? 0), 0),
      );
      expect(relativeError(weighted.gradient, [...expected])).toBeLessThan(1e-4);
    });

    it('runs on fewer rows share the text cache with runs on all rows', async () => {
      const one = engine();
      await trainToEnd(one, training({ settings: { ...training().settings, steps: 12 } }));
      let read = 0;
      await trainToEnd(one, training({ settings: { ...training().settings, steps: 4, trainRows: 10 } }), (event) => {
        if (event.kind === 'cache') read++;
      });
      expect(read).toBe(0);
    });

    it.each([
      [{ labels: labels.slice(0, 1) }, 'two labels'],
      [{ labels: [...labels, { label: 'd', word: '', tokenIds: [] }] }, 'label d has no answer word'],
      [{ train: [] }, 'no rows'],
      [{ train: [{ rowId: 'x', ids: Int32Array.of(1), label: null }] }, 'Row x has no label'],
      [{ initTokenIds: new Int32Array(0) }, 'is empty'],
    ])('refuses a request that cannot be trained: %#', async (change, message) => {
      await expect(trainToEnd(engine(), training(change))).rejects.toMatchObject({
        code: 'bad-input',
        message: expect.stringContaining(message),
      });
    });
  });

  it('the text cache stays within its budget', async () => {
    const rows = randomRows(30, 11);
    const tokens = rows.reduce((sum, row) => sum + row.ids.length, 0);
    const budget = tokens * KV_BYTES_PER_TOKEN * 1.2;
    const cache = new TextCache(loaded.program.spec, { budgetBytes: budget });
    for (const key of ['a', 'b', 'a', 'c']) {
      const plan = cache.plan(key, [rows]);
      await scoreRows(loaded.program, { rows, labels, soft: soft('suffix'), cached: { cache, plan } });
      expect(cache.bytes).toBeLessThanOrEqual(budget);
      expect(cache.bytes).toBeGreaterThan(0);
    }
    cache.clear();
    expect(cache.bytes).toBe(0);
  });

  describe('an instruction that all texts begin with', () => {
    const instruction = randomRows(1, 17)[0]?.ids ?? new Int32Array();
    const rows = randomRows(12, 18).map((row) => ({
      ...row,
      ids: Int32Array.from([
        ...Array.from({ length: 40 }, (_, t) => instruction[t % instruction.length] ?? 0),
        ...row.ids,
      ]),
    }));
    const tokens = rows.reduce((sum, row) => sum + row.ids.length, 0);

    it.each(['float32', 'float16'] as const)('is read and kept once, with the same scores: %s', async (storage) => {
      let read = 0;
      const { spec, runner } = loaded.program;
      const counting: typeof runner.run = (feeds, fetches) => {
        const [batch = 0, length = 0] = feeds[spec.inputs.ids]?.dims ?? [];
        if (fetches.includes(spec.presentKeys[0] ?? '')) read += batch * length;
        return runner.run(feeds, fetches);
      };
      const program = { spec, runner: { ...runner, run: counting } };
      const cache = new TextCache(spec, { storage });
      const plan = cache.plan('a', [rows.slice(0, 4), rows]);
      const asked = { rows, labels, soft: soft('suffix') };
      const scored = await scoreRows(program, { ...asked, cached: { cache, plan } });
      const whole = await scoreRows(loaded.program, { ...asked, cached: null });
      const difference = largestDifference(logProbs(scored), logProbs(whole));
      expect(difference).toBeLessThan(storage === 'float32' ? 2e-6 : 2e-3);
      expect(read).toBeLessThan(tokens - 11 * 32 + 60); // padding
      const rest = ((tokens - 12 * 32) * KV_BYTES_PER_TOKEN) / (storage === 'float32' ? 1 : 2);
      expect(cache.bytes).toBe(rest + 32 * KV_BYTES_PER_TOKEN);
      expect(plan.bytes).toBe(cache.bytes);

      // A further row begins with it, too, and with as much of its text as another one.
      const further = rows.slice(0, 1).map((row) => ({ ...row, rowId: 'new', ids: row.ids.slice(0, 44) }));
      const reusing = cache.planReusing('a', further);
      expect(reusing.groups[0]?.shared).toHaveLength(32);
    });

    it('is not shared with a text that does not begin with it', () => {
      const cache = new TextCache(loaded.program.spec);
      const lists = [rows, randomRows(1, 20).map((row) => ({ ...row, rowId: 'other' }))];
      expect(cache.plan('a', lists).groups.every(({ shared }) => shared.length === 0)).toBe(true);
    });
  });

  it('the text cache uses the storage type it is configured with', async () => {
    const rows = randomRows(10, 12);
    const tokens = rows.reduce((sum, row) => sum + row.ids.length, 0);
    for (const [storage, bytesPerNumber] of [
      ['float32', 4],
      ['float16', 2],
    ] as const) {
      const cache = new TextCache(loaded.program.spec, { storage });
      const plan = cache.plan('a', [rows]);
      await scoreRows(loaded.program, { rows, labels, soft: soft('suffix'), cached: { cache, plan } });
      expect(cache.bytes).toBe((tokens * KV_BYTES_PER_TOKEN * bytesPerNumber) / 4);
    }
  });

  it('the text cache says how many texts are too large for float16, and their scores are numbers', async () => {
    const rows = randomRows(10, 12);
    const { spec, runner } = loaded.program;
    const [key = ''] = spec.presentKeys;
    const large: typeof runner.run = async (...asked) => {
      const outputs = await runner.run(...asked);
      const tensor = outputs[key];
      if (tensor?.data instanceof Float32Array) tensor.data[0] = 1e5;
      return outputs;
    };
    const program = { spec, runner: { ...runner, run: large } };
    const widened = async (storage: 'float16' | 'float32') => {
      const cache = new TextCache(spec, { storage });
      const plan = cache.plan('a', [rows]);
      let sum = 0;
      for await (const read of cache.fill(program, plan, rows, uninterrupted)) sum += read.widened ?? 0;
      const scored = await scoreRows(program, { rows, labels, soft: soft('suffix'), cached: { cache, plan } });
      expect(scored.flatMap(({ logProbs }) => logProbs).every(Number.isFinite)).toBe(true);
      return sum;
    };
    expect(await widened('float16')).toBeGreaterThan(0);
    expect(await widened('float32')).toBe(0);
  });

  describe('generation', () => {
    const request = {
      ids: Int32Array.of(5, 6, 7, 8),
      cue: CUE,
      soft: null,
      maxNewTokens: 8,
      temperature: 0,
      topP: 1,
      seed: 0,
      endTokenIds: [],
    };

    it.each([null, ...AS_TOKENS])('continues from keys and values as from the whole text: %s', async (placement) => {
      const prompt = placement && soft(placement);
      const { ids } = await engine().generate({ ...request, soft: prompt }, uninterrupted);
      const virtual = Array.from({ length: prompt?.virtualTokens ?? 0 }, (_, j) => ~j);
      const tokens = [...spliced(request.ids, virtual, placement)];
      for (const id of ids) {
        const { logits } = await run(
          loaded.program,
          [{ tokens: Int32Array.from(tokens), past: null, reads: [tokens.length - 1] }],
          {
            soft: prompt,
            candidates: null,
            objective: null,
            keepPresent: false,
          },
        );
        expect(logits.indexOf(Math.max(...logits))).toBe(id);
        tokens.push(id);
      }
    });

    it('samples by its seed, and stops at an end token', async () => {
      const sample = (seed: number) => engine().generate({ ...request, temperature: 1, seed }, uninterrupted);
      const [a, b, c] = [await sample(1), await sample(1), await sample(2)];
      expect(a.ids).toEqual(b.ids);
      expect(a.ids).not.toEqual(c.ids);
      const [first = 0] = a.ids;
      const ended = await engine().generate(
        { ...request, temperature: 1, seed: 1, endTokenIds: [first] },
        uninterrupted,
      );
      expect(ended).toEqual({ ids: new Int32Array(0), stopped: 'end' });
    });
  });
});
