/** Decides from token counts alone which rows of a text cache share a run, how they are stored, and which ones fit. */
import { present } from '../lib/assert';
import { lengthBuckets } from '../tokens/buckets';
import type { TokenRow } from '../tokens/tokenizer';
import { kvBytesPerToken } from './kv';
import type { ProgramSpec } from './program';
import { runLimits } from './run';

export type Storage = 'float32' | 'float16';

export interface TextCacheOptions {
  /** Most bytes of keys and values to keep. */
  readonly budgetBytes: number;
  /** `auto`: float32 if that takes at most half the budget. */
  readonly storage: Storage | 'auto';
}

export const DEFAULT_TEXT_CACHE: TextCacheOptions = { budgetBytes: 384e6, storage: 'auto' };

/** Rows whose keys and values are always computed in the same run. */
export interface Group {
  readonly rows: readonly TokenRow[];
  /** False = no room: computed on every request. */
  readonly kept: boolean;
  /** What the bits depend on: the storage type, and the texts that share the run. */
  readonly signature: string;
}

export interface CachePlan {
  readonly key: string;
  readonly storage: Storage;
  readonly groups: readonly Group[];
  readonly groupOf: ReadonlyMap<string, Group>;
  /** Bytes when full. */
  readonly bytes: number;
}

export const groupWith = (plan: CachePlan, row: TokenRow) =>
  present(plan.groupOf.get(row.rowId), `cache group of row ${row.rowId}`);

/**
 * Decides the grouping, and the storage type if it is left open: float32 if every row fits into half the budget (leaving
 * room for test rows), else float16. Rows that do not fit even then are computed on every request, alone. Rows of different
 * lists never share a run, so a list gets the same bits when it comes with other lists.
 */
export function planCache(
  spec: ProgramSpec,
  { budgetBytes, storage: wanted }: TextCacheOptions,
  key: string,
  lists: readonly (readonly TokenRow[])[],
): CachePlan {
  const unique = distinct(lists);
  const tokens = unique.flat().reduce((sum, row) => sum + row.ids.length, 0);
  const short = tokens * kvBytesPerToken(spec) <= budgetBytes / 2 ? 'float32' : 'float16';
  const storage = wanted === 'auto' ? short : wanted;
  const bytesPerToken = kvBytesPerToken(spec, storage === 'float32' ? 4 : 2);
  let bytes = 0;
  const groups = unique.flatMap((list, i) => {
    const kept: TokenRow[] = [];
    const alone: TokenRow[] = [];
    for (const row of list) {
      const needed = row.ids.length * bytesPerToken;
      const room = bytes + needed <= budgetBytes;
      if (room) bytes += needed;
      (room ? kept : alone).push(row);
    }
    return [
      ...grouped(spec, kept, storage, i === 0 ? TOGETHER_TOKENS : SINGLY_TOKENS),
      ...alone.map((row) => groupOf([row], storage, false)),
    ];
  });
  return { key, storage, groups, groupOf: rowGroups(groups), bytes };
}

export const rowGroups = (groups: readonly Group[]) =>
  new Map(groups.flatMap((group) => group.rows.map((row) => [row.rowId, group] as const)));

/** Each row once, in the first list that has it. */
function distinct(lists: readonly (readonly TokenRow[])[]): TokenRow[][] {
  const seen = new Set<string>();
  return lists.map((list) =>
    list.filter(({ rowId }) => {
      const isNew = !seen.has(rowId);
      seen.add(rowId);
      return isNew;
    }),
  );
}

/**
 * Most tokens of a group. Measured: with 27 tokens in a run, a token costs a quarter more than with 54, and with 54 no more
 * than with 400 (docs/benchmarks.md). Training rows still get small groups, because the first step waits for every group
 * that contains one of its rows.
 */
const TOGETHER_TOKENS = 96;
const SINGLY_TOKENS = 32;

function grouped(spec: ProgramSpec, rows: readonly TokenRow[], storage: Storage, maxTokens: number): Group[] {
  // Sorted by id first, so that the order of the request does not matter for rows of equal length.
  const sorted = [...rows].sort((a, b) => (a.rowId < b.rowId ? -1 : 1));
  const costs = sorted.map((row) => ({ tokens: row.ids.length, past: 0 }));
  return lengthBuckets(costs, { ...runLimits(spec), maxTokens }).map((bucket) =>
    groupOf(
      bucket.map((index) => present(sorted[index], 'row')),
      storage,
      true,
    ),
  );
}

const groupOf = (rows: readonly TokenRow[], storage: Storage, kept: boolean): Group => ({
  rows,
  kept,
  signature: `${storage} ${rows.map(identity).join(' ')}`,
});

/** Identifies row and text: the key changes if the text of a row id does. */
export const identity = (row: TokenRow) => `${row.rowId}:${checksum(row.ids)}`;

/** FNV-1a over the token ids. */
function checksum(ids: Int32Array): string {
  let hash = 0x811c9dc5;
  for (const id of ids) hash = Math.imul(hash ^ id, 0x01000193);
  return `${ids.length}/${hash >>> 0}`;
}
