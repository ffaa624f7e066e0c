import { secondsLeft } from '../../lib/format';
import type { ModelCard } from '../../model/card';
import type { DownloadProgress } from '../../model/download';
import { isSmall, type ModelSource } from '../../model/load';
import type { LoadRequest, ModelFiles, ModelInfo } from '../../worker/protocol';
import type { Refusal } from './self-check';
import type { Services } from './services';
import type { SessionState } from './session-state';

interface LoadEngineOptions {
  readonly source: ModelSource;
  readonly threads: number;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: DownloadProgress) => void;
  readonly onStage: (stage: 'parse' | 'dequantise' | 'session') => void;
  /** The files are here: says where the model is to run, and may read them before they move to the engine. */
  readonly onFiles: (
    card: ModelCard,
    files: ModelFiles,
  ) => Promise<Pick<LoadRequest, 'backend' | 'avoidAdapters' | 'trains'>>;
}

/** @throws StudioError `model-*`, `cancelled`, as the engine's load */
export async function loadEngine(services: Services, options: LoadEngineOptions): Promise<ModelInfo> {
  const { source, threads, signal, onProgress, onStage, onFiles } = options;
  const { card, files, onDisk } = await services.loadModelFiles(source, { signal, onProgress });
  signal.throwIfAborted();
  const where = await onFiles(card, files);
  return services.engine.call(
    'load',
    { id: card.id, files, onDisk, threads, sha256: card.sha256, ...where },
    {
      signal,
      onEvent: ({ stage }) => onStage(stage),
      // moved, not copied: the page keeps no second copy of the weights
      transfer: Object.values(files).map(({ buffer }) => buffer as ArrayBuffer),
    },
  );
}

type Shown = Pick<SessionState, 'model' | 'card' | 'refusals' | 'tokenizer'>;

interface LoadModelOptions extends Pick<LoadEngineOptions, 'source' | 'threads' | 'signal'> {
  readonly backend: LoadRequest['backend'];
  readonly trains: LoadRequest['trains'];
  readonly refusalsOf: (sha256: string) => Promise<readonly Refusal[]>;
  /** What is known so far; not called once the signal is aborted. */
  readonly onChange: (change: Partial<Shown>) => void;
}

export async function loadModel(services: Services, options: LoadModelOptions): Promise<ModelInfo> {
  const { source, backend, trains, threads, signal, refusalsOf, onChange } = options;
  const show = (change: Partial<Shown>) => signal.aborted || onChange(change);
  let weights: ModelCard['weights'];
  show({ model: { kind: 'downloading', receivedBytes: 0, totalBytes: 0, fromCache: false, secondsLeft: null } });
  // what fails in these two is reported by the load below
  void services.engine.call('prepare', { backend, threads }).catch(() => {});
  // texts can be tokenised while the weights are on their way
  const early = openEarly(services, source, show);
  const startedAt = performance.now();
  const info = await loadEngine(services, {
    source,
    threads,
    signal,
    onProgress: ({ receivedBytes, totalBytes, fromCache }) => {
      const left = secondsLeft(receivedBytes, totalBytes, (performance.now() - startedAt) / 1000);
      show({ model: { kind: 'downloading', receivedBytes, totalBytes, fromCache, secondsLeft: left } });
    },
    onStage: (stage) => show({ model: { kind: 'starting', stage } }),
    onFiles: async (card, files) => {
      weights = card.weights;
      const refusals = await refusalsOf(card.sha256);
      show({ card, refusals, model: { kind: 'starting', stage: 'parse' } });
      if (!(await early)) await openTokenizer(services, smallOf(files), show);
      return {
        backend: backend === 'webgpu' && refusals.length > 0 ? 'wasm' : backend,
        avoidAdapters: refusals.map(({ adapter }) => adapter),
        ...(trains && { trains }),
      };
    },
  });
  signal.throwIfAborted();
  await services.connectEngine(info, weights);
  return info;
}

const smallOf = (files: ModelFiles): ModelFiles =>
  Object.fromEntries(Object.entries(files).filter(([path]) => isSmall(path)));

async function openTokenizer(services: Services, files: ModelFiles, show: (change: Partial<Shown>) => void) {
  show({ tokenizer: { kind: 'ready', ...(await services.workflow.call('openTokenizer', { files })) } });
}

async function openEarly(services: Services, source: ModelSource, show: (change: Partial<Shown>) => void) {
  try {
    const files = await services.loadTokenizerFiles(source);
    if (files) await openTokenizer(services, files, show);
    return files !== null;
  } catch {
    return false;
  }
}
