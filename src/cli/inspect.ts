import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { readModelDir } from '../api/node-platform';
import { shapesOf } from '../autodiff/operators/table';
import { parseTable } from '../dataset/parse';
import { forwardAndBackward } from '../engine/build-program';
import { parseModel } from '../engine/load';
import type { ModelFiles } from '../engine/types';
import type { Graph, ValueInfo } from '../graph/ir';
import { normalise } from '../graph/normalise';
import { parse } from '../graph/parse';
import { print } from '../graph/print';
import { type FileKind, type Recognised, recognise } from '../interchange/recognise';
import { isRecord } from '../lib/assert';
import { readJson } from '../lib/bytes';
import { StudioError } from '../lib/errors';
import { bytes as bytesInWords } from '../lib/format';
import { firstFault } from '../lib/zod';
import { resultsSchema } from '../report/results-schema';
import { flag } from './options';
import { command } from './program';

/** Larger files are models, for `check`. */
const MAX_BYTES = 512 * 2 ** 20;

interface Inspected extends Omit<Recognised, 'kind'> {
  readonly file: string;
  readonly kind: FileKind | 'onnx' | 'results' | 'unreadable';
}

export const inspect = command({
  summary: 'say what files are and whether they can be used, a JSON line each',
  takes: { files: '<FILE...>' },
  options: {},
  async run({ files }) {
    let fine = true;
    for (const path of files) {
      const inspected = await inspectFile(path);
      process.stdout.write(`${JSON.stringify(inspected)}\n`);
      fine &&= inspected.ok;
    }
    return fine ? {} : { failed: {} };
  },
});

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
  if (!found.isFile()) return unreadable(`${path} is a folder. Name a file in it, or zip the folder.`);
  if (found.size > MAX_BYTES)
    return unreadable(`It is too large: ${bytesInWords(found.size)}, and the limit is ${bytesInWords(MAX_BYTES)}.`);
  const bytes = new Uint8Array(await readFile(path));
  return { file, ...(onnx(file, bytes) ?? results(file, bytes) ?? (await recognise(file, bytes))) };
}

/** Recognised by name, since a protobuf has no signature. Ignores external weights. */
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
    // The graph itself was read.
    if (cause.code === 'model-missing-file')
      return { kind: 'onnx', ok: true, summary: 'An ONNX graph with its weights in separate files.' };
    return { kind: 'onnx', ok: false, summary: 'An ONNX model.', error: cause.message };
  }
}

/** Results of `tune` and of the Compare screen: JSON with a schema, or CSV with a column for each prompt's answers. */
function results(file: string, bytes: Uint8Array): Omit<Inspected, 'file'> | null {
  const start = new TextDecoder().decode(bytes.subarray(0, 2000));
  if (/^\s*\{/.test(start) && start.includes('"formatVersion"')) return resultsJson(bytes);
  if (!/^row_id,(?:text,)?gold,/.test(start)) return null;
  const read = parseTable(file, bytes);
  if (!read.ok) return { kind: 'results', ok: false, summary: 'Results as a table.', error: read.error.message };
  const arms = read.value.columns.flatMap((column) => /^(.+)_prediction$/.exec(column)?.[1] ?? []);
  const summary = `Results of ${arms.length} prompts (${arms.join(', ')}) on ${read.value.rows.length} test rows.`;
  const lost = read.value.rejected[0];
  return lost
    ? { kind: 'results', ok: false, summary, error: `Line ${lost.line} cannot be read: ${lost.reason}.` }
    : { kind: 'results', ok: true, summary };
}

function resultsJson(bytes: Uint8Array): Omit<Inspected, 'file'> | null {
  const value = readJson(bytes);
  if (!isRecord(value) || !('arms' in value) || !('verdict' in value)) return null;
  const parsed = resultsSchema.safeParse(value);
  if (parsed.success) {
    const { arms, dataset, verdict } = parsed.data;
    const summary = `Results of ${arms.length} prompts on ${dataset.test} test rows: ${verdict.headline}.`;
    return { kind: 'results', ok: true, summary };
  }
  const error = `It does not have the expected form (at ${firstFault(parsed.error)}).`;
  return { kind: 'results', ok: false, summary: 'Results of a comparison.', error };
}

export const graph = command({
  summary: 'print a model in core operators',
  takes: { folder: '<MODEL_DIR>' },
  options: { backward: flag('print the training program') },
  async run({ folder, backward }) {
    const text = graphText((await readModelDir(folder)).files, backward);
    return { text, json: { lines: text.split('\n') } };
  },
});

export function graphText(files: ModelFiles, backward: boolean): string {
  const decoder = normalise(parseModel(files), { consume: true });
  const { layers, hidden, kvHeads, headDim, vocabulary, contextLength } = decoder;
  const shown = backward ? forwardAndBackward(decoder) : decoder.graph;
  const facts = [
    `# ${layers} layers, hidden size ${hidden}, ${kvHeads} key heads of ${headDim}, vocabulary ${vocabulary}, context ${contextLength ?? 'unbounded'}`,
    `# ${backward ? 'training program: forward part, loss, then the gradient of the soft prompt' : 'forward part in core operators'}: ${shown.nodes.length} nodes`,
    `# ${operatorCounts(shown)}`,
  ];
  // Sizes that nothing is known of are numbered; the numbers say nothing.
  return [...facts, print(withShapes(shown)).replace(/\?\d+/g, '?')].join('\n');
}

function operatorCounts({ nodes }: Graph): string {
  const counts = new Map<string, number>();
  for (const { op } of nodes) counts.set(op, (counts.get(op) ?? 0) + 1);
  return [...counts]
    .sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1))
    .map(([op, n]) => `${n} ${op}`)
    .join(', ');
}

function withShapes(graph: Graph): Graph {
  const shapes = shapesOf(graph);
  const inferred = graph.nodes.flatMap(({ outputs }) =>
    outputs.flatMap((name): [string, ValueInfo][] => {
      const info = name === '' ? undefined : shapes.of(name);
      return info ? [[name, { name, ...info }]] : [];
    }),
  );
  return { ...graph, values: new Map([...inferred, ...graph.values]) };
}
