import type { ModelCard } from '../../model/card';
import type { DownloadProgress } from '../../model/download';
import type { LoadedModel, ModelSource } from '../../model/load';
import type { AskedVersion } from '../../prompt-set/ready-prompt';
import type { Store } from '../../store/store';
import type { EngineControl, EngineMethods, ModelFiles, ModelInfo, WorkflowMethods } from '../../worker/protocol';
import type { SampleSet, StarterList } from './site-files';

/**
 * Everything with a lifetime that the page uses, made once at boot and handed to the stores. Screens never see it: they render
 * a store's state and call its actions.
 */

type Params<F> = F extends (params: infer P, ...rest: never[]) => unknown ? P : never;
type EventOf<F> = F extends (params: never, onEvent: (event: infer E) => void) => unknown ? E : never;
type Answer<F> = F extends (...args: never[]) => infer R ? R : never;

/** A worker as the page sees it. @see worker/clients */
export interface Client<M> {
  call<K extends keyof M & string>(
    method: K,
    params: Params<M[K]>,
    options?: {
      readonly onEvent?: (event: EventOf<M[K]>) => void;
      readonly signal?: AbortSignal;
      readonly transfer?: readonly Transferable[];
      readonly onStart?: (requestId: number) => void;
    },
  ): Promise<Answer<M[K]>>;
  control(requestId: number, control: EngineControl['control']): void;
  restart(): void;
  dispose(): void;
}

export interface Services {
  readonly engine: Client<EngineMethods>;
  readonly workflow: Client<WorkflowMethods>;
  /** The model is loaded: the workflow worker gets a channel to it, and what is known of it. */
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
  readonly loadShippedPrompt: () => Promise<AskedVersion | null>;
  readonly loadSample: (starter?: string) => Promise<SampleSet>;
  readonly loadStarters: () => Promise<StarterList>;
}
