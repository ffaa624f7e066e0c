import { present } from '../lib/assert';
import { StudioError } from '../lib/errors';
import type { SoftPrompt } from '../prompt/types';
import { lengthBuckets } from '../tokens/buckets';
import type { LabelTokens, TokenRow } from '../tokens/types';
import { breathe, type Control, throwIfInterrupted, uninterrupted } from './control';
import { type KvRow, truncated } from './kv';
import { isSequenceScored, labelScores, type StartedRow } from './label-scores';
import { MAX_RUN_TOKENS, runLimits } from './limits';
import { prefill } from './prefill';
import { PrefixCache } from './prefix-cache';
import { takesPast } from './program';
import type { Program } from './run';
import { commonPrefixLength, type MixedTokens, withSoft } from './sequence';
import type { CachePlan, TextCache } from './text-cache';

export interface ScoredRow {
  readonly rowId: string;
  /** log-softmax over the labels' scores; uncalibrated. */
  readonly logProbs: readonly number[];
}

export interface TokenCount {
  /** Text and virtual tokens. */
  readonly tokensSent: number;
  /** What a new row costs: all but the prefix that these rows share. What a cache spares is counted, as in use every text is new. */
  readonly tokensComputed: number;
}

/** Tokens of each row, given together. */
export function countTokens(rows: readonly TokenRow[], soft: SoftPrompt | null): TokenCount[] {
  const sequences = rows.map((row) => withSoft(row.ids, soft));
  const shared = sharedLength(sequences);
  return sequences.map(({ length }) => ({ tokensSent: length, tokensComputed: length - shared }));
}

export interface ScoreOptions {
  readonly rows: readonly TokenRow[];
  readonly labels: readonly LabelTokens[];
  readonly soft: SoftPrompt | null;
  /** Where to look for the text's keys and values; null = compute them here and forget them. */
  readonly cached: { readonly cache: TextCache; readonly plan: CachePlan } | null;
  /** Where what rows begin with is kept between requests. */
  readonly prefixes?: PrefixCache;
  readonly control?: Control;
  readonly onProgress?: (rowsDone: number) => void;
}

/** What of a row is done already, and what is to be run. */
interface Job {
  readonly row: TokenRow;
  readonly sequence: MixedTokens;
  /** Tokens at the head of `sequence` that are not run for this row. */
  readonly done: number;
}

/** Rows ready to be scored: what they share is computed. */
export interface Scorer {
  /** Which rows are best scored together, as indices. */
  readonly buckets: readonly (readonly number[])[];
  /** Scores the rows at these indices in one run (rows longer than a run in several). */
  scoreAt(indices: readonly number[]): Promise<ScoredRow[]>;
}

/**
 * What all rows begin with is run once, here; with a text cache the whole text is not run at all.
 * @throws StudioError `too-long`, `bad-input`, and as Runner.run
 */
export async function openScorer(program: Program, options: ScoreOptions): Promise<Scorer> {
  const { rows, labels, soft } = options;
  if (rows.length === 0) return { buckets: [], scoreAt: async () => [] };
  const sequences = rows.map((row) => withSoft(row.ids, soft));
  checkLengths(program, rows, sequences, labels);
  const source = await keysAndValues(program, options, sequences);
  const jobs = rows.map((row, i) => ({ row, sequence: present(sequences[i], 'sequence'), done: source.done(row) }));
  const costs = jobs.map(({ sequence, done }) => ({ tokens: sequence.length - done, past: done }));
  return {
    buckets: lengthBuckets(costs, runLimits(program.spec)),
    scoreAt: async (indices) => {
      const chosen = indices.map((index) => present(jobs[index], 'job'));
      const pasts = await source.fetch(chosen.map(({ row }) => row));
      const started: StartedRow[] = [];
      for (const [i, each] of chosen.entries()) started.push(await start(program, each, pasts[i] ?? null, soft));
      const scores = await labelScores(program, started, labels, soft);
      return chosen.map(({ row }, i) => ({ rowId: row.rowId, logProbs: present(scores[i], 'scores') }));
    },
  };
}

/**
 * Scores rows by their answer words, in the order given.
 * @throws StudioError `too-long`, `bad-input`, `cancelled`, and as Runner.run
 */
