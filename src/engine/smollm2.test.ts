import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { atEnd as endOf, withSoft } from '../inference/feeds';
import { generate } from '../inference/generate';
import { openRows } from '../inference/rows';
import { embeddingRows, run } from '../inference/run';
import { scoreRows } from '../inference/score';
import { present } from '../lib/assert';
import { readNpy, readSafetensors } from '../prompt/codecs';
import { numbersEach, PLACEMENTS, type Placement, type SoftPrompt } from '../prompt/soft-prompt';
import { createNodeRunner } from '../runtime/ort-node';
import type { TokenRow } from '../tokens/tokenizer';
import { batchGradient } from '../training/objective';
import { largestDifference, relativeError } from './conform';
import { type LoadedProgram, loadProgram } from './load';
import { readModel, SMOLLM2, singleTokens, tokenRows } from './test-support';

const FOLDER = 'test/fixtures/smollm2';

interface Reference {
  readonly embedding_rms: number;
  readonly label_token_ids: readonly number[];
  readonly rows: readonly {
    readonly input_ids: readonly number[];
    readonly label_logits: readonly number[];
    readonly top5_ids: readonly number[];
    readonly top5_logits: readonly number[];
  }[];
  readonly right_padded_batch: { readonly label_logits: readonly (readonly number[])[] };
  readonly soft_prompt: {
    readonly init_token_ids: readonly number[];
    readonly targets: readonly number[];
    /** Tokens of the rows after the vectors of `infix`. */
    readonly cue_tokens: number;
    readonly kv: { readonly position: number };
  } & Readonly<Record<Placement, PlacementReference>>;
  readonly chat: readonly {
    readonly input_ids: readonly number[];
    readonly greedy_ids: readonly number[];
    readonly top2_margin: readonly number[];
  }[];
}

type PlacementReference = Readonly<Record<'label' | 'full', { readonly loss: number }>> & {
  readonly label_logits: readonly (readonly number[])[];
};

