/** The size of a row in a run. */
export interface RowCost {
  /** Tokens to run. */
  readonly tokens: number;
  /** Tokens whose keys and values are fed. */
  readonly past: number;
}

/** Limits of one run of the graph; a larger row runs alone. */
export interface RunLimits {
  /** Padded tokens, batch x longest. */
  readonly maxTokens: number;
  /** Padded past tokens, batch x longest past. */
  readonly maxPast: number;
  /** For models without position inputs: rows of one run must have pasts of equal length. */
  readonly samePast: boolean;
}

/**
 * Groups rows of similar length into runs (little padding). Returns indices. The result depends only on the costs, so the
 * same rows always share the same runs.
 */
export function lengthBuckets(rows: readonly RowCost[], limits: RunLimits): readonly (readonly number[])[] {
  const order = rows
    .map((row, index) => ({ ...row, index }))
    .sort((a, b) => a.tokens - b.tokens || a.past - b.past || a.index - b.index);
  if (limits.samePast) order.sort((a, b) => a.past - b.past || a.tokens - b.tokens || a.index - b.index);
  const buckets: number[][] = [];
  let current: RowCost = { tokens: 0, past: 0 };
  for (const row of order) {
    const bucket = buckets.at(-1);
    const joined = { tokens: Math.max(current.tokens, row.tokens), past: Math.max(current.past, row.past) };
    if (bucket && fits(joined, bucket.length + 1, limits) && !(limits.samePast && row.past !== current.past)) {
      bucket.push(row.index);
      current = joined;
    } else {
      buckets.push([row.index]);
      current = { tokens: row.tokens, past: row.past };
    }
  }
  return buckets;
}

const fits = (largest: RowCost, count: number, limits: RunLimits) =>
  count * largest.tokens <= limits.maxTokens && count * largest.past <= limits.maxPast;
