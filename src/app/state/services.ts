/**
 * The composition root: everything with a lifetime that the page uses, made once at boot and handed to the stores.
 * Screens never see it: they render a store's state and call its actions.
 */

import type { ModelCard } from '../../model/card';
import type { DownloadProgress } from '../../model/download';
import type { LoadedModel, ModelSource } from '../../model/load';
import type { SoftPrompt } from '../../prompt/soft-prompt';
import type { Store } from '../../store/store';
import type { LabelWord } from '../../task/types';
import type { EngineControl, EngineMethods, ModelFiles, ModelInfo, WorkflowMethods } from '../../worker/protocol';

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

/** The prompt trained in advance that the start screen shows. */
export interface ShippedPrompt {
  readonly template: string;
  readonly words: readonly LabelWord[];
  readonly soft: SoftPrompt;
  /** Of the prompt's vectors, for the line under the answers. */
  readonly bytes: number;
  /** Mean log-probabilities that its export subtracts; null = none. */
  readonly calibration: readonly number[] | null;
  readonly modelId: string;
  readonly modelSha256: string;
}

/** public/sample/sample.json */
export interface SampleSet {
  readonly name: string;
  readonly textColumn: string;
  readonly labelColumn: string;
  readonly idColumn: string;
  readonly seed: number;
  readonly template: string;
  readonly words: readonly LabelWord[];
  readonly prompts: readonly { readonly name: string; readonly template: string }[];
  readonly example: string;
  /** For presenting: new texts, in none of the splits. */
  readonly examples: readonly string[];
  readonly split: Readonly<Record<'train' | 'validation' | 'test', readonly string[]>>;
  readonly csv: { readonly fileName: string; readonly bytes: Uint8Array };
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
  readonly loadShippedPrompt: () => Promise<ShippedPrompt | null>;
  readonly loadSample: () => Promise<SampleSet>;
}
