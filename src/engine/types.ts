/** Requests and results of the engine: plain, structured-clonable data that can cross to a worker. */

import type { Attribution, AttributionRequest } from '../inference/attribution';
import type { TextCacheOptions } from '../inference/cache-plan';
import type { GenerateOptions, NextTokensOptions } from '../inference/generate';
import type { Trains } from '../inference/program';
import type { ScoredRow, TargetScore, TokenCount } from '../inference/score';
import type { SoftPrompt } from '../prompt/soft-prompt';
import type { Adapter, Backend } from '../runtime/types';
import type { LabelTokens, TokenRow } from '../tokens/tokenizer';
import type { Checkpoint, Trained } from '../training/events';
import type { SwapRequest, TokenSwap } from '../training/objective';
import type { TrainingSettings } from '../training/settings';

export type { NextTokens } from '../inference/generate';
export type { RowsRead } from '../inference/text-cache';
export type { Attribution, AttributionRequest, SwapRequest, TokenSwap };

/** Verified bytes of a model folder: path inside the folder -> bytes. */
export type ModelFiles = Readonly<Record<string, Uint8Array>>;

/**
 * How matrices that the file stores with 4, 8 or 16 bits are held: as float32 (`fast`), or as int8 or halves, written out where
 * they are used (`small`; WebAssembly only).
 */
export type Weights = 'fast' | 'small';

/** How the weights are held, and the runtime's heap with them in it, one way and the other: within 15% of the measured one. */
export interface WeightMemory {
  readonly held: Weights;
  readonly fastBytes: number;
  readonly smallBytes: number;
}

export interface LoadRequest {
  readonly id: string;
  readonly files: ModelFiles;
  readonly backend: Backend | 'auto';
  readonly threads?: number;
  /** Left out = `fast` if the weights then fit into `memoryBytes`, on a backend that has both. */
  readonly weights?: Weights;
  /** Left out = vectors. */
  readonly trains?: Trains;
  /** What the weights may take; left out = as much as they need. */
  readonly memoryBytes?: number;
  /** The files are given away: their buffers are freed as they are read; left out = no. */
  readonly consume?: boolean;
  /** Names of adapters that `auto` must not choose, because they computed this model wrongly. */
  readonly avoidAdapters?: readonly string[];
  /** Of the model card, whose files were verified; else it is computed here. See docs/method/formats.md. */
  readonly sha256?: string;
}

export interface ModelInfo {
  readonly id: string;
  readonly dtype: string;
  /** See docs/method/formats.md: over the files under onnx/. */
  readonly sha256: string;
  /** `model_type` of the folder's config.json, e.g. `llama`; null where it has none. */
  readonly family: string | null;
  readonly backend: Backend;
  readonly threads: number;
  /** The graphics device; null on WASM. */
  readonly adapter: Adapter | null;
  /** See Runner.fallback. */
  readonly fallback?: string | undefined;
  /** Bytes of the wasm heap with the model in it: what the model needs, unless a larger one was loaded before. */
  readonly heapBytes: number | null;
  readonly parameters: number;
  /** Left out for models whose file has no matrices of 4 or 8 bits in blocks, and none of 16. */
  readonly weights?: WeightMemory;
  readonly layers: number;
  readonly hidden: number;
  readonly vocabulary: number;
  /** Positions, from the graph's tables, else from config.json; null = unknown. */
  readonly contextLength: number | null;
  /** Root mean square of the token embedding. */
  readonly embeddingRms: number;
  /** Euclidean length of the token vectors: 5%, 50% and 95% quantile, from a sample. */
  readonly embeddingNorms: readonly [low: number, median: number, high: number];
  readonly loadSeconds: number;
}

export interface TextMemory extends TextCacheOptions {
  /** In use. */
  readonly bytes: number;
}

export type LoadEvent = {
  readonly kind: 'stage';
  readonly stage: 'parse' | 'dequantise' | 'session';
  readonly seconds: number;
};

export interface WriteRequest {
  readonly rows: readonly TokenRow[];
  readonly soft: SoftPrompt | null;
  /** As in ScoreRequest. */
  readonly cacheKey: string | null;
  readonly maxNewTokens: number;
  /** A row ends before the first of these. */
  readonly endTokenIds: readonly number[];
  /** A row also ends before the first of these, except at its start, where they are dropped. */
  readonly breakTokenIds: readonly number[];
}

/** The text generated after a row, and how well the model predicts its target, if it has one. */
export interface WrittenRow {
  readonly rowId: string;
  readonly ids: Int32Array;
  readonly target: TargetScore | null;
}

export interface ScoreRequest {
  readonly rows: readonly TokenRow[];
  readonly labels: readonly LabelTokens[];
  /** null = no virtual tokens. */
  readonly soft: SoftPrompt | null;
  /** Key of the text cache for these rows (not with virtual tokens before the text); null = no cache. */
  readonly cacheKey: string | null;
  /** Trained adapters, where the model is loaded to train those; their answers are not remembered. */
  readonly adapter?: Float32Array;
}

/** Rows whose hidden states are read. */
export type StatesRequest = Pick<ScoreRequest, 'rows' | 'cacheKey'>;

/** Rows after which the next token is read; for the fields see NextTokensOptions. */
export type NextTokensRequest = StatesRequest & {
  readonly [K in 'cue' | 'among' | 'always']: Int32Array;
} & Pick<NextTokensOptions, 'most'>;

export interface ScoreResult {
  readonly rows: readonly (ScoredRow & TokenCount)[];
  /** Rows that had to run. */
  readonly rowsRun: number;
  readonly seconds: number;
}

export interface TrainRequest {
  readonly runId: string;
  /** What the model is loaded to train; left out = vectors. */
  readonly trains?: Trains;
  readonly train: readonly TokenRow[];
  readonly validation: readonly TokenRow[];
  readonly labels: readonly LabelTokens[];
  readonly settings: TrainingSettings;
  /** Token ids of the initialisation text, which the engine cuts or repeats to length. */
  readonly initTokenIds: Int32Array;
  /**
   * For an initialisation from an earlier prompt: its vectors, cut or repeated like a text, and the weights of their
   * residual network if they are not folded yet; its trained answer words, where it has them.
   */
  readonly initFrom?: Trained & { readonly netWeights?: Float32Array };
  readonly cacheKey: string;
  readonly resume: Checkpoint | null;
  /** As in TrainOptions. */
  readonly until?: number;
}

/** Texts that a run on these rows will need. */
export interface ReadAheadRequest extends Pick<TrainRequest, 'train' | 'validation' | 'cacheKey'> {
  /** This many training rows come first, with the labels in proportion; then the validation rows, then the others. */
  readonly core: number;
  /** Most tokens to read. */
  readonly tokens: number;
}

export type GenerateRequest = GenerateOptions;
