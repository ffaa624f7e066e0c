/** Types only; rpc/serve.ts has the form of a request and its answers. */
import type { PrepareOptions } from '../dataset/prepare';
import type { RowQuery } from '../dataset/query';
import type { Change, ColumnMapping, Dataset, Table } from '../dataset/types';
import type { ModelFiles, ModelInfo } from '../engine/types';
import type { CardRequest, VerdictCard } from '../evaluation/card';
import type { Insights } from '../evaluation/classify/compare';
import type { Comparison, ComparisonPlan } from '../evaluation/types';
import type { AnswerWord } from '../task/types';
import type { TargetLengths, TextLengths } from '../tokens/text-lengths';
import type { LabelTokens } from '../tokens/tokenizer';
import type { HostCard, Verb } from '../workflow/host';
import type { Verbs } from '../workflow/index';
import type { DataFile, PreparedData, ReadTable } from '../workflow/open-data';

export type * from '../engine/types';

export type ProgressEvent = {
  readonly kind: 'progress';
  readonly done: number;
  readonly total: number;
  readonly unit: 'rows' | 'tokens' | 'bytes' | 'steps';
  readonly secondsLeft: number | null;
};

export interface EngineLink {
  readonly port: MessagePort;
  readonly info: ModelInfo;
  readonly weights: HostCard['weights'];
  /** Of the page: files of the site are found from there. */
  readonly base: string;
}

/** Events and result cross the worker's border as they are. */
type VerbMethod<V> = V extends Verb<infer Q, infer E, infer R> ? (params: Q, onEvent: (event: E) => void) => R : never;
export type VerbMethods = { [K in keyof Verbs]: VerbMethod<Verbs[K]> };

/** Never ONNX Runtime. */
export interface WorkflowMethods extends VerbMethods {
  /** Null = the engine worker is gone. */
  connectEngine(params: EngineLink | null): null;
  /** A `Blob` is read here: a page that reads it holds its bytes twice. */
  parse(params: DataFile, onEvent: (e: ProgressEvent) => void): ReadTable;
  prepare(params: PrepareOptions & { table: Table; mapping: ColumnMapping }): PreparedData;
  /** Rows to show in their order, and the part of every row of the table (dataset/query). */
  query(params: { table: Table; dataset: Dataset | null; query: RowQuery }): {
    readonly places: Uint32Array;
    readonly parts: Uint8Array;
  };
  /** `now`: ISO time. */
  edit(params: { dataset: Dataset; change: Change; now: string }): PreparedData;
  openTokenizer(params: { files: ModelFiles }): {
    readonly sha256: string;
    readonly hasChat: boolean;
  };
  /** Single tokens where possible. */
  propose(params: { dataset: Dataset }): { readonly template: string; readonly words: readonly AnswerWord[] };
  labelTokens(params: { words: readonly AnswerWord[] }): {
    readonly labels: readonly LabelTokens[];
    readonly collisions: readonly { readonly labels: readonly string[]; readonly suggestion: readonly AnswerWord[] }[];
  };
  /** Of the texts alone, against what the model reads at once. */
  textLengths(params: { dataset: Dataset }): TextLengths & { readonly overRowIds: readonly string[] };
  encode(params: { text: string }): { readonly ids: Int32Array; readonly pieces: readonly string[] };
  /** `overRowIds`: too little room is left for the text before the answer. */
  targetLengths(params: { dataset: Dataset }): TargetLengths & { readonly overRowIds: readonly string[] };
  /** Under another calibration, or with corrected labels. */
  recompare(params: ComparisonPlan, onEvent: (e: ProgressEvent) => void): Comparison;
  /** Null where the comparison has no pair. */
  verdictCard(params: CardRequest): VerdictCard | null;
  /** Without the data set there are no slices. */
  insights(
    params: {
      plan: ComparisonPlan;
      comparison: Pick<Comparison, 'arms' | 'pairs'>;
      dataset: Dataset | null;
      /** Undefined: the headline's. */
      pairIndex?: number;
    },
    onEvent: (e: ProgressEvent) => void,
  ): Insights;
}
