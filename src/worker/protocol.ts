/** The methods of the page's two workers. Types only; rpc.ts has the form of a request and its answers. */

import type { PrepareOptions } from '../dataset/prepare';
import type { RowQuery } from '../dataset/query';
import type { Change, ColumnMapping, Dataset, Table } from '../dataset/types';
import type {
  EngineCalls,
  LoadEvent,
  LoadRequest,
  ModelFiles,
  ModelInfo,
  TextMemory,
  TrainRequest,
} from '../engine/types';
import type { CardRequest, VerdictCard } from '../evaluation/card';
import type { Insights } from '../evaluation/classify/compare';
import type { Comparison, ComparisonPlan } from '../evaluation/types';
import type { AnswerWord } from '../task/types';
import type { TargetLengths, TextLengths } from '../tokens/text-lengths';
import type { LabelTokens } from '../tokens/tokenizer';
import type { TrainEvent } from '../training/events';
import type { HostCard, Verb } from '../workflow/host';
import type { Verbs } from '../workflow/index';
import type { DataFile, PreparedData, ReadTable } from '../workflow/open-data';

export type * from '../engine/types';

/** What an asynchronous function of `(request, control, onEvent)` is as a method of a worker. */
type CallMethod<F> = F extends (
  request: infer Q,
  control: never,
  onEvent?: (event: infer E) => unknown,
) => Promise<infer R>
  ? (params: Q, onEvent: (event: E) => void) => R
  : never;

/** Methods of the engine worker (ONNX Runtime and nothing else). One queue: calls run one after the other. */
export interface EngineMethods extends Readonly<{ [K in keyof EngineCalls]: CallMethod<EngineCalls[K]> }> {
  /** Opens a second channel, for the workflow worker; what an earlier one asked for is cancelled. */
  connect(params: { readonly port: MessagePort }): null;
  /** Starts the runtime while the model's files are on their way; `load` does it where this was not called. */
  prepare(params: Pick<LoadRequest, 'backend' | 'threads'>): void;
  load(params: LoadRequest, onEvent: (e: LoadEvent) => void): ModelInfo;
  train(params: TrainRequest, onEvent: (e: TrainEvent) => void): { readonly runId: string };
  /** What is kept of texts; other options hold for whatever begins after this. */
  texts(params: { readonly options: Omit<TextMemory, 'bytes' | 'tokens'> | null }): TextMemory;
  forget(params: null): void;
}

export type ProgressEvent = {
  readonly kind: 'progress';
  readonly done: number;
  readonly total: number;
  readonly unit: 'rows' | 'tokens' | 'bytes' | 'steps';
  readonly secondsLeft: number | null;
};

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
    readonly endTokenIds: readonly number[];
    readonly hasChat: boolean;
  };
  /** One distinct answer word for each label, single tokens where possible; and a first template. */
  propose(params: { dataset: Dataset }): { readonly template: string; readonly words: readonly AnswerWord[] };
  labelTokens(params: { words: readonly AnswerWord[] }): {
    readonly labels: readonly LabelTokens[];
    readonly collisions: readonly { readonly labels: readonly string[]; readonly suggestion: readonly AnswerWord[] }[];
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
