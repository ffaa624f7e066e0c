import { afterAll, beforeAll, expect, it } from 'vitest';
import { type AttributionRequest, attribute, baselineOf, MAX_ATTRIBUTED } from '../inference/attribution';
import { embeddingRows } from '../inference/run';
import { scoreRows } from '../inference/score';
import { createRng } from '../lib/rng';
import { PLACEMENTS, type SoftPrompt } from '../prompt/soft-prompt';
import { createNodeRunner } from '../runtime/ort-node';
import type { LabelTokens } from '../tokens/tokenizer';
import { slopeAtZero } from './gradient-check';
import { type LoadedProgram, loadProgram } from './load';
import { FIXTURES, readModel, singleTokens } from './test-support';

const HIDDEN = 64;
const IDS = Int32Array.of(40, 41, 120, 333, 207, 88, 61, 9);
/** Tokens 2, 3 and 4 of the row. */
const TEXT = [2, 5] as const;

let loaded: LoadedProgram;
beforeAll(async () => {
  const files = await readModel(`${FIXTURES}/llama-genai-int4`);
  loaded = await loadProgram({ id: 'x', files, backend: 'node-wasm', threads: 1 }, createNodeRunner, () => {});
});
afterAll(() => loaded.program.runner.dispose());

const soft = (placement: SoftPrompt['placement']): SoftPrompt => {
  const rng = createRng(9);
  return {
    placement,
    vectors: Float32Array.from({ length: 3 * HIDDEN }, () => 0.1 * rng.normal()),
    virtualTokens: 3,
    hidden: HIDDEN,
  };
};

const request = (change: Partial<AttributionRequest> = {}): AttributionRequest => ({
  row: { rowId: '1', ids: IDS, cue: 2, label: null },
  text: TEXT,
  soft: null,
  labels: singleTokens([100, 200, 300]),
  between: [2, 0],
  steps: { least: 32, most: 128 },
  ...change,
});

const sumOf = (values: ArrayLike<number>) => Array.from(values).reduce((sum, value) => sum + value, 0);
const attributed = (change: Partial<AttributionRequest> = {}) => attribute(loaded.program, request(change));

/** The score of the third label less that of the first, as rows are scored. */
async function difference(ids: Int32Array, prompt: SoftPrompt | null, labels: readonly LabelTokens[]): Promise<number> {
  const rows = [{ rowId: '1', ids, cue: 2, label: null }];
  const [scored] = await scoreRows(loaded.program, { rows, labels, soft: prompt, cached: null });
  return (scored?.logProbs[2] ?? 0) - (scored?.logProbs[0] ?? 0);
}

const several: readonly LabelTokens[] = [
  { label: 'a', word: ' a', tokenIds: [100, 5] },
  { label: 'b', word: ' b', tokenIds: [200] },
  { label: 'c', word: ' c', tokenIds: [300, 8, 11] },
];

const cases: readonly (readonly [string, SoftPrompt | null, readonly LabelTokens[]])[] = [
  ['without vectors', null, singleTokens([100, 200, 300])],
  ...PLACEMENTS.filter((placement) => placement !== 'kv').map(
    (placement) => [placement, soft(placement), singleTokens([100, 200, 300])] as const,
  ),
  ['answer words of several tokens', null, several],
  ['those with vectors', soft('suffix'), several],
];

it.each(cases)('adds up to the difference between the text and the baseline: %s', async (_, prompt, labels) => {
  const { tokens, value, baseline } = await attributed({ soft: prompt, labels });
  expect(tokens).toHaveLength(3);
  expect(value).toBeCloseTo(await difference(IDS, prompt, labels), 4);
  expect(Math.abs(sumOf(tokens) - (value - baseline))).toBeLessThan(0.05 * Math.abs(value - baseline) + 0.02);
});

it('cannot be told for keys and values, which no text sees', async () => {
  const heads = { layers: 2, kvHeads: 2, headDim: 16, position: null };
  await expect(attributed({ soft: { ...soft('kv'), heads } })).rejects.toThrow('reads the text without them');
});

it('comes closer to that difference with more steps', async () => {
  const missed = async (steps: number) => {
    const { tokens, value, baseline } = await attributed({ steps: { least: steps, most: steps } });
    return Math.abs(sumOf(tokens) - (value - baseline));
  };
  const [few, some, many] = [await missed(1), await missed(4), await missed(32)];
  expect(some).toBeLessThan(few / 2);
  expect(many).toBeLessThan(some / 2 + 1e-5);
});

it('doubles its steps only until the attributions add up', async () => {
  expect((await attributed({ steps: { least: 1, most: 128 } })).steps).toBeGreaterThan(1);
  expect((await attributed({ steps: { least: 64, most: 128 } })).steps).toBe(64);
  const [once, doubled] = [
    await attributed({ steps: { least: 8, most: 8 } }),
    await attributed({ steps: { least: 8, most: 15 } }),
  ];
  expect(doubled).toEqual(once);
});

it('takes the slopes that finite differences find, token by token', async () => {
  const { program } = loaded;
  const text = await embeddingRows(program, [...IDS.subarray(...TEXT)]);
  const blank = await baselineOf(program);
  const direction = text.map((x, j) => x - (blank[j % HIDDEN] as number));
  // the text as vectors before the rest of the row, which is scored as any row
  const row = { ...request().row, ids: IDS.subarray(TEXT[0]) };
  const rest = IDS.subarray(TEXT[1]);
  const at = (alpha: number, moved: number, by: number) => {
    const vectors = text.map((x, j) => {
      const isMoved = Math.floor(j / HIDDEN) === moved;
      return x + (alpha - 1 + (isMoved ? by : 0)) * (direction[j] as number);
    });
    return difference(rest, { placement: 'prefix', vectors, virtualTokens: 3, hidden: HIDDEN }, request().labels);
  };
  // one interval: the mean of the slopes at both ends of the path
  const { tokens } = await attributed({ row, text: [0, 3], steps: { least: 1, most: 1 } });
  for (const [t, attribution] of tokens.entries()) {
    const slope = (alpha: number) =>
      slopeAtZero(
        async (points) => {
          const found: number[] = [];
          for (const by of points) found.push(await at(alpha, t, by));
          return found;
        },
        { firstStep: 0.02, levels: 5 },
      );
    const mean = ((await slope(0)) + (await slope(1))) / 2;
    expect(Math.abs(attribution - mean) / Math.abs(mean)).toBeLessThan(0.01);
  }
});

it('starts at the mean of the vocabulary', async () => {
  const { program } = loaded;
  const blank = await baselineOf(program);
  const all = await embeddingRows(
    program,
    Array.from({ length: program.spec.vocabulary }, (_, id) => id),
  );
  const mean = Float32Array.from({ length: HIDDEN }, (_, d) => {
    const column = all.filter((_x, j) => j % HIDDEN === d);
    return sumOf(column) / column.length;
  });
  for (const [d, value] of mean.entries()) expect(blank[d]).toBeCloseTo(value, 5);
});

it('refuses a text that is too long, and stops when it is asked to', async () => {
  const ids = Int32Array.from({ length: MAX_ATTRIBUTED + 1 }, () => 50);
  await expect(attributed({ row: { rowId: '1', ids, label: null }, text: [0, 9] })).rejects.toMatchObject({
    code: 'too-long',
  });
  const control = { requested: null as 'cancel' | null };
  const stop = () => {
    control.requested = 'cancel';
  };
  await expect(attribute(loaded.program, request(), control, stop)).rejects.toMatchObject({
    code: 'cancelled',
  });
});
