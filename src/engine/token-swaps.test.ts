import { afterAll, beforeAll, expect, it } from 'vitest';
import { embeddingRows } from '../inference/run';
import { uninterrupted } from '../lib/control';
import type { SoftPrompt } from '../prompt/soft-prompt';
import { createNodeRunner } from '../runtime/ort-node';
import { batchLosses, tokenSwaps } from '../training/objective';
import { type LoadedProgram, loadProgram } from './load';
import { FIXTURES, readModel, singleTokens, tokenRows } from './test-support';

const HIDDEN = 64;
const LABELS = singleTokens([100, 200, 300]);
const TOKENS = Int32Array.of(17, 52, 230);
/** More rows than are read at once; the tokens come before the last two of each. */
const ROWS = tokenRows(
  Array.from({ length: 11 }, (_, i) => [40 + i, 41, 120 + 3 * i, 333, 207]),
  Array.from({ length: 11 }, (_, i) => i % 3),
).map((row) => ({ ...row, cue: 2 }));
const AMONG = Int32Array.from({ length: 90 }, (_, i) => 5 + 4 * i);

let loaded: LoadedProgram;
beforeAll(async () => {
  const files = await readModel(`${FIXTURES}/llama-genai-int4`);
  loaded = await loadProgram({ id: 'x', files, backend: 'node-wasm', threads: 1 }, createNodeRunner, () => {});
});
afterAll(() => loaded.program.runner.dispose());

const asked = { rows: ROWS, labels: LABELS, tokens: TOKENS, among: AMONG, most: 4 };

it('says by how much the loss falls on the way from a token to another, the best of each place first', async () => {
  const { program } = loaded;
  const swaps = await tokenSwaps(program, asked, uninterrupted);
  expect(
    swaps
      .slice(0, 3)
      .map(({ place }) => place)
      .toSorted(),
  ).toEqual([0, 1, 2]);
  expect(swaps).toHaveLength(12);
  const ofPlace = (wanted: number) => swaps.filter(({ place }) => place === wanted).map(({ gain }) => gain);
  for (const place of TOKENS.keys()) expect(ofPlace(place)).toEqual(ofPlace(place).toSorted((a, b) => b - a));
  const from = await embeddingRows(program, [...TOKENS]);
  const STEP = 1 / 64;
  for (const { place, id, gain } of swaps) {
    const to = await embeddingRows(program, [id]);
    const moved = (by: number) =>
      from.map((x, j) => (Math.floor(j / HIDDEN) === place ? x + by * ((to[j % HIDDEN] as number) - x) : x));
    const soft: SoftPrompt = { placement: 'infix', vectors: from, virtualTokens: TOKENS.length, hidden: HIDDEN };
    const options = { rows: ROWS, labels: LABELS, soft, cached: null };
    const [before = 0, after = 0] = await batchLosses(program, options, [moved(-STEP), moved(STEP)]);
    expect(gain).toBeCloseTo((before - after) / (2 * STEP), 3);
  }
});

it('leaves out no better token of the list', async () => {
  const { program } = loaded;
  const all = await tokenSwaps(program, { ...asked, most: AMONG.length }, uninterrupted);
  const some = await tokenSwaps(program, asked, uninterrupted);
  expect(all.length).toBe(3 * AMONG.length - TOKENS.filter((id) => AMONG.includes(id)).length);
  expect(all.slice(0, some.length)).toEqual(some);
});

it('stops when it is asked to', async () => {
  const control = { requested: 'cancel' as const };
  await expect(tokenSwaps(loaded.program, asked, control)).rejects.toMatchObject({ code: 'cancelled' });
});
