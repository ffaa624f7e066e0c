import { HIDDEN } from '../graph/attend';
import { assert, present } from '../lib/assert';
import type { SoftPrompt } from '../prompt/soft-prompt';
import type { HostTensor } from '../runtime/types';
import type { TokenRow } from '../tokens/tokenizer';
import { type KvRow, keptRow, packPast } from './kv';
import { adapterNumbers, IO, type ProgramSpec } from './program';

/** Token ids, and virtual token j as ~j: a placement is just an order, and a common prefix a comparison of numbers. */
export type MixedTokens = Int32Array;

const virtualTokens = (count: number) => Array.from({ length: count }, (_, j) => ~j);

export type RowTokens = Pick<TokenRow, 'ids' | 'cue'>;

/** Tokens whose keys and values do not depend on the vectors. */
export function tokensBefore({ ids, cue }: RowTokens, { placement }: Pick<SoftPrompt, 'placement'>): number {
  switch (placement) {
    case 'prefix':
      return 0;
    case 'suffix':
      return ids.length;
    case 'infix':
    case 'kv':
      return ids.length - present(cue, 'cue of a row with vectors before it');
  }
}

/** `[soft, ids]` (prefix), `[ids, soft]` (suffix), `[text, soft, cue]` (infix), or the ids alone: keys and values are no tokens. */
export function withSoft(row: RowTokens, soft: Pick<SoftPrompt, 'placement' | 'virtualTokens'> | null): MixedTokens {
  if (!soft || soft.placement === 'kv') return row.ids;
  const at = tokensBefore(row, soft);
  return Int32Array.from([...row.ids.subarray(0, at), ...virtualTokens(soft.virtualTokens), ...row.ids.subarray(at)]);
}

export function commonPrefixLength(sequences: readonly MixedTokens[]): number {
  const [first, ...others] = sequences;
  if (!first) return 0;
  let length = first.length;
  for (const other of others) {
    length = Math.min(length, other.length);
    for (let i = 0; i < length; i++) if (other[i] !== first[i]) length = i;
  }
  return length;
}

/** Each sequence keeps a token to run; a single one shares nothing. */
export function sharedLength(sequences: readonly MixedTokens[]): number {
  const shortest = Math.min(...sequences.map((sequence) => sequence.length));
  return sequences.length > 1 ? Math.min(commonPrefixLength(sequences), shortest - 1) : 0;
}

export interface StartedRow {
  readonly tokens: MixedTokens;
  /** Of the tokens before them. */
  readonly past: KvRow | null;
}

export interface Sequence extends StartedRow {
  /** Indices into `tokens` at which the head predicts the next token. */
  readonly reads: readonly number[];
}

export const atEnd = ({ tokens, past }: StartedRow): Sequence => ({ tokens, past, reads: [tokens.length - 1] });

/** Over the reads of all rows, in order: `sum_r weights[r] * crossEntropy(logits[r], targets[r])`. */
export interface Objective {
  /** Columns of the logits (of the candidates, or token ids for the whole vocabulary), or a probability for each. */
  readonly targets: readonly (number | readonly number[])[];
  readonly weights: readonly number[];
}

export interface FeedOptions {
  readonly soft: Pick<SoftPrompt, 'vectors' | 'virtualTokens' | 'heads'> | null;
  /** Token ids; null or undefined: the whole vocabulary. */
  readonly candidates?: readonly number[] | null;
  /** `[candidates, hidden]`, added to the candidates' output vectors. @see SoftPrompt.answerShift */
  readonly answerShift?: Float32Array | undefined;
  /** Of a program that trains adapters; undefined: zeros, which change nothing. */
  readonly adapter?: Float32Array | undefined;
  /** If given, the gradient is computed. */
  readonly objective?: Objective | null;
  /** Embeddings to look up; undefined: id 0. */
  readonly embeddingIds?: readonly number[];
}

type Feeds = Record<string, HostTensor>;

const f32 = (dims: readonly number[], data: Float32Array): HostTensor => ({ dtype: 'float32', dims, data });
const i32 = (values: readonly number[]): HostTensor => ({
  dtype: 'int32',
  dims: [values.length],
  data: Int32Array.from(values),
});
const bool = (value: boolean): HostTensor => ({ dtype: 'bool', dims: [], data: Uint8Array.of(value ? 1 : 0) });

