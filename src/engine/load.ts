import type { Decoder } from '../graph/decoder';
import { rowsAsFloat32 } from '../graph/dequantise';
import { sizeOf, viewKey } from '../graph/dtype';
import { type PackableBytes, packableMatrices } from '../graph/expand-quantised';
import type { Graph } from '../graph/ir';
import { normalise } from '../graph/normalise';
import { writePacked } from '../graph/packed';
import { parse } from '../graph/parse';
import { serialise } from '../graph/serialise';
import { DEFAULT_TEXT_CACHE } from '../inference/cache-plan';
import { type KvRow, kvBytesPerToken } from '../inference/kv';
import { type KeysStand, type ProgramSpec, takesPast, textEnd } from '../inference/program';
import { type Program, run } from '../inference/run';
import { present } from '../lib/assert';
import { sha256 } from '../lib/bytes';
import { badInput, type ErrorCode, missingFile, StudioError, unsupportedModel } from '../lib/errors';
import { configOf, dtypeOf, foldHash, TRANSFER_FILE } from '../model/card';
import { heapOf } from '../model/hub-models';
import { NOT_CAUSAL, unfitWords } from '../model/unfit';
import { readSafetensors } from '../prompt/codecs';
import type { CreateRunner, SerialisedModel } from '../runtime/types';
import { buildProgram, specOf } from './build-program';
import type { LoadEvent, LoadRequest, ModelFiles, ModelInfo, WeightMemory } from './types';

export interface LoadedProgram {
  readonly program: Program;
  readonly info: ModelInfo;
}

/** @throws StudioError `model-*`, `session-failed`, `out-of-memory`; untrainable models are named by their kind */
export async function loadProgram(
  request: LoadRequest,
  createRunner: CreateRunner,
  onEvent: (event: LoadEvent) => void,
): Promise<LoadedProgram> {
  const graph = parseModel(request.files);
  const face = {
    family: configOf(request.files).family,
    inputs: graph.inputs.map(({ name }) => name),
    outputs: graph.outputs.map(({ name }) => name),
    ops: [...new Set(graph.nodes.map(({ op }) => op))],
  };
  try {
    const loaded = await loadGraph(graph, request, createRunner, onEvent);
    const { runner } = loaded.program;
    const shown = await tried(loaded.program).catch(async (cause: unknown) => {
      await runner.dispose();
      throw cause;
    });
    if (shown.isCausal) return withKeys(loaded, shown.keysStand, request.files);
    await runner.dispose();
  } catch (cause) {
    const words = cause instanceof StudioError && UNFIT.includes(cause.code) ? unfitWords(face) : null;
    throw words ? unsupportedModel(words, { cause }) : cause;
  }
  throw unsupportedModel(unfitWords(face) ?? NOT_CAUSAL);
}

/** What a model of an unsupported kind fails with. */
const UNFIT: readonly ErrorCode[] = ['model-unsupported', 'session-failed'];

/** Share of the largest logit: kernels add in another order. */
const SAME_LOGIT = 1e-3;

function withKeys({ program, info }: LoadedProgram, keysStand: KeysStand, files: ModelFiles): LoadedProgram {
  const spec = { ...program.spec, keysStand };
  if (keysStand === 'nowhere') return { program: { ...program, spec }, info };
  const after = textEnd(spec) ?? info.contextLength ?? Number.MAX_SAFE_INTEGER;
  const numbers = kvBytesPerToken(spec, 1);
  const transfer = transferred(files, numbers);
  const keys = { after, numbers, transferred: (transfer?.length ?? 0) / numbers };
  return { program: { ...program, spec, transfer }, info: { ...info, keys } };
}

/** Undefined: none came with the model, or they are another model's. */
function transferred(files: ModelFiles, numbers: number): Float32Array | undefined {
  const file = files[TRANSFER_FILE];
  const read = file && readSafetensors(file);
  return read?.ok && read.value.hidden === numbers ? read.value.vectors : undefined;
}

/** A later token must leave the logits of an earlier one as they are. One token stands at two positions, for its keys. */
async function tried(program: Program) {
  const { vocabulary } = program.spec;
  const [first = 0, second = 0, other = 0, last = 0] = [0.2, 0.4, 0.6, 0.8].map((at) => Math.floor(at * vocabulary));
  const rows = [first, other].map((end) => ({ tokens: Int32Array.of(first, second, end), past: null, reads: [1] }));
  const asked = { soft: null, candidates: [first, second, other, last], keepPresent: takesPast(program.spec) };
  const { logits, present: kept } = await run(program, rows, asked);
  const [one, two] = [logits.subarray(0, 4), logits.subarray(4)];
  const largest = Math.max(...logits.map(Math.abs));
  return {
    isCausal: one.every((logit, i) => Math.abs(logit - (two[i] as number)) <= SAME_LOGIT * largest),
    keysStand: keysStandOf(program.spec, kept[0]),
  };
}

const SAME_LENGTH = 1e-3;

