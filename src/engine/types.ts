/** Plain, structured-clonable data that can cross to a worker. */
import type { Attribution, AttributionRequest } from '../inference/attribution';
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
import type { Checkpoint, Trained } from '../training/events';
import type { TrainingSettings } from '../training/settings';

export type { AttributionRequest, NextTokens, OutputVectors };

/** Verified, by path inside the model folder. */
export type ModelFiles = Readonly<Record<string, Uint8Array>>;

/** Of 4, 8 or 16 bits in the file: as float32, or as int8 or halves, written out where they are used (WebAssembly only). */
export type Weights = 'fast' | 'small';

/** The runtime's heap with the weights in it, within 15% of the measured one. */
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
  /** Undefined: `fast` if the weights then fit into `memoryBytes`, on a backend that has both. */
  readonly weights?: Weights;
  /** Undefined: vectors. */
  readonly trains?: Trains;
  /** For the weights; undefined: as much as they need. */
  readonly memoryBytes?: number;
  /** The files are given away: their buffers are freed as they are read. */
  readonly consume?: boolean;
  /** By path, can be read again: given away, they need no memory while the runtime makes its own copy. */
  readonly onDisk?: FilesOnDisk | undefined;
  /** `auto` must not choose these, because they computed this model wrongly. */
  readonly avoidAdapters?: readonly string[];
  /** See RunnerOptions. */
  readonly wasmPaths?: string;
  /** Of the model card, whose files were verified; else computed. See docs/method/formats.md. */
  readonly sha256?: string;
}

export interface ModelInfo {
  readonly id: string;
  readonly dtype: string;
  /** Over the files under onnx/: docs/method/formats.md. */
  readonly sha256: string;
  /** `model_type` of config.json, e.g. `llama`. */
  readonly family: string | null;
  readonly backend: Backend;
  readonly threads: number;
  /** Null on WASM. */
  readonly adapter: Adapter | null;
  /** See Runner.fallback. */
  readonly fallback?: string | undefined;
  /** Of the wasm heap: what the model needs, unless a larger one was loaded before. */
  readonly heapBytes: number | null;
  readonly parameters: number;
  /** Undefined: no matrices of 4 or 8 bits in blocks, and none of 16. */
  readonly weights?: WeightMemory;
  readonly layers: number;
  readonly hidden: number;
  readonly vocabulary: number;
  /** From the graph's tables, else from config.json. */
  readonly contextLength: number | null;
  /** Trained keys and values: tokens of the longest text that they can come after, numbers of each, and how many can start from other tasks'. Null = none can be. */
  readonly keys: { readonly after: number; readonly numbers: number; readonly transferred: number } | null;
  /** Root mean square of the token embedding. */
  readonly embeddingRms: number;
  /** Quantiles 5%, 50% and 95% of a sample. */
  readonly embeddingNorms: readonly [low: number, median: number, high: number];
  readonly loadSeconds: number;
  /** Tokens of texts whose keys and values the engine keeps, where all are stored as float16. */
  readonly roomTokens: number;
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
  /** A row ends before these. */
  readonly endTokenIds: readonly number[];
  /** A row ends before these too, except at its start, where they are dropped. */
  readonly breakTokenIds: readonly number[];
  /** As in ScoreRequest. */
  readonly timed?: true;
}

/** `target`: how well the model predicts the expected text. */
export interface WrittenRow {
  readonly rowId: string;
  readonly ids: Int32Array;
  readonly target: TargetScore | null;
}

export interface ScoreRequest {
  readonly rows: readonly TokenRow[];
  readonly labels: readonly LabelTokens[];
  readonly soft: SoftPrompt | null;
  /** Of the text cache for these rows (not with virtual tokens before the text); null = no cache. */
  readonly cacheKey: string | null;
  /** Where the model is loaded to train adapters. */
  readonly adapter?: Float32Array;
  /** The model answers, also what is known: its time counts. */
  readonly timed?: true;
}

export type StatesRequest = Pick<ScoreRequest, 'rows' | 'cacheKey'>;

/** See NextTokensOptions. */
export type NextTokensRequest = StatesRequest & {
  readonly [K in 'cue' | 'among' | 'always']: Int32Array;
} & Pick<NextTokensOptions, 'most'>;