/** Rows are padded on the right, their pasts on the left. Every input of the program gets a value. */
export function buildFeeds(spec: ProgramSpec, sequences: readonly Sequence[], options: FeedOptions): Feeds {
  const layout = layoutOf(sequences);
  return {
    ...tokenFeeds(spec, sequences, layout),
    ...pastFeeds(spec, sequences, layout),
    ...softFeeds(spec, sequences, layout, options.soft?.heads ? null : options.soft),
    ...(spec.trainsPast && pastGradFeeds(layout, options)),
    ...headFeeds(spec, sequences, layout, options),
    [IO.answerShift]: shiftOf(spec, options),
    [IO.embeddingIds]: i32(options.embeddingIds ?? [0]),
    ...(spec.adapted && { [IO.adapter]: adapterOf(adapterNumbers(spec.adapted), options) }),
  };
}

/** Keys and values that are trained are the end of every row's past, and pasts are padded on the left. */
function pastGradFeeds({ past }: RunLayout, { soft, objective = null }: FeedOptions): Feeds {
  const trained = soft?.heads ? soft.virtualTokens : 0;
  return {
    [IO.trainedSlots]: i32(Array.from({ length: trained }, (_, j) => past - trained + j)),
    [IO.withPastGrad]: bool(trained > 0 && objective !== null),
  };
}

const adapterOf = (numbers: number, { adapter = new Float32Array(numbers) }: FeedOptions): HostTensor => {
  assert(adapter.length === numbers, `an adapter of ${adapter.length} numbers for ${numbers}`);
  return f32([numbers], adapter);
};

interface RunLayout {
  readonly batch: number;
  readonly tokens: number;
  readonly past: number;
}

export const layoutOf = (sequences: readonly Sequence[]): RunLayout => ({
  batch: sequences.length,
  tokens: Math.max(...sequences.map((s) => s.tokens.length)),
  past: Math.max(...sequences.map(pastLength)),
});

export const pastLength = (sequence: Sequence): number => sequence.past?.length ?? 0;

function tokenFeeds(spec: ProgramSpec, sequences: readonly Sequence[], { batch, tokens, past }: RunLayout): Feeds {
  const { inputs } = spec;
  const ids = new Array<number>(batch * tokens).fill(0);
  const positions = new BigInt64Array(batch * tokens);
  const lastPosition = (spec.contextLength ?? Number.MAX_SAFE_INTEGER) - 1;
  sequences.forEach((sequence, b) => {
    const first = (sequence.past?.start ?? 0) + pastLength(sequence);
    for (let t = 0; t < tokens; t++) {
      const token = sequence.tokens[t] ?? 0;
      ids[b * tokens + t] = Math.max(token, 0);
      // Padding may exceed the position table.
      positions[b * tokens + t] = BigInt(Math.min(first + t, lastPosition));
    }
  });
  const dims = [batch, tokens];
  const feeds: Feeds = {
    [inputs.ids]:
      spec.idsDtype === 'int32'
        ? { dtype: 'int32', dims, data: Int32Array.from(ids) }
        : { dtype: 'int64', dims, data: BigInt64Array.from(ids, BigInt) },
  };
  if (inputs.positions !== null) feeds[inputs.positions] = { dtype: 'int64', dims, data: positions };
  if (inputs.mask !== null) feeds[inputs.mask] = maskOf(sequences, { batch, tokens, past });
  if (inputs.bias !== null) feeds[inputs.bias] = biasOf(sequences, { batch, tokens, past });
  return feeds;
}

/** `[batch, past + tokens]`: ones for real tokens. */
function maskOf(sequences: readonly Sequence[], { batch, tokens, past }: RunLayout): HostTensor {
  const width = past + tokens;
  const data = new BigInt64Array(batch * width);
  sequences.forEach((sequence, b) => {
    const slot = b * width + past;
    data.fill(1n, slot - pastLength(sequence), slot + sequence.tokens.length);
  });
  return { dtype: 'int64', dims: [batch, width], data };
}

/** `[batch, 1, tokens, past + tokens]`: 0 where query t may see the key, i.e. its row's past and tokens up to t. */
function biasOf(sequences: readonly Sequence[], { batch, tokens, past }: RunLayout): HostTensor {
  const width = past + tokens;
  const rows = sequences.map((sequence) => [past - pastLength(sequence), past + sequence.tokens.length] as const);
  return {
    dtype: 'float32',
    dims: [batch, 1, tokens, width],
    seen: { rows, otherwise: HIDDEN },
    get data() {
      const data = new Float32Array(batch * tokens * width).fill(HIDDEN);
      rows.forEach(([first, end], b) => {
        for (let t = 0; t < tokens; t++) {
          const begin = (b * tokens + t) * width;
          data.fill(0, begin + first, begin + Math.min(past + t + 1, end));
        }
      });
      return data;
    },
  };
}

/** Buffers for the past, reused by every run: fresh ones would leave tens of megabytes per run to the garbage collector. */
const rooms = new WeakMap<ProgramSpec, Map<string, Float32Array>>();

