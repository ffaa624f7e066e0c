import { resolve } from 'node:path';
import { checkGradient, randomIds, randomTask } from '../engine/gradient-check';
import { loadProgram } from '../engine/load';
import { embeddingRows } from '../inference/run';
import { PLACEMENTS } from '../prompt/soft-prompt';
import { createNodeRunner } from '../runtime/ort-node';
import { createLog } from './log';
import { readModelDir } from './node-host';
import { exactly, modelOptions, parseOptions, readModelOptions, wholeNumber } from './options';

export const CHECK_USAGE =
  'npm run check -- MODEL_DIR [--directions 3] [--seed 0] [--backend node-wasm|node-native] [--threads N]';

/** A larger relative difference means a wrong gradient, not float32 noise. */
const TOLERANCE = 5e-3;
const VIRTUAL_TOKENS = 4;
const ROW_LENGTHS = [9, 5, 7];

/** Checks a model's gradients against finite differences, for every placement and both losses; JSON on stdout. Returns whether all agree. */
export async function check(args: readonly string[]): Promise<boolean> {
  const { values, positionals } = parseOptions(args, {
    ...modelOptions,
    directions: { type: 'string' },
    seed: { type: 'string' },
  });
  const [folder] = exactly(positionals, ['MODEL_DIR']);
  const directions = wholeNumber(values.directions, 'directions') ?? 3;
  const seed = wholeNumber(values.seed, 'seed', 0) ?? 0;
  const { backend, threads } = readModelOptions(values);
  const log = createLog();
  log.progress('Reading the model');
  const { card, files } = await readModelDir(resolve(folder));
  const request = { id: card.id, files, backend, sha256: card.sha256, ...(threads === null ? {} : { threads }) };
  const { program, info } = await loadProgram(request, createNodeRunner, () => {});
  try {
    const { rows, labels } = randomTask(info.vocabulary, ROW_LENGTHS, seed);
    const vectors = await embeddingRows(program, randomIds(VIRTUAL_TOKENS, info.vocabulary, seed + 1));
    const checks = [];
    for (const placement of PLACEMENTS)
      for (const loss of ['label', 'full'] as const) {
        log.progress(`Checking ${placement}, ${loss} loss`);
        const soft = { placement, vectors, virtualTokens: VIRTUAL_TOKENS, hidden: info.hidden };
        const batch = { rows, labels, soft, cached: null, wholeVocabulary: loss === 'full' };
        const { directions: found } = await checkGradient(program, batch, { directions, seed });
        checks.push({
          placement,
          loss,
          directions: found,
          ok: found.every(({ relativeError }) => relativeError < TOLERANCE),
        });
      }
    const ok = checks.every((each) => each.ok);
    const { id, dtype, layers, hidden, vocabulary, sha256 } = info;
    process.stdout.write(
      `${JSON.stringify({ ok, tolerance: TOLERANCE, model: { id, dtype, layers, hidden, vocabulary, sha256 }, backend: info.backend, checks }, null, 2)}\n`,
    );
    return ok;
  } finally {
    await program.runner.dispose();
  }
}
