import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { conform, type Deviation, type Oracle } from '../engine/conform';
import { checkGradient, randomIds, randomTask } from '../engine/gradient-check';
import { loadProgram } from '../engine/load';
import { headsOf } from '../engine/train-run';
import { atEnd } from '../inference/feeds';
import { lastOf, startingAt } from '../inference/kv';
import { embeddingRows, type Program, run } from '../inference/run';
import { present } from '../lib/assert';
import { toWire, type WireError } from '../lib/errors';
import { PLACEMENTS, type Placement, type SoftPrompt } from '../prompt/soft-prompt';
import { createNodeRunner } from '../runtime/ort-node';
import type { TokenRow } from '../tokens/tokenizer';
import { type Log, type ModelOptions, readLoadRequest } from './node-host';
import { COMPUTE, orElse, whole } from './options';
import { command } from './program';

/** A larger relative difference means a wrong gradient, not float32 noise. */
const TOLERANCE = 5e-3;
const VIRTUAL_TOKENS = 4;
const ROW_LENGTHS = [9, 5, 7];

export const check = command({
  summary: 'check a model’s gradients against finite differences',
  takes: { folder: '<MODEL_DIR>' },
  options: {
    directions: orElse(whole('random directions for each check'), 3),
    seed: orElse(whole('what is random', 0), 0),
    ...COMPUTE,
  },
  async run({ folder, directions, seed, ...how }, log) {
    log.progress('Reading the model');
    const { request } = await readLoadRequest({ ...how, model: folder });
    const json = await checked(request, { directions, seed }, log);
    return { json, ...(json.ok ? {} : { failed: {} }) };
  },
});

async function checked(
  request: Awaited<ReturnType<typeof readLoadRequest>>['request'],
  { directions, seed }: { readonly directions: number; readonly seed: number },
  log: Log,
) {
  const { program, info } = await loadProgram(request, createNodeRunner, () => {});
  try {
    const { rows, labels } = randomTask(info.vocabulary, ROW_LENGTHS, seed);
    const ids = randomIds(VIRTUAL_TOKENS, info.vocabulary, seed + 1);
    const checks = [];
    for (const placement of PLACEMENTS.filter((each) => each !== 'kv' || info.keys))
      for (const loss of ['label', 'full'] as const) {
        log.progress(`Checking ${placement}, ${loss} loss`);
        const soft = await softFrom(program, placement, ids, rows);
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
    const model = { id, dtype, layers, hidden, vocabulary, sha256 };
    return { ok, tolerance: TOLERANCE, model, backend: info.backend, checks };
  } finally {
    await program.runner.dispose();
  }
}

/** A soft prompt of tokens: their embeddings, or their keys and values. */
async function softFrom(
  program: Program,
  placement: Placement,
  ids: readonly number[],
  rows: readonly TokenRow[],
): Promise<SoftPrompt> {
  const form = { placement, virtualTokens: ids.length, hidden: program.spec.hidden };
  if (placement !== 'kv') return { ...form, vectors: await embeddingRows(program, ids) };
  const heads = headsOf(program.spec, rows);
  const alone = atEnd({ tokens: Int32Array.from(ids), past: startingAt(heads.position ?? 0) });
  const found = await run(program, [alone], { soft: null, candidates: [0], keepPresent: true });
  return { ...form, heads, vectors: lastOf(present(found.present[0], 'row'), ids.length, heads) };
}

const LOSS_TOLERANCE = 1e-4;
const GRADIENT_TOLERANCE = 1e-3;

/** The output for one folder. Errors are the largest over all ways to run the model; null = the model did not run. */
interface Result {
  readonly name: string;
  readonly ok: boolean;
  readonly lossError: number | null;
  readonly gradError: number | null;
  readonly logitError: number | null;
  readonly refused?: string;
}

export const conformance = command({
  summary: 'compare losses and gradients with PyTorch’s, in model folders with an oracle.json',
  takes: { folders: '<DIR...>' },
  options: COMPUTE,
  async run({ folders, ...how }) {
    const results: Result[] = [];
    for (const folder of folders) {
      const result = await measure(folder, { ...how, model: folder });
      results.push(result);
      process.stdout.write(`${JSON.stringify(result)}\n`);
    }
    return results.every(({ ok }) => ok) ? {} : { failed: {} };
  },
});

async function measure(folder: string, options: ModelOptions): Promise<Result> {
  let name = basename(folder);
  try {
    const json = async (name: string) => JSON.parse(await readFile(join(folder, name), 'utf8'));
    const files = await readdir(folder);
    const oracle: Oracle = {
      ...(await json('oracle.json')),
      ...(files.includes('keys.json') && { keys: await json('keys.json') }),
    };
    name = oracle.name;
    const deviations = await deviationsOf(folder, oracle, options);
    const lossError = worst(deviations.map(({ loss }) => loss));
    const gradError = worst(deviations.map(({ gradient }) => gradient));
    const logitError = worst(deviations.map(({ logits }) => logits));
    // NaN fails both comparisons.
    return { name, ok: lossError < LOSS_TOLERANCE && gradError < GRADIENT_TOLERANCE, lossError, gradError, logitError };
  } catch (error) {
    return { name, ok: false, lossError: null, gradError: null, logitError: null, refused: reasonOf(toWire(error)) };
  }
}

async function deviationsOf(folder: string, oracle: Oracle, options: ModelOptions): Promise<readonly Deviation[]> {
  const { request } = await readLoadRequest({ ...options, model: folder });
  const { program } = await loadProgram(request, createNodeRunner, () => {});
  try {
    return await conform(program, oracle);
  } finally {
    await program.runner.dispose();
  }
}

const worst = (values: readonly (number | null)[]): number =>
  Math.max(...values.filter((value): value is number => value !== null));

const reasonOf = ({ message, cause }: WireError): string => (cause ? `${message} (${reasonOf(cause)})` : message);
