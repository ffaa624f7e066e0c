/** What the engine is asked and answers: plain, structured-clonable data, so that it passes a worker's border as it is. */

import type { TextCacheOptions } from '../inference/cache-plan';
import type { ScoredRow, TargetScore, TokenCount } from '../inference/score';
import type { SoftPrompt } from '../prompt/types';
import type { Adapter, Backend } from '../runtime/types';
import type { LabelTokens, TokenRow } from '../tokens/types';
import type { Checkpoint } from '../training/events';
import type { TrainingSettings } from '../training/settings';

/** Verified bytes of a model folder: path inside the folder -> bytes. */
export type ModelFiles = Readonly<Record<string, Uint8Array>>;

export interface LoadRequest {
  readonly id: string;
  readonly files: ModelFiles;
  readonly backend: Backend | 'auto';
  readonly threads?: number;
  /** Names of adapters that `auto` must not choose: what they computed for this model was wrong. */
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
  /** Bytes of the wasm heap once the model stands in it: what it needs, where nothing larger was loaded before. */
  readonly heapBytes: number | null;
  readonly parameters: number;
  readonly layers: number;
  readonly hidden: number;
  readonly vocabulary: number;
  /** Positions: of the graph's tables, else of the folder's config.json; null where neither says. */
  readonly contextLength: number | null;
  /** Root mean square of the token embedding. */
  readonly embeddingRms: number;
  /** Euclidean length of the vocabulary's vectors: 5%, 50% and 95% quantile, from a sample of them. */
  readonly embeddingNorms: readonly [low: number, median: number, high: number];
  readonly loadSeconds: number;
}

/** Keys and values of texts that the engine keeps. */
export interface TextMemory extends TextCacheOptions {
  /** Held now. */
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
  /** A row ends before any of these. */
  readonly endTokenIds: readonly number[];
  /** It also ends before any of these, but for those that it begins with: they are left out. */
  readonly breakTokenIds: readonly number[];
}

/** What was written after a row, and how well its target was foreseen, where it has one. */
export interface WrittenRow {
  readonly rowId: string;
  readonly ids: Int32Array;
  readonly target: TargetScore | null;
}

export interface ScoreRequest {
  readonly rows: readonly TokenRow[];
  readonly labels: readonly LabelTokens[];
  /** null = a hand-written prompt: the rows as they are. */
  readonly soft: SoftPrompt | null;
  /** The text cache that these rows may use and fill (suffix and no-vectors); null = none. */
  readonly cacheKey: string | null;
}

export interface ScoreResult {
  readonly rows: readonly (ScoredRow & TokenCount)[];
  /** Rows that were not answered before. */
  readonly rowsRun: number;
  readonly seconds: number;
}

export interface TrainRequest {
  readonly runId: string;
  readonly train: readonly TokenRow[];
  readonly validation: readonly TokenRow[];
  readonly labels: readonly LabelTokens[];
  readonly settings: TrainingSettings;
  /** Token ids of the initialisation text (already chosen by settings.initialisation; cut or repeated by the engine). */
  readonly initTokenIds: Int32Array;
  /**
   * Where `initialisation` is an earlier prompt: its vectors, cut or repeated like a text, with the weights of their
   * residual network where they are not folded yet.
   */
  readonly initFrom?: { readonly vectors: Float32Array; readonly netWeights?: Float32Array };
  readonly cacheKey: string;
  readonly resume: Checkpoint | null;
}

export interface GenerateRequest {
  readonly ids: Int32Array;
  readonly soft: SoftPrompt | null;
  readonly maxNewTokens: number;
  readonly temperature: number;
  readonly topP: number;
  readonly seed: number;
  readonly endTokenIds: readonly number[];
}
