/** The methods of the page's two workers. Types only; rpc.ts has the form of a request and its answers. */

import type { PrepareOptions } from '../dataset/prepare';
import type { RowQuery } from '../dataset/query';
import type { Change, ColumnMapping, Dataset, Table } from '../dataset/types';
import type { SelfCheckReport, SelfCheckRequest } from '../engine/gradient-check';
import type {
  Attribution,
  AttributionRequest,
  GenerateRequest,
  LoadEvent,
  LoadRequest,
  ModelFiles,
  ModelInfo,
  NextTokens,
  NextTokensRequest,
  ReadAheadRequest,
  RowsRead,
  ScoreRequest,
  ScoreResult,
  StatesRequest,
  SwapRequest,
  TextMemory,
  TokenSwap,
  TrainRequest,
  WriteRequest,
  WrittenRow,
} from '../engine/types';
import type { CardRequest, VerdictCard } from '../evaluation/card';
import type { Insights } from '../evaluation/classify/compare';
import type { Comparison, ComparisonPlan } from '../evaluation/types';
import type { LabelWord } from '../task/types';
import type { TargetLengths, TextLengths } from '../tokens/text-lengths';
import type { LabelTokens } from '../tokens/tokenizer';
import type { TrainEvent } from '../training/events';
import type { HostCard, Verb } from '../workflow/host';
import type { Verbs } from '../workflow/index';
import type { DataFile, PreparedData, ReadTable } from '../workflow/open-data';

export type { SelfCheckReport } from '../engine/gradient-check';
export type * from '../engine/types';

/** Methods of the engine worker (ONNX Runtime and nothing else). One queue: calls run one after the other. */
export interface EngineMethods {
  /** Opens a second channel, for the workflow worker; what an earlier one asked for is cancelled. */
  connect(params: { readonly port: MessagePort }): null;
  /** Starts the runtime while the model's files are on their way; `load` does it where this was not called. */
  prepare(params: Pick<LoadRequest, 'backend' | 'threads'>): void;
  load(params: LoadRequest, onEvent: (e: LoadEvent) => void): ModelInfo;
  score(params: ScoreRequest, onEvent: (e: ProgressEvent) => void): ScoreResult;
  /** The most likely text after each row, and how well its target was predicted. */
  write(params: WriteRequest, onEvent: (e: ProgressEvent) => void): { readonly rows: readonly WrittenRow[] };
  train(params: TrainRequest, onEvent: (e: TrainEvent) => void): { readonly runId: string };
  /** Reads texts that a run will need, until they are read (`done`) or another request waits. */
  readAhead(params: ReadAheadRequest, onEvent: (e: RowsRead) => void): { readonly done: boolean };
  generate(
    params: GenerateRequest,
    onEvent: (e: { readonly kind: 'token'; readonly id: number }) => void,
  ): { readonly ids: Int32Array; readonly stopped: 'end' | 'length' | 'cancelled' };
  latency(params: ScoreRequest & { readonly repeats: number }): { readonly medianMs: number };
  /** What is kept of texts; other options hold for whatever begins after this. */
  texts(params: { readonly options: Omit<TextMemory, 'bytes'> | null }): TextMemory;
  forget(params: null): void;
  states(params: StatesRequest, onEvent: (e: ProgressEvent) => void): { readonly states: Float32Array };
  nextTokens(params: NextTokensRequest, onEvent: (e: ProgressEvent) => void): NextTokens;
  attribute(params: AttributionRequest, onEvent: (e: ProgressEvent) => void): Attribution;
  tokenSwaps(params: SwapRequest): readonly TokenSwap[];
  tokenVectors(
    params: { readonly ids: Int32Array },
    onEvent: (e: ProgressEvent) => void,
  ): { readonly vectors: Float32Array };
  /** Whether the gradients of the loaded model can be trained on, on the backend it runs on. */
  selfCheck(params: SelfCheckRequest, onEvent: (e: DirectionEvent) => void): SelfCheckReport;
}

