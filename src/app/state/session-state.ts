/** What is known of the page as a whole: the browser, the model, and the one long job that may run. */
import type { StudioError } from '../../lib/errors';
import type { ModelCard } from '../../model/card';
import { CATALOGUE } from '../../model/catalogue';
import type { ModelSource } from '../../model/load';
import type { ModelInfo } from '../../worker/protocol';
import type { Capabilities } from './capabilities';
import { type CheckStatus, type Refusal, trainingOffWords } from './self-check';

export type ModelStatus =
  | { readonly kind: 'idle' }
  | {
      readonly kind: 'downloading';
      readonly receivedBytes: number;
      readonly totalBytes: number;
      readonly fromCache: boolean;
      readonly secondsLeft: number | null;
    }
  | { readonly kind: 'starting'; readonly stage: 'parse' | 'dequantise' | 'session' }
  | { readonly kind: 'ready'; readonly info: ModelInfo }
  | { readonly kind: 'failed'; readonly error: StudioError };

type TokenizerStatus =
  | { readonly kind: 'waiting' }
  | {
      readonly kind: 'ready';
      readonly endTokenIds: readonly number[];
      readonly hasChat: boolean;
      readonly sha256: string;
    };

/** The long job that runs now. There is one engine and one queue, so there is at most one. */
export interface Job {
  readonly title: string;
  /** The screen it belongs to: the chip leads there. */
  readonly screen: string;
  /** 0 to 1, or null while it cannot be known. */
  readonly fraction: number | null;
  readonly secondsLeft: number | null;
  /** Ends it without losing work, or null when it cannot be ended. */
  readonly stop: (() => void) | null;
}

export interface SessionState {
  readonly capabilities: Capabilities;
  readonly model: ModelStatus;
  /** Where the model comes from; kept between visits where it can be found again. */
  readonly source: ModelSource;
  readonly card: ModelCard | null;
  /** Whether the loaded model's gradients are right on the backend that it runs on. */
  readonly check: CheckStatus;
  /** Graphics devices that are not used for this model, since they computed it wrongly. */
  readonly refusals: readonly Refusal[];
  readonly tokenizer: TokenizerStatus;
  readonly job: Job | null;
  /** Loads the model, or another one in its place, and cancels what is loading. The result is in `model`. */
  readonly loadModel: (source?: ModelSource) => Promise<void>;
  /** Resolves when the model is ready; starts loading it when nothing has. @throws StudioError why it cannot be */
  readonly modelReady: () => Promise<ModelInfo>;
  /**
   * Resolves when the model is ready and its gradients are known to be right, which is checked once; falls back from WebGPU to
   * WebAssembly where they are not. @throws StudioError `gradient-wrong`, `cancelled`, and as modelReady
   */
  readonly trainingReady: () => Promise<ModelInfo>;
  readonly checkAgain: () => Promise<void>;
  /** The engine worker is gone or unusable: the next `modelReady` starts a fresh one from the cached files. */
  readonly engineLost: (error: StudioError) => void;
  /** Resolves when texts can be tokenised, which is before the weights are there. */
  readonly tokenizerReady: () => Promise<void>;
  readonly setJob: (job: Job | null) => void;
  readonly updateJob: (change: Partial<Pick<Job, 'title' | 'fraction' | 'secondsLeft' | 'stop'>>) => void;
}

export const DEFAULT_MODEL = CATALOGUE.standard.source;
export const isBuiltIn = (source: ModelSource): boolean => source.kind === 'site' && source.base === DEFAULT_MODEL.base;

/** After these the engine cannot be used again without a fresh start. */
const ENGINE_GONE = new Set<StudioError['code']>(['worker-died', 'device-lost', 'out-of-memory', 'session-failed']);
export const isEngineGone = (error: StudioError): boolean => ENGINE_GONE.has(error.code);

/** Null = training is on; else why it is off, on this device or with this model, in a sentence. */
export const whyTrainingOff = ({ capabilities, check, model }: SessionState): string | null => {
  if (capabilities.trainingOff !== null) return capabilities.trainingOff;
  const isWrong = check.kind === 'known' && !check.verdict.ok && model.kind === 'ready';
  return isWrong ? trainingOffWords(check.verdict) : null;
};
