import { assert, present } from '../lib/assert';
import { breathe, type Polled, throwIfInterrupted } from '../lib/control';
import type { TokenRow } from '../tokens/tokenizer';
import {
  type CachePlan,
  DEFAULT_TEXT_CACHE,
  type Ending,
  type Group,
  groupWith,
  identity,
  planCache,
  rowGroups,
  type Storage,
  type TextCacheOptions,
} from './cache-plan';
import { atEnd, commonPrefixLength, type MixedTokens, type StartedRow } from './feeds';
import { behind, halved, isWide, type KvRow, startingAt } from './kv';
import type { ProgramSpec } from './program';
import { MAX_RUN_TOKENS, type Program, prefill, run } from './run';

/** How many of a plan's rows are stored. */
export interface RowsRead {
  readonly rowsDone: number;
  readonly rowsTotal: number;
  /** Rows just read whose numbers are too large for float16, and are kept as float32 where float16 was planned. */
  readonly widened?: number;
}

interface Stored {
  /** By signature. */
  readonly groups: Map<string, { readonly group: Group; readonly rows: readonly KvRow[] }>;
  /** What groups begin with, by its length. */
  readonly prefixes: Map<number, { readonly tokens: MixedTokens; readonly kv: KvRow }>;
}

/**
 * Keeps keys and values of texts across runs. With causal attention they do not depend on what follows the text, so one
 * computation serves every soft prompt after it.
 *
 * Bits must not depend on history: the request's rows alone decide which rows share a run and how they are stored
 * (`planCache`), every row is rounded to its storage type before its first use, and rows stored under another grouping are
 * not used. What all rows begin with is computed once, and never rounded.
 */
export class TextCache {
  readonly #spec: ProgramSpec;
  readonly #options: TextCacheOptions;
  /** By key, least recently used first. */
  readonly #keys = new Map<string, Stored>();
  #bytes = 0;

  constructor(spec: ProgramSpec, options: Partial<TextCacheOptions> = {}) {
    this.#spec = spec;
    this.#options = { ...DEFAULT_TEXT_CACHE, ...options };
  }

