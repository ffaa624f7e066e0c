import { present } from '../lib/assert';
import { breathe, type Polled, throwIfInterrupted, uninterrupted } from '../lib/control';
import { badInput, StudioError } from '../lib/errors';
import { positionsOf, type SoftPrompt } from '../prompt/soft-prompt';
import type { TokenRow } from '../tokens/tokenizer';
import { type CachePlan, endingBefore } from './cache-plan';
import { commonPrefixLength, type MixedTokens, type StartedRow, sharedLength, tokensBefore, withSoft } from './feeds';
import { type KvRow, kvBytesPerToken, truncated, withTrained } from './kv';
import { type ProgramSpec, takesPast } from './program';
import { lengthBuckets, MAX_RUN_TOKENS, type Program, prefill, runLimits } from './run';
import { TextCache } from './text-cache';

export interface RowOptions {
  readonly rows: readonly TokenRow[];
  readonly soft: SoftPrompt | null;
  /** The texts' keys and values; null = they are computed and not kept. */
  readonly cached: { readonly cache: TextCache; readonly plan: CachePlan } | null;
  readonly prefixes?: PrefixCache;
  readonly control?: Polled;
  readonly onProgress?: (rowsDone: number) => void;
}

interface Job {
  readonly row: TokenRow;
  readonly sequence: MixedTokens;
  /** Tokens that need not run. */
  readonly done: number;
}

/** Their shared prefix is computed. */
export interface OpenRows {
  /** Indices of rows, a run each. */
  readonly buckets: readonly (readonly number[])[];
  /** All but the last piece of longer rows is run here. */
  startAt(indices: readonly number[]): Promise<StartedRow[]>;
}

/** @param extra tokens that will follow each row @throws StudioError `too-long`, `bad-input`, and as Runner.run */
export async function openRows(program: Program, options: RowOptions, extra: number): Promise<OpenRows> {
  const { rows, soft, control = uninterrupted } = options;
  if (rows.length === 0) return { buckets: [], startAt: async () => [] };
  const sequences = rows.map((row) => withSoft(row, soft));
  checkContext(program.spec, rows, soft, extra);
  checkKeys(program.spec, soft, rows);
  const source = await keysAndValues(program, options, sequences);
  const jobs = rows.map((row, i) => ({ row, sequence: present(sequences[i], 'sequence'), done: source.done(row) }));
  const costs = jobs.map(({ sequence, done }) => ({ tokens: sequence.length - done, past: done }));
  return {
    buckets: lengthBuckets(costs, runLimits(program.spec)),
    startAt: async (indices) => {
      const chosen = indices.map((index) => present(jobs[index], 'job'));
      const pasts = await source.fetch(chosen.map(({ row }) => row));
      const started: StartedRow[] = [];
      for (const [i, each] of chosen.entries())
        started.push(await start(program, each, pasts[i] ?? null, soft, control));
      return started;
    },
  };
}

/** One bucket after another. @throws StudioError `cancelled` */
export async function eachBucket(
  { buckets }: Pick<OpenRows, 'buckets'>,
  { control = uninterrupted, onProgress = () => {} }: Pick<RowOptions, 'control' | 'onProgress'>,
  of: (bucket: readonly number[], done: number) => Promise<void>,
): Promise<void> {
  let done = 0;
  for (const bucket of buckets) {
    throwIfInterrupted(control);
    await of(bucket, done);
    done += bucket.length;
    onProgress(done);
    await breathe();
  }
}

/** All but the last piece of a row that is too long for one run is run. */
async function start(
  program: Program,
  { sequence, done }: Job,
  past: KvRow | null,
  soft: SoftPrompt | null,
  control: Polled,
): Promise<StartedRow> {
  const rest = sequence.subarray(done);
  if (rest.length <= MAX_RUN_TOKENS || !takesPast(program.spec)) return { tokens: rest, past };
  const split = rest.length - MAX_RUN_TOKENS;
  return { tokens: rest.subarray(split), past: await prefill(program, rest.subarray(0, split), soft, past, control) };
}

interface KvSource {
  /** Tokens of a row that need not run. */
  done(row: TokenRow): number;
  fetch(rows: readonly TokenRow[]): Promise<readonly (KvRow | null)[]>;
}

/** The text cache where it applies, else the prefix that all rows share. */
async function keysAndValues(
  program: Program,
  { rows, soft, cached, prefixes = new PrefixCache(), control = uninterrupted }: RowOptions,
  sequences: readonly MixedTokens[],
): Promise<KvSource> {
  if (!takesPast(program.spec)) return { done: () => 0, fetch: async (wanted) => wanted.map(() => null) };
  const texts = cached ?? unkeptTexts(program.spec, soft, rows);
  if (!texts || soft?.placement === 'prefix') return sharedPrefix(program, sequences, soft, prefixes, control);
  return {
    done: (row) => tokensRead(row, soft),
    fetch: async (wanted) => {
      const kv = await texts.cache.fetch(program, texts.plan, wanted, control);
      return kv.map((row, i) => beforeRest(row, present(wanted[i], 'row'), soft));
    },
  };
}

/** Texts before trained keys and values are read by themselves, also where nothing is kept. */
export function unkeptTexts(spec: ProgramSpec, soft: SoftPrompt | null, rows: readonly TokenRow[]) {
  if (!soft?.heads) return null;
  const cache = new TextCache(spec, { budgetBytes: 0, storage: 'float32' });
  return { cache, plan: cache.planReusing('', rows, endingBefore(soft, rows)) };
}

