/** From token counts alone: which rows of a text cache share a run, how they are stored, and which fit. */
import { present } from '../lib/assert';
import type { SoftPrompt } from '../prompt/soft-prompt';
import type { TokenRow } from '../tokens/tokenizer';
import { commonPrefixLength, type MixedTokens, sharedLength, tokensBefore } from './feeds';
import { kvBytesPerToken } from './kv';
import { type ProgramSpec, takesPast } from './program';
import { lengthBuckets, runLimits } from './run';

export type Storage = 'float32' | 'float16';

export interface TextCacheOptions {
  readonly budgetBytes: number;
  /** `auto`: float32 if that takes at most half the budget. */
  readonly storage: Storage | 'auto';
}

export const DEFAULT_TEXT_CACHE: TextCacheOptions = { budgetBytes: 384e6, storage: 'auto' };

/** Always computed in the same run. */
export interface Group {
  readonly rows: readonly TokenRow[];
  /** False = no room: computed on every request. */
  readonly kept: boolean;
  /** Tokens that these rows begin with, computed once for all rows of the plan. */
  readonly shared: MixedTokens;
  /** Position after the last token of each row; null = the first token is at 0. */
  readonly end: number | null;
  /** What the bits depend on: the storage type, the positions, and the texts that share the run. */
  readonly signature: string;
}

/** Where texts are to end, with their cues. */
export interface Ending {
  readonly at: number;
  /** Else a beginning that all rows share, which is at 0, is computed once. */
  readonly isNeeded: boolean;
}

/** Trained keys with a position stand after texts that end before it. */
export const endingBefore = (soft: SoftPrompt | null, [row]: readonly TokenRow[]): Ending | null =>
  row && typeof soft?.heads?.position === 'number'
    ? { at: soft.heads.position + row.ids.length - tokensBefore(row, soft), isNeeded: true }
    : null;

export interface CachePlan {
  readonly key: string;
  readonly storage: Storage;
  readonly groups: readonly Group[];
  /** By `identity`. */
  readonly groupOf: ReadonlyMap<string, Group>;
  readonly bytes: number;
}

/** Below so many shared tokens an extra run costs what it saves, and chance words would make another beginning. */
const SHARED_UNIT = 16;

export const groupWith = (plan: CachePlan, row: TokenRow) =>
  present(plan.groupOf.get(identity(row)), `cache group of row ${row.rowId}`);

/**
 * Rows that do not fit are computed on every request, alone. Rows of different lists never share a run, so a list gets the same
 * bits when it comes with others that begin as it does.
 * @param how `known`: prefixes computed earlier; without one that all rows have, they share their own
 */
export function planCache(
  spec: ProgramSpec,
  { budgetBytes, storage: wanted }: TextCacheOptions,
  key: string,
  lists: readonly (readonly TokenRow[])[],
  { known = [], ending = null }: { readonly known?: readonly MixedTokens[]; readonly ending?: Ending | null } = {},
): CachePlan {
  const unique = distinct(lists);
  const shared = ending?.isNeeded ? NOTHING : beginningOf(spec, budgetBytes, unique.flat(), known);
  const end = ending && shared.length === 0 ? ending.at : null;
  const tokens = unique.flat().reduce((sum, row) => sum + row.ids.length - shared.length, 0);
  const short = tokens * kvBytesPerToken(spec) <= budgetBytes / 2 ? 'float32' : 'float16';
  const storage = wanted === 'auto' ? short : wanted;
  const bytesPerToken = kvBytesPerToken(spec, storage === 'float32' ? 4 : 2);
  let bytes = shared.length * kvBytesPerToken(spec);
  const groups = unique.flatMap((list, i) => {
    const kept: TokenRow[] = [];
    const alone: TokenRow[] = [];
    for (const row of list) {
      const needed = (row.ids.length - shared.length) * bytesPerToken;
      const room = bytes + needed <= budgetBytes;
      if (room) bytes += needed;
      (room ? kept : alone).push(row);
    }
    return [
      ...grouped(spec, kept, { storage, shared, end }, i === 0 ? TOGETHER_TOKENS : SINGLY_TOKENS),
      ...alone.map((row) => groupOf([row], { storage, shared, end }, false)),
    ];
  });
  return { key, storage, groups, groupOf: rowGroups(groups), bytes };
}

const NOTHING: MixedTokens = new Int32Array();

export const rowGroups = (groups: readonly Group[]) =>
  new Map(groups.flatMap((group) => group.rows.map((row) => [identity(row), group] as const)));

/** Takes at most half the budget. */
function beginningOf(spec: ProgramSpec, budgetBytes: number, rows: readonly TokenRow[], known: readonly MixedTokens[]) {
  const texts = rows.map(({ ids }) => ids);
  const startsAll = (beginning: MixedTokens) =>
    texts.every((ids) => ids.length > beginning.length && commonPrefixLength([ids, beginning]) === beginning.length);
  const most = Math.floor(budgetBytes / 2 / kvBytesPerToken(spec));
  const fits = Math.min(sharedLength(texts), most);
  const own = texts[0]?.subarray(0, fits - (fits % SHARED_UNIT)) ?? NOTHING;
  const usable = known.filter(startsAll).sort((a, b) => b.length - a.length);
  return takesPast(spec) ? (usable[0] ?? own) : own.subarray(0, 0);
}

/** In the first list that has the row. */
function distinct(lists: readonly (readonly TokenRow[])[]): TokenRow[][] {
  const seen = new Set<string>();
  return lists.map((list) =>
    list.filter((row) => {
      const isNew = !seen.has(identity(row));
      seen.add(identity(row));
      return isNew;
    }),
  );
}

/**
 * Tokens. With 27 in a run a token costs a quarter more than with 54, and with 54 no more than with 400 (docs/benchmarks.md).
 * Training rows still get small groups, because the first step waits for every group with one of its rows.
 */
const TOGETHER_TOKENS = 96;
const SINGLY_TOKENS = 32;

type Kept = Pick<Group, 'shared' | 'end'> & { readonly storage: Storage };

function grouped(spec: ProgramSpec, rows: readonly TokenRow[], how: Kept, maxTokens: number): Group[] {
  // Sorted by id first, so that the order of the request does not matter for rows of equal length.
  const sorted = [...rows].sort((a, b) => (a.rowId < b.rowId ? -1 : 1));
  const past = how.shared.length;
  const costs = sorted.map((row) => ({ tokens: row.ids.length - past, past }));
  return lengthBuckets(costs, { ...runLimits(spec), maxTokens }).map((bucket) =>
    groupOf(
      bucket.map((index) => present(sorted[index], 'row')),
      how,
      true,
    ),
  );
}

const groupOf = (rows: readonly TokenRow[], { storage, shared, end }: Kept, kept: boolean): Group => ({
  rows,
  kept,
  shared,
  end,
  signature: `${storage} ${shared.length} ${end ?? ''} ${rows.map(identity).join(' ')}`,
});

/** The same row under several prompts has several texts. */
export const identity = (row: Pick<TokenRow, 'rowId' | 'ids'>) => `${row.rowId}:${row.ids.join(' ')}`;