  /** Bytes in use. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * For training: decided by the rows alone.
   * @param lists rows under the same key; those of the first list get room first and larger groups, because they are always
   *   used together
   */
  plan(key: string, lists: readonly (readonly TokenRow[])[], ending: Ending | null = null): CachePlan {
    return planCache(this.#spec, this.#options, key, lists, { ending });
  }

  /** For scoring: reuses rows stored under this key, however they were computed, so rounding may depend on history. */
  planReusing(key: string, rows: readonly TokenRow[], ending: Ending | null = null): CachePlan {
    const stored = [...(this.#keys.get(key)?.groups.values() ?? [])]
      .map(({ group }) => group)
      .filter(({ end }) => !ending || end === ending.at);
    const prefixes = [...(this.#keys.get(key)?.prefixes.values() ?? [])].map(({ tokens }) => tokens);
    const known = new Map(stored.flatMap((group) => group.rows.map((row) => [identity(row), group] as const)));
    const reused = new Set(rows.flatMap((row) => known.get(identity(row)) ?? []));
    const bytes = [...reused].reduce((sum, group) => sum + bytesOf(this.#stored(key, group)), 0);
    const fresh = rows.filter((row) => !known.has(identity(row)));
    const room = { ...this.#options, budgetBytes: this.#options.budgetBytes - bytes };
    const rest = planCache(this.#spec, room, key, [fresh], { known: prefixes, ending });
    const groups = [...reused, ...rest.groups];
    return { ...rest, groups, groupOf: rowGroups(groups), bytes: bytes + rest.bytes };
  }

  /** Whether a row's text is stored by now. */
  has({ key, groupOf }: CachePlan, row: TokenRow): boolean {
    const group = groupOf.get(identity(row));
    return group !== undefined && (this.#keys.get(key)?.groups.has(group.signature) ?? false);
  }

  /** Computes the missing groups of these rows; yields how many of the plan's rows are stored. */
  async *fill(program: Program, plan: CachePlan, rows: readonly TokenRow[], control: Polled): AsyncGenerator<RowsRead> {
    const kept = plan.groups.filter((group) => group.kept);
    const rowsTotal = count(kept);
    const stored = this.#open(plan).groups;
    const wanted = new Set(rows.map((row) => groupWith(plan, row)));
    for (const group of wanted) {
      if (!group.kept || stored.has(group.signature)) continue;
      throwIfInterrupted(control);
      const read = await this.#compute(program, plan, group, control);
      this.#store(plan, group, read);
      const widened = plan.storage === 'float16' ? read.filter(isWide).length : 0;
      const rowsDone = count(kept.filter((other) => stored.has(other.signature)));
      yield { rowsDone, rowsTotal, ...(widened > 0 ? { widened } : {}) };
      await breathe();
    }
  }

  /** Keys and values of these rows, in order; computes missing ones. */
  async fetch(
    program: Program,
    plan: CachePlan,
    rows: readonly TokenRow[],
    control: Polled,
  ): Promise<readonly KvRow[]> {
    for await (const _ of this.fill(program, plan, rows, control));
    const stored = this.#open(plan).groups;
    const out: KvRow[] = [];
    for (const row of rows) {
      const group = groupWith(plan, row);
      const values = stored.get(group.signature)?.rows ?? (await this.#compute(program, plan, group, control));
      out.push(present(values[group.rows.findIndex((other) => identity(other) === identity(row))], row.rowId));
    }
    return out;
  }

  clear(): void {
    this.#keys.clear();
    this.#bytes = 0;
  }

  #stored(key: string, group: Group): readonly KvRow[] {
    return this.#keys.get(key)?.groups.get(group.signature)?.rows ?? [];
  }

  async #compute(program: Program, plan: CachePlan, group: Group, control: Polled): Promise<readonly KvRow[]> {
    return computeGroup(program, group, plan.storage, await this.#beginning(program, plan, group, control), control);
  }

  /** Keys and values of what the rows of a group begin with; null = nothing. */
  async #beginning(program: Program, plan: CachePlan, { shared }: Group, control: Polled): Promise<KvRow | null> {
    if (shared.length === 0) return null;
    const { prefixes } = this.#open(plan);
    const known = prefixes.get(shared.length);
    if (known && commonPrefixLength([known.tokens, shared]) === shared.length) return known.kv;
    const kv = await prefill(program, shared, null, null, control);
    this.#bytes += bytesOf([kv]) - (known ? bytesOf([known.kv]) : 0);
    prefixes.set(shared.length, { tokens: shared, kv });
    return kv;
  }

  #open(plan: CachePlan): Stored {
    const stored = this.#keys.get(plan.key) ?? { groups: new Map(), prefixes: new Map() };
    this.#keys.delete(plan.key);
    this.#keys.set(plan.key, stored);
    return stored;
  }

  #store(plan: CachePlan, group: Group, read: readonly KvRow[]): void {
    const rows = read.map((row) => ({ ...row, reused: true }));
    this.#open(plan).groups.set(group.signature, { group, rows });
    this.#bytes += bytesOf(rows);
    this.#makeRoom(plan);
  }

  /** Drops other keys, the least recently used first, then groups of this key that the plan does not use. */
  #makeRoom(plan: CachePlan): void {
    for (const key of this.#keys.keys()) if (key !== plan.key) this.#drop(key);
    const known = new Set(plan.groups.map((group) => group.signature));
    const stored = this.#open(plan).groups;
    for (const [signature, { rows }] of stored) {
      if (this.#bytes <= this.#options.budgetBytes) return;
      if (known.has(signature)) continue;
      stored.delete(signature);
      this.#bytes -= bytesOf(rows);
    }
  }

  /** Only if the cache is over its budget. */
  #drop(key: string): void {
    if (this.#bytes <= this.#options.budgetBytes) return;
    const { groups, prefixes }: Stored = this.#keys.get(key) ?? { groups: new Map(), prefixes: new Map() };
    for (const { rows } of groups.values()) this.#bytes -= bytesOf(rows);
    for (const { kv } of prefixes.values()) this.#bytes -= bytesOf([kv]);
    this.#keys.delete(key);
  }
}

const count = (groups: readonly Group[]) => groups.reduce((sum, group) => sum + group.rows.length, 0);

const bytesOf = (rows: readonly KvRow[]) =>
  rows.reduce(
    (sum, row) => sum + [...row.keys, ...row.values].reduce((bytes, array) => bytes + array.byteLength, 0),
    0,
  );

async function computeGroup(program: Program, group: Group, storage: Storage, before: KvRow | null, control: Polled) {
  const { end } = group;
  const starts = group.rows.map(({ ids }) => ({
    tokens: ids.subarray(group.shared.length),
    past: end === null ? before : startingAt(Math.max(0, end - ids.length)),
  }));
  const [first] = starts;
  assert(first, 'an empty cache group');
  const whole =
    first.tokens.length > MAX_RUN_TOKENS
      ? [await prefill(program, first.tokens, null, first.past, control)]
      : await together(program, starts);
  const rows = before ? whole.map((row) => behind(before, row, program.spec)) : whole;
  return storage === 'float16' ? rows.map(halved) : rows;
}

async function together(program: Program, texts: readonly StartedRow[]) {
  const options = { soft: null, candidates: [0], keepPresent: true };
  return (await run(program, texts.map(atEnd), options)).present;
}