export interface ScoreResult {
  readonly rows: readonly (ScoredRow & TokenCount)[];
  /** The others were known. */
  readonly rowsRun: number;
  readonly seconds: number;
}

export interface TrainRequest {
  readonly runId: string;
  /** Undefined: vectors. */
  readonly trains?: Trains;
  readonly train: readonly TokenRow[];
  readonly validation: readonly TokenRow[];
  readonly labels: readonly LabelTokens[];
  readonly settings: TrainingSettings;
  /** Of the initialisation text, cut or repeated to length. */
  readonly initTokenIds: Int32Array;
  /** An earlier prompt to start from: its vectors, cut or repeated; its trained answer words. */
  readonly initFrom?: Trained;
  readonly cacheKey: string;
  readonly resume: Checkpoint | null;
}

/** Texts that a run on these rows will need. */
export interface ReadAheadRequest extends Pick<TrainRequest, 'train' | 'validation' | 'cacheKey'> {
  /** Training rows that come first, with the labels in proportion; then the validation rows, then the others. */
  readonly core: number;
  /** Read at most. */
  readonly tokens: number;
}

export interface DirectionCheck {
  /** Of the loss along a random direction, by differences. */
  readonly numeric: number;
  /** By the gradient. */
  readonly analytic: number;
  /** A share of the gradient; NaN if either is NaN or both are 0. */
  readonly relativeError: number;
}

export interface SelfCheckRequest {
  /** 0 = only the loss. */
  readonly directions: number;
}

export interface SelfCheckReport {
  /** The gradient agrees with finite differences along every direction. */
  readonly ok: boolean;
  readonly directions: readonly DirectionCheck[];
  /** A share of the gradient above which it is wrong, not float32 noise. */
  readonly tolerance: number;
  /** Should be the same on every backend. */
  readonly loss: number;
  /** Of the checked row, its virtual tokens included. */
  readonly tokens: number;
  readonly seconds: number;
}

/** Request, events and result are plain values that a worker can be sent; `done` counts up to the end. */
type EngineCall<Q, R, E = number> = (request: Q, control: Control, onEvent?: (done: E) => unknown) => Promise<R>;

/**
 * The worker serves all of these, and both hosts offer them to the verbs.
 * @throws StudioError (each) `too-long`, `bad-input`, `cancelled`, and as Runner.run
 */
export interface EngineCalls {
  readonly score: EngineCall<ScoreRequest, ScoreResult>;
  /** Tokens that the model would run, the requests one after another; nothing is run. */
  readonly tokensToRun: EngineCall<readonly CountedRequest[], readonly number[]>;
  /** With the most likely tokens. */
  readonly write: EngineCall<WriteRequest, readonly WrittenRow[]>;
  /** False: an `onEvent` that returned false ended it. */
  readonly readAhead: EngineCall<ReadAheadRequest, boolean, RowsRead>;
  /** Median milliseconds per row after a warm-up, one row at a time, with the shared prefix already computed. */
  readonly latency: EngineCall<ScoreRequest & { readonly repeats: number }, number>;
  /** Events are token ids; waits for a promise that `onEvent` returns. */
  readonly generate: EngineCall<GenerateOptions, Generated>;
  /** The last one after each row, `[rows, hidden]`. */
  readonly states: EngineCall<StatesRequest, Float32Array>;
  /** After each row and its cue, for the most likely tokens of a list. */
  readonly nextTokens: EngineCall<NextTokensRequest, NextTokens>;
  /** Which tokens of a text decided between two labels. */
  readonly attribute: EngineCall<AttributionRequest, Attribution>;
  /** Embeddings `[ids, hidden]`. */
  readonly tokenVectors: EngineCall<Int32Array, Float32Array>;
  readonly outputVectors: EngineCall<Int32Array, OutputVectors>;
  /** Whether gradients are right on this backend; event 0 = the gradient is known. */
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

/** One function makes every call from its name, as all have one shape; `T` has their types. */
export function engineCalls<T extends Record<keyof EngineCalls, unknown>>(
  make: (name: keyof EngineCalls) => (...asked: [never, never, never]) => unknown,
): Pick<T, keyof EngineCalls> {
  const names = Object.keys(CALLS) as (keyof EngineCalls)[];
  return Object.fromEntries(names.map((name) => [name, make(name)])) as Pick<T, keyof EngineCalls>;
}
