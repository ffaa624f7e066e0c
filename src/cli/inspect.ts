import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { parse } from '../graph/parse';
import { StudioError } from '../lib/errors';
import { type FileKind, type Recognised, recognise } from '../project/recognise';
import { parseOptions, UsageError } from './usage';

export const INSPECT_USAGE =
  'npm run --silent inspect -- FILE...     one JSON line a file: {file, kind, ok, summary, error?}';

/** Larger files are models, and are read by `check`. */
const MAX_BYTES = 512 * 2 ** 20;

interface Inspected extends Omit<Recognised, 'kind'> {
  readonly file: string;
  readonly kind: FileKind | 'onnx' | 'unreadable';
}

/** Says what files are, before anybody opens them. Resolves to false when one cannot be used. */
export async function inspect(args: readonly string[]): Promise<boolean> {
  const { positionals } = parseOptions(args, {});
  if (positionals.length === 0) throw new UsageError('Name at least one file.');
  let fine = true;
  for (const path of positionals) {
    const inspected = await inspectFile(path);
    process.stdout.write(`${JSON.stringify(inspected)}\n`);
    fine &&= inspected.ok;
  }
  return fine;
}

async function inspectFile(path: string): Promise<Inspected> {
  const file = basename(path);
  const unreadable = (error: string): Inspected => ({
    file,
    kind: 'unreadable',
    ok: false,
    summary: 'It was not read.',
    error,
  });
  const found = await stat(path).catch(() => null);
  if (!found) return unreadable(`There is no file ${path}.`);
  if (!found.isFile()) return unreadable(`${path} is a folder. Name a file in it, or zip it.`);
  if (found.size > MAX_BYTES)
    return unreadable(`It has ${Math.round(found.size / 2 ** 20)} MiB; at most 512 are read.`);
  const bytes = new Uint8Array(await readFile(path));
  return { file, ...(onnx(file, bytes) ?? (await recognise(file, bytes))) };
}

/** By name: a protobuf has no mark of its own. External weights are not looked for. */
function onnx(file: string, bytes: Uint8Array): Omit<Inspected, 'file'> | null {
  if (!/\.onnx$/i.test(file)) return null;
  try {
    const { nodes, inputs, initializers } = parse(bytes, new Map());
    return {
      kind: 'onnx',
      ok: true,
      summary: `An ONNX graph of ${nodes.length} nodes, ${inputs.length} inputs, ${initializers.size} weights.`,
    };
  } catch (cause) {
    if (!(cause instanceof StudioError)) throw cause;
    // the graph itself was read
    if (cause.code === 'model-missing-file')
      return { kind: 'onnx', ok: true, summary: 'An ONNX graph whose weights lie in files beside it.' };
    return { kind: 'onnx', ok: false, summary: 'An ONNX model.', error: cause.message };
  }
}
