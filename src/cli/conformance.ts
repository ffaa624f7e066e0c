import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { loadProgram } from '../engine/load';
import { largestDifference, type Oracle, relativeError } from '../engine/oracle';
import { run } from '../inference/run';
import { withSoft } from '../inference/sequence';
import { toWire } from '../lib/errors';
import { createNodeRunner } from '../runtime/ort-node';
import { batchGradient } from '../training/objective';
import { readModelDir } from './model-dir';
import { modelOptions, readModelOptions } from './options';
import { parseOptions, UsageError } from './usage';

export const CONFORMANCE_USAGE =
  'npm run conformance -- DIR... [--backend …] [--threads N]   (folders with oracle.json)';

const LOSS_TOLERANCE = 1e-4;
const GRADIENT_TOLERANCE = 1e-3;

/** One JSON line a folder: how far loss and gradient are from PyTorch's. Returns whether all are near enough. */
export async function conformance(args: readonly string[]): Promise<boolean> {
  const { values, positionals } = parseOptions(args, modelOptions);
  if (positionals.length === 0) throw new UsageError('Name at least one folder.');
  const options = readModelOptions(values);
  let allOk = true;
  for (const folder of positionals) {
    const result = await conform(resolve(folder), options).catch((error: unknown) => ({
      folder,
      ok: false,
      error: toWire(error),
    }));
    allOk &&= result.ok;
    process.stdout.write(`${JSON.stringify(result)}\n`);
  }
  return allOk;
}

async function conform(folder: string, { backend, threads }: ReturnType<typeof readModelOptions>) {
  const oracle: Oracle = JSON.parse(await readFile(join(folder, 'oracle.json'), 'utf8'));
  const { card, files } = await readModelDir(folder);
  const request = { id: card.id, files, backend, sha256: card.sha256, ...(threads === null ? {} : { threads }) };
  const { program, info } = await loadProgram(request, createNodeRunner, () => {});
  try {
    const rows = oracle.rows.map((ids, i) => ({
      rowId: String(i),
      ids: Int32Array.from(ids),
      label: oracle.targets[i] ?? 0,
    }));
    const labels = oracle.labelTokenIds.map((id) => ({ label: String(id), word: String(id), tokenIds: [id] }));
    const errors: Record<string, number> = {};
    for (const placement of ['prefix', 'suffix'] as const) {
      const expected = oracle.placements[placement];
      const vectors = Float32Array.from(oracle.softPrompt.flat());
      const soft = { placement, vectors, virtualTokens: oracle.softPrompt.length, hidden: info.hidden };
      const sequences = rows.map(({ ids }) => {
        const tokens = withSoft(ids, soft);
        return { tokens, past: null, reads: [tokens.length - 1] };
      });
      const { logits } = await run(program, sequences, {
        soft,
        candidates: oracle.labelTokenIds,
        objective: null,
        keepPresent: false,
      });
      errors[`${placement}.labelLogits`] = largestDifference(logits, expected.labelLogits.flat());
      for (const loss of ['label', 'full'] as const) {
        const found = await batchGradient(program, {
          rows,
          labels,
          soft,
          cached: null,
          wholeVocabulary: loss === 'full',
        });
        errors[`${placement}.${loss}Loss`] = Math.abs(found.loss - expected[`${loss}Loss`]);
        errors[`${placement}.${loss}Grad`] = relativeError(found.gradient, expected[`${loss}Grad`].flat());
      }
    }
    const near = ([name, error]: [string, number]) =>
      error < (name.endsWith('Grad') ? GRADIENT_TOLERANCE : LOSS_TOLERANCE);
    return { folder, name: oracle.name, ok: Object.entries(errors).every(near), errors };
  } finally {
    await program.runner.dispose();
  }
}
