import type { ModelCard, ModelFiles } from '../../model/card';
import type { DownloadProgress } from '../../model/download';
import type { ModelSource } from '../../model/load';
import type { LoadRequest, ModelInfo } from '../../worker/protocol';
import type { Services } from './services';

interface LoadEngineOptions {
  readonly source: ModelSource;
  readonly threads: number;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: DownloadProgress) => void;
  readonly onStage: (stage: 'parse' | 'dequantise' | 'session') => void;
  /** The files are here: says where the model is to run, and may read them before they move to the engine. */
  readonly onFiles: (card: ModelCard, files: ModelFiles) => Promise<Pick<LoadRequest, 'backend' | 'avoidAdapters'>>;
}

/** From where a model comes from into the engine. @throws StudioError `model-*`, `cancelled`, as the engine's load */
export async function loadEngine(services: Services, options: LoadEngineOptions): Promise<ModelInfo> {
  const { source, threads, signal, onProgress, onStage, onFiles } = options;
  const { card, files } = await services.loadModelFiles(source, { signal, onProgress });
  signal.throwIfAborted();
  const where = await onFiles(card, files);
  return services.engine.call(
    'load',
    { id: card.id, files, threads, sha256: card.sha256, ...where },
    {
      signal,
      onEvent: ({ stage }) => onStage(stage),
      // moved, not copied: the page keeps no second copy of the weights
      transfer: Object.values(files).map(({ buffer }) => buffer as ArrayBuffer),
    },
  );
}
