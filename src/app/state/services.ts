import type { EngineMethods } from '../../api/engine-methods';
import type { ModelCard } from '../../model/card';
import type { DownloadProgress } from '../../model/download';
import type { LoadedModel, ModelSource } from '../../model/load';
import type { Version } from '../../prompt-set/types';
import type { RpcClient } from '../../rpc/client';
import type { Methods } from '../../rpc/serve';
import type { Store } from '../../store/store';
import type { ModelFiles, ModelInfo, WorkflowMethods } from '../../worker/protocol';
import type { SampleSet, StarterList } from './site-files';

/**
 * Everything with a lifetime that the page uses, made once at boot and handed to the stores. Screens never see it: they render
 * a store's state and call its actions.
 */

export type Client<M extends Methods<M>> = Pick<RpcClient<M>, 'call' | 'control' | 'restart' | 'dispose'>;

export interface Services {
  readonly engine: Client<EngineMethods>;
  readonly workflow: Client<WorkflowMethods>;
  readonly connectEngine: (info: ModelInfo, weights: ModelCard['weights']) => Promise<void>;
  readonly store: Store;
  readonly loadModelFiles: (
    source: ModelSource,
    options: { readonly onProgress: (progress: DownloadProgress) => void; readonly signal?: AbortSignal },
  ) => Promise<LoadedModel>;
  /** Deletes a kept model's files, but for those that the other models have too. */
  readonly forgetModelFiles: (card: ModelCard, others: readonly ModelCard[]) => Promise<void>;
  /** The tokenizer's files alone, where they can be had before the weights; else null. */
  readonly loadTokenizerFiles: (source: ModelSource) => Promise<ModelFiles | null>;
  readonly loadShippedPrompt: () => Promise<Version | null>;
  readonly loadSample: (starter?: string) => Promise<SampleSet>;
  readonly loadStarters: () => Promise<StarterList>;
}