export async function scoreRows(program: Program, options: ScoreOptions): Promise<ScoredRow[]> {
  const { rows, control = uninterrupted } = options;
  const scorer = await openScorer(program, options);
  const out = new Array<ScoredRow>(rows.length);
  let finished = 0;
  for (const bucket of scorer.buckets) {
    throwIfInterrupted(control);
    const scored = await scorer.scoreAt(bucket);
    bucket.forEach((index, i) => {
      out[index] = present(scored[i], 'scored row');
    });
    finished += bucket.length;
    options.onProgress?.(finished);
    await breathe();
  }
  return out;
}

/** Runs all but the last piece of a row that is longer than a run may be. */
async function start(
  program: Program,
  { sequence, done }: Job,
  past: KvRow | null,
  soft: SoftPrompt | null,
): Promise<StartedRow> {
  const rest = sequence.subarray(done);
  if (rest.length <= MAX_RUN_TOKENS || !takesPast(program.spec)) return { tokens: rest, past };
  const split = rest.length - MAX_RUN_TOKENS;
  return { tokens: rest.subarray(split), past: await prefill(program, rest.subarray(0, split), soft, past) };
}

interface KvSource {
  /** How many tokens of a row it spares. */
  done(row: TokenRow): number;
  fetch(rows: readonly TokenRow[]): Promise<readonly (KvRow | null)[]>;
}

/** The text cache where it applies, else the prefix that all rows share. */
async function keysAndValues(
  program: Program,
  { soft, cached, prefixes = new PrefixCache(), control = uninterrupted }: ScoreOptions,
  sequences: readonly MixedTokens[],
): Promise<KvSource> {
  if (!takesPast(program.spec)) return { done: () => 0, fetch: async (wanted) => wanted.map(() => null) };
  if (!cached || soft?.placement === 'prefix') return sharedPrefix(program, sequences, soft, prefixes);
  const { cache, plan } = cached;
  // Without vectors behind the text its last token must run: the head reads there.
  const done = (row: TokenRow) => row.ids.length - (soft ? 0 : 1);
  return {
    done,
    fetch: async (wanted) => {
      const kv = await cache.fetch(program, plan, wanted, control);
      return kv.map((row, i) => truncated(row, done(present(wanted[i], 'row'))));
    },
  };
}

async function sharedPrefix(
  program: Program,
  sequences: readonly MixedTokens[],
  soft: SoftPrompt | null,
  prefixes: PrefixCache,
): Promise<KvSource> {
  const [first, ...others] = sequences;
  // A text alone shares with the one before it, as somebody types.
  const length = others.length > 0 ? sharedLength(sequences) : (first?.length ?? 0) - 1;
  const shared = first && length > 0 ? await prefixes.fetch(program, first.subarray(0, length), soft) : null;
  return { done: () => length, fetch: async (rows) => rows.map(() => shared) };
}

/** Each row must keep a token to run; and one row shares nothing. */
function sharedLength(sequences: readonly MixedTokens[]): number {
  const shortest = Math.min(...sequences.map((sequence) => sequence.length));
  return sequences.length > 1 ? Math.min(commonPrefixLength(sequences), shortest - 1) : 0;
}

function checkLengths(
  { spec }: Program,
  rows: readonly TokenRow[],
  sequences: readonly MixedTokens[],
  labels: readonly LabelTokens[],
): void {
  checkLabels(labels);
  const answer = isSequenceScored(labels) ? Math.max(...labels.map((label) => label.tokenIds.length)) - 1 : 0;
  checkContext(spec.contextLength, rows, sequences, answer);
}

/** @throws StudioError `bad-input` */
export function checkLabels(labels: readonly LabelTokens[]): void {
  const empty = labels.find((label) => label.tokenIds.length === 0);
  if (labels.length < 2 || empty)
    throw new StudioError(
      'bad-input',
      empty ? `The label ${empty.label} has no answer word.` : 'There must be at least two labels to choose from.',
    );
}

/** @throws StudioError `too-long`, `bad-input` */
export function checkContext(
  contextLength: number | null,
  rows: readonly TokenRow[],
  sequences: readonly MixedTokens[],
  extra: number,
): void {
  const limit = contextLength ?? Number.POSITIVE_INFINITY;
  sequences.forEach((sequence, i) => {
    const { rowId } = present(rows[i], 'row');
    const tokens = sequence.length + extra;
    if (sequence.length === 0) throw new StudioError('bad-input', `Row ${rowId} has no tokens.`, { data: { rowId } });
    if (tokens > limit)
      throw new StudioError(
        'too-long',
        `Row ${rowId} has ${tokens} tokens; this model reads at most ${limit}. Shorten the row or the prompt.`,
        { data: { rowId, tokens, limit } },
      );
  });
}