export type ProgressEvent = {
  readonly kind: 'progress';
  readonly done: number;
  readonly total: number;
  readonly unit: 'rows' | 'tokens' | 'bytes' | 'steps';
  readonly secondsLeft: number | null;
};

/** How many directions have been compared with the gradient; 0 = the gradient is known. */
type DirectionEvent = { readonly kind: 'direction'; readonly done: number; readonly total: number };

/** Out of band, obeyed between two steps or batches. */
export type EngineControl = { readonly control: 'stop' | 'pause' | 'cancel'; readonly requestId: number };

/** The way to the engine worker, and what is loaded there. */
export interface EngineLink {
  readonly port: MessagePort;
  readonly info: ModelInfo;
  readonly weights: HostCard['weights'];
  /** Address of the page: files of the site are found from there. */
  readonly base: string;
}

/** A verb as a method: its events and its result cross the worker's border as they are. */
type VerbMethod<V> = V extends Verb<infer Q, infer E, infer R> ? (params: Q, onEvent: (event: E) => void) => R : never;
export type VerbMethods = { [K in keyof Verbs]: VerbMethod<Verbs[K]> };

/** Methods of the workflow worker (the verbs; parse, lint, tokenise, statistics; never ONNX Runtime). */
export interface WorkflowMethods extends VerbMethods {
  /** The engine worker's end of a channel, and the model that is loaded there; null = it is gone. */
  connectEngine(params: EngineLink | null): null;
  /** A `Blob` is read in the worker: a page that reads it holds its bytes twice. */
  parse(params: DataFile, onEvent: (e: ProgressEvent) => void): ReadTable;
  prepare(params: PrepareOptions & { table: Table; mapping: ColumnMapping }): PreparedData;
  /** Places of the rows to show, in their order, and the part of every row of the table (see dataset/query). */
  query(params: { table: Table; dataset: Dataset | null; query: RowQuery }): {
    readonly places: Uint32Array;
    readonly parts: Uint8Array;
  };
  /** The data set after a change of its rows, with the version that it makes. `now`: ISO time. */
  edit(params: { dataset: Dataset; change: Change; now: string }): PreparedData;
  openTokenizer(params: { files: ModelFiles }): {
    readonly sha256: string;
    readonly vocabularySize: number;
    readonly endTokenIds: readonly number[];
    readonly hasChat: boolean;
  };
  /** One distinct answer word for each label, single tokens where possible; and a first template. */
  propose(params: { dataset: Dataset }): { readonly template: string; readonly words: readonly LabelWord[] };
  labelTokens(params: { words: readonly LabelWord[] }): {
    readonly labels: readonly LabelTokens[];
    readonly collisions: readonly { readonly labels: readonly string[]; readonly suggestion: readonly LabelWord[] }[];
  };
  /** Tokens of the texts alone, against what the model reads at once; row ids of those that are too long. */
  textLengths(params: { dataset: Dataset }): TextLengths & { readonly overRowIds: readonly string[] };
  encode(params: { text: string }): { readonly ids: Int32Array; readonly pieces: readonly string[] };
  /** Tokens of the expected texts; row ids of those that leave too little room for the text before them. */
  targetLengths(params: { dataset: Dataset }): TargetLengths & { readonly overRowIds: readonly string[] };
  /** Compares again: under another calibration, or with corrected labels. */
  recompare(params: ComparisonPlan, onEvent: (e: ProgressEvent) => void): Comparison;
  /** What to do after a comparison; null where it has no pair. */
  verdictCard(params: CardRequest): VerdictCard | null;
  /** The details behind a comparison. Without the data set there are no slices. */
  insights(
    params: {
      plan: ComparisonPlan;
      comparison: Pick<Comparison, 'arms' | 'pairs'>;
      dataset: Dataset | null;
      /** Which pair's slices are asked for; left out: the headline's. */
      pairIndex?: number;
    },
    onEvent: (e: ProgressEvent) => void,
  ): Insights;
}