/**
 * A rotation changes a key of the first layer with its position, and leaves the length of each head's. Where positions are an
 * input and that key is the same, other layers may rotate theirs.
 */
function keysStandOf({ trainsPast, inputs, kvHeads, headDim }: ProgramSpec, row: KvRow | undefined): KeysStand {
  const [keys] = row?.keys ?? [];
  if (!trainsPast || !keys) return 'nowhere';
  const heads = Array.from({ length: kvHeads }, (_, h) =>
    [0, 2].map((t) => keys.subarray((h * 3 + t) * headDim, (h * 3 + t + 1) * headDim)),
  );
  const isNear = ([a = 0, b = 0]: readonly number[], scale = Math.abs(a)) => Math.abs(a - b) <= SAME_LENGTH * scale;
  const length = (key: ArrayLike<number>) => Math.hypot(...Array.from(key));
  const isSame = heads.every(([a = [], b = []]) =>
    Array.from(a).every((x, i) => isNear([x, b[i] as number], length(a))),
  );
  const mayRotate = isSame ? inputs.positions !== null : heads.every((pair) => isNear(pair.map(length)));
  return mayRotate ? (inputs.positions === null ? 'nowhere' : 'fixed') : 'anywhere';
}

/** Quantised weights are written out one at a time, as the runtime copies them into its heap; then each is released. */
async function loadGraph(
  graph: Graph,
  request: LoadRequest,
  createRunner: CreateRunner,
  onEvent: (event: LoadEvent) => void,
): Promise<LoadedProgram> {
  const begin = performance.now();
  const clock = stages(onEvent);
  const path = onnxPath(request.files);
  const hash = request.sha256 ?? (await modelHash(request.files));
  clock('parse');
  const packable = packableMatrices(graph);
  const small = holdsSmall(request, packable);
  const decoder = normalise(graph, { consume: true });
  const { family, contextLength } = configOf(request.files);
  const facts = factsOf(decoder);
  const built = buildProgram(decoder, request.trains);
  const spec = specOf(decoder, built, request.trains);
  const weights = { packed: small, consume: request.consume ?? false, onDisk: buffersOnDisk(request), graph: built };
  const serialised = { ...serialise(small ? writePacked(built) : built), ...weights };
  clock('dequantise');
  const { threads, avoidAdapters, wasmPaths } = request;
  const backend = small && request.backend === 'auto' ? 'wasm' : request.backend;
  const runner = await createRunner(serialised, {
    backend,
    ...(threads === undefined ? {} : { threads }),
    ...(avoidAdapters ? { avoidAdapters } : {}),
    ...(wasmPaths === undefined ? {} : { wasmPaths }),
  });
  clock('session');
  const info: ModelInfo = {
    id: request.id,
    dtype: dtypeOf(path),
    sha256: hash,
    family,
    backend: runner.backend,
    threads: runner.threads,
    adapter: runner.adapter,
    fallback: runner.fallback,
    heapBytes: runner.heapBytes,
    ...facts,
    ...(packable.length > 0 && { weights: weightMemory(serialised, packable, decoder) }),
    keys: null,
    contextLength: facts.contextLength ?? contextLength,
    loadSeconds: (performance.now() - begin) / 1000,
    roomTokens: Math.floor(DEFAULT_TEXT_CACHE.budgetBytes / kvBytesPerToken(spec, 2)),
  };
  return { program: { spec, runner }, info };
}

/** By the buffer that a file was read into. */
const buffersOnDisk = ({ files, onDisk = {} }: LoadRequest): ReadonlyMap<ArrayBufferLike, Blob> =>
  new Map(
    Object.entries(onDisk).flatMap(([path, blob]) => {
      const bytes = files[path];
      return bytes?.byteOffset === 0 && bytes.byteLength === blob.size ? [[bytes.buffer, blob] as const] : [];
    }),
  );

const sumOf = (matrices: readonly PackableBytes[], way: 'fastBytes' | 'smallBytes') =>
  matrices.reduce((sum, matrix) => sum + matrix[way], 0);

function holdsSmall(
  { weights, backend, memoryBytes = Number.POSITIVE_INFINITY }: LoadRequest,
  packable: readonly PackableBytes[],
): boolean {
  const isWasm = backend === 'wasm' || backend === 'node-wasm';
  if (weights === 'small' && !isWasm)
    throw badInput(`Small weights need WebAssembly, and the model is to run on ${backend}.`);
  const fits = sumOf(packable, 'fastBytes') <= memoryBytes;
  return packable.length > 0 && (weights ? weights === 'small' : !fits && (isWasm || backend === 'auto'));
}

/** Of the weights as the runtime gets them, and the other way. */
function weightMemory(
  { external, packed }: SerialisedModel,
  packable: readonly PackableBytes[],
  { graph }: Decoder,
): WeightMemory {
  const given = external.reduce((sum, { byteLength }) => sum + byteLength, 0);
  const kept = packable.filter(({ half }) => half === null || graph.initializers.has(half));
  const saved = sumOf(kept, 'fastBytes') - sumOf(kept, 'smallBytes');
  return {
    held: packed ? 'small' : 'fast',
    fastBytes: heapOf(packed ? given + saved : given),
    smallBytes: heapOf(packed ? given : given - saved),
  };
}