function roomFor(spec: ProgramSpec, name: string, numbers: number): Float32Array {
  const own = rooms.get(spec) ?? new Map<string, Float32Array>();
  rooms.set(spec, own);
  const known = own.get(name);
  if (known && known.length >= numbers) return known;
  const room = new Float32Array(numbers);
  own.set(name, room);
  return room;
}

/** Packed when they are read: a device that keeps the rows does not ask. */
function pastFeeds(spec: ProgramSpec, sequences: readonly Sequence[], { batch, past }: RunLayout): Feeds {
  const rows = sequences.map((sequence) => sequence.past);
  const names = [...spec.inputs.pastKeys, ...spec.inputs.pastValues];
  const numbers = batch * spec.kvHeads * past * spec.headDim;
  const kept = rows.some((row) => row && !row.reused)
    ? null
    : rows.map((row) => row && keptRow(row, names.length, spec));
  const feeds = names.map((name, tensor): [string, HostTensor] => [
    name,
    {
      dtype: 'float32',
      dims: [batch, spec.kvHeads, past, spec.headDim],
      get data() {
        return packPast(rows, tensor, past, spec, roomFor(spec, name, numbers));
      },
      ...(past > 0 && kept && { kept: { rows: kept, tensor } }),
    },
  ]);
  assert(past === 0 || names.length > 0, 'this model has no past inputs');
  return Object.fromEntries(feeds);
}

/** Which slots keep their token, and which virtual token replaces the others. */
function softFeeds(
  spec: ProgramSpec,
  sequences: readonly Sequence[],
  { batch, tokens }: RunLayout,
  soft: FeedOptions['soft'],
): Feeds {
  // Without a soft prompt, one vector of zeros that is selected nowhere: not every kernel supports an axis of size 0.
  const virtual = soft?.virtualTokens ?? 1;
  const vectors = soft?.vectors ?? new Float32Array(spec.hidden);
  assert(
    vectors.length === virtual * spec.hidden,
    `soft prompt of ${vectors.length} numbers for ${virtual} x ${spec.hidden}`,
  );
  const keep = new Float32Array(batch * tokens).fill(1);
  const select = new Float32Array(batch * tokens * virtual);
  sequences.forEach((sequence, b) => {
    sequence.tokens.forEach((token, t) => {
      if (token >= 0) return;
      assert(soft && ~token < virtual, `virtual token ${~token} of ${soft ? virtual : 0}`);
      keep[b * tokens + t] = 0;
      select[(b * tokens + t) * virtual + ~token] = 1;
    });
  });
  return {
    [IO.soft]: f32([virtual, spec.hidden], vectors),
    [IO.select]: f32([batch, tokens, virtual], select),
    [IO.keep]: f32([batch, tokens, 1], keep),
  };
}

function headFeeds(
  spec: ProgramSpec,
  sequences: readonly Sequence[],
  { tokens }: RunLayout,
  { candidates = null, objective = null }: FeedOptions,
): Feeds {
  const reads = sequences.flatMap((sequence, b) => sequence.reads.map((t) => b * tokens + t));
  return {
    [IO.readIndex]: i32(reads),
    [IO.candidateIds]: i32(candidates ?? [0]),
    [IO.fullVocabulary]: bool(candidates === null),
    [IO.withGrad]: bool(objective !== null),
    ...(objective ? objectiveFeeds(reads.length, candidates?.length ?? spec.vocabulary, objective) : noObjective),
  };
}

/** Without a shift one row of zeros, which is added to every candidate. */
function shiftOf({ hidden }: ProgramSpec, { candidates, answerShift }: FeedOptions): HostTensor {
  if (!answerShift) return f32([1, hidden], new Float32Array(hidden));
  const rows = candidates?.length ?? 0;
  assert(answerShift.length === rows * hidden, `a shift of ${answerShift.length} numbers for ${rows} x ${hidden}`);
  return f32([rows, hidden], answerShift);
}

function objectiveFeeds(reads: number, columns: number, { targets, weights }: Objective): Feeds {
  assert(targets.length === reads && weights.length === reads, `${targets.length} targets for ${reads} reads`);
  const target = new Float32Array(reads * columns);
  targets.forEach((wanted, r) => {
    if (typeof wanted !== 'number') {
      assert(wanted.length === columns, `${wanted.length} probabilities for ${columns} columns`);
      target.set(wanted, r * columns);
      return;
    }
    assert(wanted >= 0 && wanted < columns, `target ${wanted} of ${columns}`);
    target[r * columns + wanted] = 1;
  });
  return { [IO.target]: f32([reads, columns], target), [IO.weight]: f32([reads], Float32Array.from(weights)) };
}

/** Broadcast over the reads. */
const noObjective: Feeds = {
  [IO.target]: f32([1, 1], new Float32Array(1)),
  [IO.weight]: f32([1], new Float32Array(1)),
};