/** The embedded model against PyTorch, transformers and PEFT on the same weights. */
describe('SmolLM2-135M-Instruct', () => {
  let loaded: LoadedProgram;
  let reference: Reference;
  let rows: TokenRow[];
  let vectors: Float32Array;
  beforeAll(async () => {
    reference = JSON.parse(await readFile(`${FOLDER}/expected.json`, 'utf8'));
    const request = { id: SMOLLM2, files: await readModel(SMOLLM2), backend: 'node-wasm' as const, threads: 1 };
    loaded = await loadProgram(request, createNodeRunner, () => {});
    const { targets, cue_tokens: cue } = reference.soft_prompt;
    const ids = reference.rows.map((row) => row.input_ids);
    rows = tokenRows(ids, targets).map((row) => ({ ...row, cue }));
    vectors = await embeddingRows(loaded.program, reference.soft_prompt.init_token_ids);
  }, 120_000);
  afterAll(() => loaded.program.runner.dispose());

  const soft = (placement: Placement): SoftPrompt => {
    if (placement !== 'kv') return { placement, vectors, virtualTokens: 12, hidden: 576 };
    const { position } = reference.soft_prompt.kv;
    const heads = { layers: 30, kvHeads: 3, headDim: 64, position };
    const virtualTokens = 2;
    const numbers = Float32Array.from({ length: virtualTokens * numbersEach({ hidden: 576, heads }) }, (_, i) =>
      Math.sin(i),
    );
    return { placement, vectors: numbers, virtualTokens, hidden: 576, heads };
  };
  const options = (candidates: readonly number[] | null, prompt: SoftPrompt | null = null) => ({
    soft: prompt,
    candidates,
    objective: null,
    keepPresent: false,
  });
  const atEnd = (row: TokenRow, prompt: SoftPrompt | null = null) => {
    const tokens = withSoft(row, prompt);
    return { tokens, past: null, reads: [tokens.length - 1] };
  };

  it('reports what it is, and fits its memory limit', () => {
    expect(loaded.info).toMatchObject({ layers: 30, hidden: 576, vocabulary: 49152, contextLength: 2048, dtype: 'q4' });
    expect(loaded.info.parameters).toBe(134_515_008);
    expect(loaded.info.embeddingRms).toBeCloseTo(reference.embedding_rms, 6);
    expect(loaded.info.heapBytes).toBeLessThan(650 * 1024 * 1024);
    expect(
      Math.abs(present(loaded.info.weights, 'weights').fastBytes / present(loaded.info.heapBytes, 'heap') - 1),
    ).toBeLessThan(0.15);
  });

  it('gives PyTorch’s logits, singly and in a right-padded batch', async () => {
    for (const [i, row] of rows.entries()) {
      const expected = reference.rows[i];
      const { logits } = await run(loaded.program, [atEnd(row)], options(null));
      const at = (ids: readonly number[]) => ids.map((id) => logits[id] ?? Number.NaN);
      expect(largestDifference(at(reference.label_token_ids), expected?.label_logits ?? [])).toBeLessThan(2e-3);
      expect(largestDifference(at(expected?.top5_ids ?? []), expected?.top5_logits ?? [])).toBeLessThan(2e-3);
    }
    const sequences = rows.map((row) => atEnd(row));
    const { logits } = await run(loaded.program, sequences, options(reference.label_token_ids));
    expect(largestDifference(logits, reference.right_padded_batch.label_logits.flat())).toBeLessThan(2e-3);
  });

  describe.each(PLACEMENTS)('%s', (placement) => {
    it('logits', async () => {
      const prompt = soft(placement);
      const opened = await openRows(loaded.program, { rows, soft: prompt, cached: null }, 0);
      const sequences = (await opened.startAt([...rows.keys()])).map(endOf);
      const { logits } = await run(loaded.program, sequences, options(reference.label_token_ids, prompt));
      expect(largestDifference(logits, reference.soft_prompt[placement].label_logits.flat())).toBeLessThan(2e-3);
    });

    it.each(['label', 'full'] as const)('%s loss and gradient', async (loss) => {
      const labels = singleTokens(reference.label_token_ids);
      const batch = { rows, labels, soft: soft(placement), cached: null, wholeVocabulary: loss === 'full' };
      const result = await batchGradient(loaded.program, batch);
      const file = readNpy(new Uint8Array(await readFile(`${FOLDER}/grad-${placement}-${loss}.npy`)));
      expect(Math.abs(result.loss - reference.soft_prompt[placement][loss].loss)).toBeLessThan(1e-4);
      expect(relativeError(result.gradient, file.ok ? [...file.value.vectors] : [])).toBeLessThan(1e-3);
    });
  });

  it('an untrained prompt initialised from a text scores like that text', async () => {
    const labels = singleTokens(reference.label_token_ids);
    for (const placement of PLACEMENTS.filter((each) => each !== 'kv')) {
      const text = reference.soft_prompt.init_token_ids;
      const few = rows.slice(0, 2);
      const hard = few.map((row) => ({
        ...row,
        // negative numbers are where the vectors are
        ids: withSoft(row, soft(placement)).map((id) => (id < 0 ? (text[~id] ?? 0) : id)),
      }));
      const [a, b] = [
        await scoreRows(loaded.program, { rows: few, labels, soft: soft(placement), cached: null }),
        await scoreRows(loaded.program, { rows: hard, labels, soft: null, cached: null }),
      ];
      expect(
        largestDifference(
          a.flatMap((row) => row.logProbs),
          b.flatMap((row) => row.logProbs),
        ),
      ).toBeLessThan(1e-4);
    }
  });

  it('scores an imported PEFT prompt as PEFT does', async () => {
    const file = readSafetensors(
      new Uint8Array(await readFile(`${FOLDER}/peft-saved-prompt/adapter_model.safetensors`)),
    );
    if (!file.ok) throw new Error(file.error.message);
    const expected = JSON.parse(await readFile(`${FOLDER}/peft-saved-prompt/expected-logits.json`, 'utf8'));
    const prompt: SoftPrompt = { placement: 'prefix', ...file.value };
    const sequences = rows.map((row) => atEnd(row, prompt));
    const { logits } = await run(loaded.program, sequences, options(reference.label_token_ids, prompt));
    expect(largestDifference(logits, expected.label_logits.flat())).toBeLessThan(2e-3);
  });

  it('greedy generation equals transformers', async () => {
    for (const { input_ids, greedy_ids, top2_margin } of reference.chat) {
      // From the first near tie on, rounding decides. After a few tokens all come from the same cache.
      const tie = top2_margin.findIndex((margin) => margin < 0.02);
      const sure = greedy_ids.slice(0, tie < 0 ? greedy_ids.length : tie).slice(0, 16);
      const request = {
        ids: Int32Array.from(input_ids),
        soft: null,
        maxNewTokens: sure.length,
        temperature: 0,
        topP: 1,
        seed: 0,
        endTokenIds: [],
      };
      const { ids } = await generate(loaded.program, request);
      expect(Array.from(ids)).toEqual(sure);
    }
  }, 180_000);
});