/** Uses the files up. @throws StudioError `model-*` */
export function sizesOf(files: ModelFiles): Pick<ModelInfo, 'parameters' | 'hidden'> {
  const decoder = normalise(parseModel(files), { consume: true });
  return { parameters: parameterCount(decoder), hidden: decoder.hidden };
}

/** As the exporter wrote it. @throws StudioError `model-*` */
export function parseModel(files: ModelFiles): Graph {
  const path = onnxPath(files);
  return parse(present(files[path], path), externalFiles(files, path));
}

function stages(onEvent: (event: LoadEvent) => void) {
  let last = performance.now();
  return (stage: LoadEvent['stage']) => {
    const now = performance.now();
    onEvent({ kind: 'stage', stage, seconds: (now - last) / 1000 });
    last = now;
  };
}

const factsOf = (decoder: Decoder) => ({
  parameters: parameterCount(decoder),
  layers: decoder.layers,
  hidden: decoder.hidden,
  vocabulary: decoder.vocabulary,
  contextLength: decoder.contextLength,
  embeddingRms: embeddingRms(decoder),
  embeddingNorms: embeddingNorms(decoder),
});

/** The folder's reader has chosen one. */
function onnxPath(files: ModelFiles): string {
  const paths = Object.keys(files).filter((path) => path.endsWith('.onnx'));
  const [path] = paths;
  if (path === undefined || paths.length > 1)
    throw missingFile(
      path === undefined
        ? 'The model folder has no .onnx file.'
        : `The model folder has ${paths.length} .onnx files; one must be chosen.`,
      { data: { paths } },
    );
  return path;
}

/** By location, relative to the .onnx file. */
function externalFiles(files: ModelFiles, path: string): Map<string, Uint8Array> {
  const folder = path.slice(0, path.lastIndexOf('/') + 1);
  const beside = Object.entries(files).filter(([other]) => other !== path && other.startsWith(folder));
  return new Map(beside.map(([other, bytes]) => [other.slice(folder.length), bytes]));
}

async function modelHash(files: ModelFiles): Promise<string> {
  const weights = Object.entries(files).filter(([path]) => path.startsWith('onnx/'));
  const hashed = weights.map(async ([path, bytes]) => ({
    path,
    sha256: await sha256(bytes as Uint8Array<ArrayBuffer>),
  }));
  return foldHash(await Promise.all(hashed));
}

/** 545 MB at once for a vocabulary of 151,936. */
const ROWS_AT_ONCE = 1024;

/** Root mean square, with the table's scale. */
function embeddingRms({ graph, embeddingTable }: Decoder): number {
  const table = present(graph.initializers.get(embeddingTable.weight), 'embedding table');
  const [rows = 0] = table.dims;
  let sum = 0;
  for (let row = 0; row < rows; row += ROWS_AT_ONCE) {
    const values = rowsAsFloat32(table, row, Math.min(rows, row + ROWS_AT_ONCE));
    for (let i = 0; i < values.length; i++) sum += (values[i] as number) ** 2;
  }
  return Math.sqrt(sum / sizeOf(table.dims)) * Math.abs(embeddingTable.scale);
}

const SAMPLED_ROWS = 4000;

/** 5%, 50% and 95% quantile, from evenly spaced rows. */
function embeddingNorms({ graph, embeddingTable }: Decoder): readonly [number, number, number] {
  const table = present(graph.initializers.get(embeddingTable.weight), 'embedding table');
  const [rows = 0] = table.dims;
  const step = Math.max(1, Math.floor(rows / SAMPLED_ROWS));
  const norms = Float64Array.from({ length: Math.floor(rows / step) }, (_, i) => {
    let sum = 0;
    for (const value of rowsAsFloat32(table, i * step, i * step + 1)) sum += value ** 2;
    return Math.sqrt(sum) * Math.abs(embeddingTable.scale);
  }).sort();
  const quantile = (share: number) => norms[Math.round(share * (norms.length - 1))] ?? 0;
  return [quantile(0.05), quantile(0.5), quantile(0.95)];
}

/** Shared tensors count once; rotary tables and small constants do not. */
function parameterCount({ graph, headDim }: Decoder): number {
  const seen = new Set<string>();
  const buffers = new Map<ArrayBufferLike, number>();
  let count = 0;
  for (const tensor of graph.initializers.values()) {
    const isRotary = tensor.dims.length === 2 && tensor.dims[1] === headDim / 2;
    const key = `${viewKey(tensor.bytes, buffers)}:${tensor.bytes.byteLength}`;
    if (tensor.dtype !== 'float32' || isRotary || tensor.bytes.byteLength < 64 || seen.has(key)) continue;
    seen.add(key);
    count += sizeOf(tensor.dims);
  }
  return count;
}
