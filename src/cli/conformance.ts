import { readFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { conform, type Deviation, type Oracle } from '../engine/conform';
import { loadProgram } from '../engine/load';
import { toWire, type WireError } from '../lib/errors';
import { createNodeRunner } from '../runtime/ort-node';
import { readModelDir } from './node-host';
import { modelOptions, parseOptions, readModelOptions, UsageError } from './options';

export const CONFORMANCE_USAGE =
  'npm run conformance -- DIR... [--backend node-wasm|node-native] [--threads N]     model folders with an oracle.json';

const LOSS_TOLERANCE = 1e-4;
const GRADIENT_TOLERANCE = 1e-3;

/** The output for one folder. Errors are the largest over all ways to run the model; null = the model did not run. */
interface Result {
  readonly name: string;
  readonly ok: boolean;
  readonly lossError: number | null;
  readonly gradError: number | null;
  readonly logitError: number | null;
  /** Why the model did not run. */
  readonly refused?: string;
}

/** Prints one JSON line per folder: how far losses and gradients are from PyTorch's. Returns whether all are close enough. */
export async function conformance(args: readonly string[]): Promise<boolean> {
  const { values, positionals } = parseOptions(args, modelOptions);
  if (positionals.length === 0) throw new UsageError('Name at least one model folder.');
  const options = readModelOptions(values);
  let allOk = true;
  for (const folder of positionals) {
    const result = await measure(resolve(folder), options);
    allOk &&= result.ok;
    process.stdout.write(`${JSON.stringify(result)}\n`);
  }
  return allOk;
}

async function measure(folder: string, options: ReturnType<typeof readModelOptions>): Promise<Result> {
  let name = basename(folder);
  try {
    const oracle: Oracle = JSON.parse(await readFile(join(folder, 'oracle.json'), 'utf8'));
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

async function deviationsOf(
  folder: string,
  oracle: Oracle,
  { backend, threads }: ReturnType<typeof readModelOptions>,
): Promise<readonly Deviation[]> {
  const { card, files } = await readModelDir(folder);
  const request = { id: card.id, files, backend, sha256: card.sha256, ...(threads === null ? {} : { threads }) };
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
