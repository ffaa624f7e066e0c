/** Which rows of a text cache share a run, how they are stored, and for which there is room: from token counts alone. */
import { present } from '../lib/assert';
import { lengthBuckets } from '../tokens/buckets';
import type { TokenRow } from '../tokens/types';
import { kvBytesPerToken } from './kv';
import type { ProgramSpec } from './program';
import { runLimits } from './run';

export type Storage = 'float32' | 'float16';

export interface TextCacheOptions {
  /** Bytes of keys and values that may be kept. */
  readonly budgetBytes: number;
  /** `auto`: float32 where that takes half the budget at most. */
  readonly storage: Storage | 'auto';
}

export const DEFAULT_TEXT_CACHE: TextCacheOptions = { budgetBytes: 384e6, storage: 'auto' };

/** Rows whose keys and values are always computed in one run together. */
export interface Group {
  readonly rows: readonly TokenRow[];
  /** False: there is no room, so they are computed each time they are asked for. */
  readonly kept: boolean;
  /** What the bits depend on: storage type, and which texts share the run. */
  readonly signature: string;
}

export interface CachePlan {
  readonly key: string;
  readonly storage: Storage;
  readonly groups: readonly Group[];
  readonly groupOf: ReadonlyMap<string, Group>;
  /** Bytes when filled. */
  readonly bytes: number;
}

export const groupWith = (plan: CachePlan, row: TokenRow) =>
  present(plan.groupOf.get(row.rowId), `cache group of row ${row.rowId}`);

/**
 * Decides grouping, and storage where it is left open, from token counts alone: float32 when every row fits half the
 * budget, so that held-back rows find room beside them, else float16; rows that do
 * not fit even then are computed each time, alone. Rows of different lists never share a run, so that a list that comes
 * again in other company meets the same bits.
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

/** Each row once, in the list where it comes first. */
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
 * Tokens of a group, whose rows are read in one run. Measured: 27 tokens a run cost a quarter more a token than 54, and 54
 * no more than 400 (docs/benchmarks.md). Rows that are wanted a few at a time, and anywhere, are read one or two in a run
 * all the same: the first step waits for every group that one of its rows lies in.
 */
const TOGETHER_TOKENS = 96;
const SINGLY_TOKENS = 32;

function grouped(spec: ProgramSpec, rows: readonly TokenRow[], storage: Storage, maxTokens: number): Group[] {
  // By id first, so that equal lengths fall in an order that the request's order does not change.
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

/** Row and text: ids under which the text has changed since are other ones. */
export const identity = (row: TokenRow) => `${row.rowId}:${checksum(row.ids)}`;

/** FNV-1a over the ids: guards against a key under which the text has changed. */
function checksum(ids: Int32Array): string {
  let hash = 0x811c9dc5;
  for (const id of ids) hash = Math.imul(hash ^ id, 0x01000193);
  return `${ids.length}/${hash >>> 0}`;
}
