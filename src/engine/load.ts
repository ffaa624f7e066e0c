import type { Decoder } from '../graph/decoder';
import { normalise } from '../graph/normalise';
import { parse } from '../graph/parse';
import { serialise } from '../graph/serialise';
import type { Program } from '../inference/run';
import { specOf } from '../inference/splice';
import { present } from '../lib/assert';
import { StudioError } from '../lib/errors';
import { sha256 } from '../lib/hash';
import { dtypeOf, foldHash } from '../model/card';
import { configOf } from '../model/config';
import type { CreateRunner } from '../runtime/types';
import { buildProgram } from './build-program';
import type { LoadEvent, LoadRequest, ModelFiles, ModelInfo } from './types';
import { embeddingNorms, embeddingRms, parameterCount } from './weights';

export interface LoadedProgram {
  readonly program: Program;
  readonly info: ModelInfo;
}

/**
 * Model files -> graph -> session. Buffers are let go as soon as the next stage has them: the quantised weights once they
 * are dequantised, the float32 ones once they lie in the runtime's heap.
 * @throws StudioError `model-*`, `session-failed`, `out-of-memory`
 */
export async function loadProgram(
  request: LoadRequest,
  createRunner: CreateRunner,
  onEvent: (event: LoadEvent) => void,
): Promise<LoadedProgram> {
  const begin = performance.now();
  const clock = stages(onEvent);
  const path = onnxPath(request.files);
  const hash = request.sha256 ?? (await modelHash(request.files));
  const graph = parse(present(request.files[path], path), externalFiles(request.files, path));
  clock('parse');
  const decoder = normalise(graph, { consume: true });
  const { family, contextLength } = configOf(request.files);
  const facts = factsOf(decoder);
  const spec = specOf(decoder);
  const serialised = serialise(buildProgram(decoder));
  clock('dequantise');
  const { backend, threads, avoidAdapters } = request;
  const runner = await createRunner(serialised, {
    backend,
    ...(threads === undefined ? {} : { threads }),
    ...(avoidAdapters ? { avoidAdapters } : {}),
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
    heapBytes: runner.heapBytes,
    ...facts,
    contextLength: facts.contextLength ?? contextLength,
    loadSeconds: (performance.now() - begin) / 1000,
  };
  return { program: { spec, runner }, info };
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

/** Whoever read the folder chose the file; here only one may be left. */
function onnxPath(files: ModelFiles): string {
  const paths = Object.keys(files).filter((path) => path.endsWith('.onnx'));
  const [path] = paths;
  if (path === undefined || paths.length > 1)
    throw new StudioError(
      'model-missing-file',
      path === undefined
        ? 'The model folder has no .onnx file.'
        : `The model folder has ${paths.length} .onnx files; one must be chosen.`,
      { data: { paths } },
    );
  return path;
}

/** External data by location: relative to the .onnx file. */
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