/** Without vectors after the text, its last token must run, because the head reads there. */
export const tokensRead = (row: TokenRow, soft: SoftPrompt | null): number =>
  soft ? tokensBefore(row, soft) : row.ids.length - 1;

/** What comes before the tokens that run. @param text its keys and values */
export function beforeRest(text: KvRow, row: TokenRow, soft: SoftPrompt | null): KvRow {
  const read = truncated(text, tokensRead(row, soft));
  return soft?.heads ? withTrained(read, soft) : read;
}

/** @throws StudioError `bad-input` where the model cannot take these keys and values, `too-long` */
export function checkKeys(spec: ProgramSpec, soft: SoftPrompt | null, rows: readonly TokenRow[]): void {
  if (!soft?.heads) return;
  const { position, ...heads } = soft.heads;
  const isOfModel = heads.layers === spec.layers && heads.kvHeads === spec.kvHeads && heads.headDim === spec.headDim;
  if (!isOfModel || spec.keysStand === 'nowhere')
    throw badInput(
      'This model cannot take trained keys and values before the cue. Train vectors before the cue, or use the model that they were trained for.',
    );
  for (const row of rows) {
    const tokens = tokensBefore(row, soft);
    if (position !== null && tokens > position)
      throw new StudioError(
        'too-long',
        `Row ${row.rowId} has ${tokens} tokens before the cue; this prompt reads at most ${position}. Shorten the row, or train vectors before the cue.`,
        { data: { rowId: row.rowId, tokens, limit: position } },
      );
  }
}

async function sharedPrefix(
  program: Program,
  sequences: readonly MixedTokens[],
  soft: SoftPrompt | null,
  prefixes: PrefixCache,
  control: Polled,
): Promise<KvSource> {
  const [first, ...others] = sequences;
  // A single text shares its beginning with the previous one, as when somebody types.
  const length = others.length > 0 ? sharedLength(sequences) : (first?.length ?? 0) - 1;
  const shared = first && length > 0 ? await prefixes.fetch(program, first.subarray(0, length), soft, control) : null;
  return { done: () => length, fetch: async (rows) => rows.map(() => shared) };
}

/** @param extra tokens that will follow each row @throws StudioError `too-long`, `bad-input` */
export function checkContext(
  { contextLength }: Pick<ProgramSpec, 'contextLength'>,
  rows: readonly TokenRow[],
  soft: SoftPrompt | null,
  extra: number,
): void {
  const limit = contextLength ?? Number.POSITIVE_INFINITY;
  for (const row of rows) {
    const { rowId } = row;
    const tokens = positionsOf(row, soft) + extra;
    if (tokens === extra) throw badInput(`Row ${rowId} has no tokens.`, { data: { rowId } });
    if (tokens > limit)
      throw new StudioError(
        'too-long',
        soft?.heads
          ? `With its answer, row ${rowId} ends at position ${tokens}; this model has ${limit}. Take shorter answers, or vectors before the cue.`
          : `Row ${rowId} has ${tokens} tokens; this model reads at most ${limit}. Shorten the row or the prompt.`,
        { data: { rowId, tokens, limit } },
      );
  }
}

const MAX_BYTES = 64 * 1024 * 1024;

interface Entry {
  readonly tokens: MixedTokens;
  /** Of virtual tokens among them. */
  readonly vectors: Float32Array | null;
  readonly kv: KvRow;
}

/**
 * Prefixes (an instruction with its examples, a text being typed) between requests. Rounding may depend on history, so this is
 * for scoring, never for training.
 */
export class PrefixCache {
  /** Least recently used first. */
  #entries: readonly Entry[] = [];

  /** @throws StudioError `cancelled`, and as Runner.run */
  async fetch(
    program: Program,
    tokens: MixedTokens,
    soft: SoftPrompt | null,
    control: Polled = uninterrupted,
  ): Promise<KvRow> {
    const vectors = soft && tokens.some((token) => token < 0) ? soft.vectors : null;
    const best = this.#entries
      .map((entry) => ({ entry, length: commonLength(entry, tokens, vectors) }))
      .reduce((a, b) => (b.length > a.length ? b : a), { entry: null as Entry | null, length: 0 });
    const known = best.entry ? truncated(best.entry.kv, best.length) : null;
    if (known && best.length === tokens.length) {
      this.#keep(program, [best.entry as Entry]);
      return known;
    }
    const kv = await prefill(program, tokens.subarray(best.length), soft, known, control);
    this.#keep(program, [...(best.entry ? [best.entry] : []), { tokens, vectors, kv }]);
    return kv;
  }

  clear(): void {
    this.#entries = [];
  }

  #keep({ spec }: Program, used: readonly Entry[]): void {
    let bytes = 0;
    const fits = ({ kv }: Entry) => {
      bytes += kv.stride * kvBytesPerToken(spec);
      return bytes <= MAX_BYTES;
    };
    const recent = [...used.toReversed(), ...this.#entries.filter((entry) => !used.includes(entry)).toReversed()];
    this.#entries = recent.filter(fits).reverse();
  }
}

function commonLength(entry: Entry, tokens: MixedTokens, vectors: Float32Array | null): number {
  const length = commonPrefixLength([entry.tokens, tokens]);
  const sameVectors =
    entry.vectors?.length === vectors?.length && (vectors ?? []).every((x, i) => x === entry.vectors?.[i]);
  if (sameVectors) return length;
  const virtual = tokens.subarray(0, length).findIndex((token) => token < 0);
  return virtual < 0 ? length : virtual;
}
