/** Requests and results of the engine: plain, structured-clonable data that can cross to a worker. */

import type { Attribution, AttributionRequest } from '../inference/attribution';
import type { TextCacheOptions } from '../inference/cache-plan';
import type { Generated, GenerateOptions, NextTokens, NextTokensOptions } from '../inference/generate';
import type { Trains } from '../inference/program';
import type { OutputVectors } from '../inference/run';
import type { CountedRequest, ScoredRow, TargetScore, TokenCount } from '../inference/score';
import type { RowsRead } from '../inference/text-cache';
import type { Control } from '../lib/control';
import type { FilesOnDisk } from '../model/card';
import type { SoftPrompt } from '../prompt/soft-prompt';
import type { Adapter, Backend } from '../runtime/types';
import type { LabelTokens, TokenRow } from '../tokens/tokenizer';
import type { Checkpoint, Trained, Trial } from '../training/events';
import type { TrainingSettings } from '../training/settings';

export type { AttributionRequest, NextTokens, OutputVectors };

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
  /** Files by path that can be read again: given away, they need no memory while the runtime makes its own copy. */
  readonly onDisk?: FilesOnDisk | undefined;
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
  /** Most tokens of texts that fit. */
  readonly tokens: number;
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
  /** As in ScoreRequest. */
  readonly timed?: true;
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
  /** The model answers, also what is known: its time counts. */
  readonly timed?: true;
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
   * For an initialisation from an earlier prompt: its vectors, cut or repeated like a text; its trained answer words, where
   * it has them.
   */
  readonly initFrom?: Trained;
  readonly cacheKey: string;
  readonly resume: Checkpoint | null;
  /** As in TrainOptions. */
  readonly until?: number;
  /** As in TrainOptions. */
  readonly atStart?: Trial;
  /** Nobody has asked for it yet: it pauses as soon as another request waits. */
  readonly ahead?: true;
}

/** Texts that a run on these rows will need. */
export interface ReadAheadRequest extends Pick<TrainRequest, 'train' | 'validation' | 'cacheKey'> {
  /** This many training rows come first, with the labels in proportion; then the validation rows, then the others. */
  readonly core: number;
  /** Most tokens to read. */
  readonly tokens: number;
}

export interface DirectionCheck {
  /** Slope of the loss along a random direction, by differences. */
  readonly numeric: number;
  /** The gradient along it. */
  readonly analytic: number;
  /** The difference as a share of the gradient; NaN if either is NaN or both are 0. */
  readonly relativeError: number;
}

export interface SelfCheckRequest {
  /** Number of directions to compare along; 0 = only the loss. */
  readonly directions: number;
}

export interface SelfCheckReport {
  /** The gradient agrees with finite differences along every direction. */
  readonly ok: boolean;
  readonly directions: readonly DirectionCheck[];
  /** A difference above this share of the gradient means a wrong gradient, not float32 noise. */
  readonly tolerance: number;
  /** Loss of the checked row, which should be the same on every backend. */
  readonly loss: number;
  /** Length of that row, including its virtual tokens. */
  readonly tokens: number;
  readonly seconds: number;
}

/** A call of the engine. Request, events and result are plain values that a worker can be sent; `done` counts up to the end. */
type EngineCall<Q, R, E = number> = (request: Q, control: Control, onEvent?: (done: E) => unknown) => Promise<R>;

/**
 * The engine's calls. The worker serves all of them, and both hosts offer them to the verbs.
 * @throws StudioError (each) `too-long`, `bad-input`, `cancelled`, and as Runner.run
 */
export interface EngineCalls {
  readonly score: EngineCall<ScoreRequest, ScoreResult>;
  /** Tokens that the model would run for each of these requests, one after another; nothing is run. */
  readonly tokensToRun: EngineCall<readonly CountedRequest[], readonly number[]>;
  /** Continues each row with the most likely tokens. */
  readonly write: EngineCall<WriteRequest, readonly WrittenRow[]>;
  /** Reads texts that a run will need. False = it was ended, by an `onEvent` that returned false, before all were read. */
  readonly readAhead: EngineCall<ReadAheadRequest, boolean, RowsRead>;
  /** Median milliseconds per row after a warm-up, one row at a time, with the shared prefix already computed. */
  readonly latency: EngineCall<ScoreRequest & { readonly repeats: number }, number>;
  /** Gives each token's id; waits for a promise that `onEvent` returns. */
  readonly generate: EngineCall<GenerateOptions, Generated>;
  /** The last hidden state after each row, `[rows, hidden]`, row-major. */
  readonly states: EngineCall<StatesRequest, Float32Array>;
  /** Log-probabilities of the next token after each row and its cue, for the most likely tokens of a list. */
  readonly nextTokens: EngineCall<NextTokensRequest, NextTokens>;
  /** Which tokens of a text decided between two labels. */
  readonly attribute: EngineCall<AttributionRequest, Attribution>;
  /** Embeddings of token ids, `[ids, hidden]`, row-major. */
  readonly tokenVectors: EngineCall<Int32Array, Float32Array>;
  /** Rows of the vocabulary's head for token ids. */
  readonly outputVectors: EngineCall<Int32Array, OutputVectors>;
  /** Whether the gradients of the loaded model can be trained on, on its backend; 0 = the gradient is known. */
  readonly selfCheck: EngineCall<SelfCheckRequest, SelfCheckReport>;
}

const CALLS: Readonly<Record<keyof EngineCalls, true>> = {
  score: true,
  tokensToRun: true,
  write: true,
  readAhead: true,
  latency: true,
  generate: true,
  states: true,
  nextTokens: true,
  attribute: true,
  tokenVectors: true,
  outputVectors: true,
  selfCheck: true,
};

/**
 * Makes every call of the engine from its name: those of a worker, of its client, of a queue.
 * @param make all calls have one shape, so one function serves for each; `T` has their types
 */
export function engineCalls<T extends Record<keyof EngineCalls, unknown>>(
  make: (name: keyof EngineCalls) => (...asked: [never, never, never]) => unknown,
): Pick<T, keyof EngineCalls> {
  const names = Object.keys(CALLS) as (keyof EngineCalls)[];
  return Object.fromEntries(names.map((name) => [name, make(name)])) as Pick<T, keyof EngineCalls>;
}
