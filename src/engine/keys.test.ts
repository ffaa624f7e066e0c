import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { endingBefore } from '../inference/cache-plan';
import { atEnd, tokensBefore } from '../inference/feeds';
import { lastOf, truncated } from '../inference/kv';
import { type ProgramSpec, textEnd } from '../inference/program';
import { type Program, run } from '../inference/run';
import { TextCache } from '../inference/text-cache';
import { present } from '../lib/assert';
import { uninterrupted } from '../lib/control';
import { createRng } from '../lib/rng';
import type { Heads, SoftPrompt } from '../prompt/soft-prompt';
import { createNodeRunner } from '../runtime/ort-node';
import type { TokenRow } from '../tokens/tokenizer';
import { batchGradient } from '../training/objective';
import { type Oracle, relativeError, rowsOf, softOf } from './conform';
import { checkGradient } from './gradient-check';
import { loadProgram } from './load';
import { modelFolders, readModel, singleTokens } from './test-support';

function headsBefore({ layers, kvHeads, headDim, ...spec }: ProgramSpec, cue: number): Heads {
  const end = textEnd({ layers, kvHeads, headDim, ...spec });
  return { layers, kvHeads, headDim, position: end === null ? null : end - cue };
}

/** The keys and values that vectors between a row's text and its cue have. */
async function keysOf(program: Program, row: TokenRow, infix: SoftPrompt, heads: Heads): Promise<SoftPrompt> {
  const form = { placement: 'kv' as const, hidden: infix.hidden, virtualTokens: infix.virtualTokens, heads };
  const cache = new TextCache(program.spec);
  const soft = { ...form, vectors: new Float32Array() };
  const plan = cache.plan('row', [[row]], endingBefore(soft, [row]));
  const [text] = await cache.fetch(program, plan, [row], uninterrupted);
  const past = truncated(present(text, 'text'), tokensBefore(row, infix));
  const tokens = Int32Array.from({ length: infix.virtualTokens }, (_, j) => ~j);
  const { present: kept } = await run(program, [atEnd({ tokens, past })], {
    soft: infix,
    candidates: [0],
    keepPresent: true,
  });
  return { ...form, vectors: lastOf(present(kept[0], 'row'), infix.virtualTokens, program.spec) };
}

const dot = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((sum, x, i) => sum + x * (b[i] ?? 0), 0);

/** Models that cannot take trained keys: their graphs compute positions by themselves, or take no past. */
const NOWHERE: readonly string[] = [
  'llama-torch-dynamo-fp32',
  'falcon-dynamo-fp32',
  'gemma3_text-optimum-fp32',
  'gpt2-merged11-fp32',
  'olmo2-dynamo-fp32',
  'qwen3-dynamo23-fp32',
];

describe.each(modelFolders())('keys and values in $name', ({ name, folder }) => {
  it('answer and learn as the vectors do that have them, whose gradient is PyTorch’s', async () => {
    const files = await readModel(folder);
    const oracle: Oracle = JSON.parse(readFileSync(`${folder}/oracle.json`, 'utf8'));
    const { program } = await loadProgram(
      { id: name, files, backend: 'node-wasm', threads: 1 },
      createNodeRunner,
      () => {},
    );
    expect(program.spec.keysStand === 'nowhere').toBe(NOWHERE.includes(name));
    if (program.spec.keysStand === 'nowhere') return;
    const cue = oracle.placements.infix?.cue ?? oracle.labelTokenIds.slice(0, 2);
    const rows = rowsOf(oracle).map((row) => ({ ...row, ids: Int32Array.from([...row.ids, ...cue]), cue: cue.length }));
    const labels = singleTokens(oracle.labelTokenIds);
    const infix = softOf(oracle, 'infix');
    const heads = headsBefore(program.spec, cue.length);
    const ours = await batchGradient(program, { rows, labels, soft: infix, cached: null });
    const { labelLoss, labelGrad } = oracle.placements.infix ?? {
      labelLoss: ours.loss,
      labelGrad: [Array.from(ours.gradient)],
    };

    const rng = createRng(3);
    // with the gradient's signs, as in checkGradient
    const direction = Float32Array.from(labelGrad.flat(), (g) => Math.sign(g) * Math.abs(rng.normal()));
    const step = 1e-3;
    const moved = (h: number) => ({ ...infix, vectors: infix.vectors.map((x, i) => x + h * (direction[i] as number)) });
    let loss = 0;
    let slope = 0;
    for (const row of rows) {
      const soft = await keysOf(program, row, infix, heads);
      const found = await batchGradient(program, { rows: [row], labels, soft, cached: null });
      loss += found.loss / rows.length;
      const [up, down] = [
        await keysOf(program, row, moved(step), heads),
        await keysOf(program, row, moved(-step), heads),
      ];
      const change = up.vectors.map((x, i) => (x - (down.vectors[i] as number)) / (2 * step));
      slope += dot(found.gradient, change) / rows.length;
    }
    expect(Math.abs(loss - labelLoss)).toBeLessThan(1e-4);
    expect(Math.abs(slope / dot(labelGrad.flat(), direction) - 1)).toBeLessThan(0.02);

    // one prompt for all rows: against finite differences, and batched as singly
    const soft = await keysOf(program, present(rows[0], 'row'), infix, heads);
    const batch = { rows, labels, soft, cached: null };
    const { directions } = await checkGradient(program, batch, { directions: 2 });
    for (const { relativeError: off } of directions) expect(off).toBeLessThan(2e-3);
    const whole = await batchGradient(program, batch);
    const sum = new Float64Array(whole.gradient.length);
    for (const row of rows) {
      const { gradient } = await batchGradient(program, { ...batch, rows: [row] });
      gradient.forEach((g, i) => {
        sum[i] = (sum[i] ?? 0) + g / rows.length;
      });
    }
    expect(relativeError(whole.gradient, Array.from(sum))).toBeLessThan(1e-4);
    await program.runner.dispose();
  }, 60_000);
});
