import { createRng, shuffled } from '../lib/rng';

/** Part of a checkpoint. */
export interface RowOrder {
  readonly rngState: number;
  /** Indices of this epoch still to come. */
  readonly pending: readonly number[];
}

export const startOrder = (seed: number): RowOrder => ({ rngState: seed, pending: [] });

/** Every row once an epoch, in seeded random order; a batch may reach into the next epoch. */
export function nextBatch(
  order: RowOrder,
  rows: number,
  batchSize: number,
): { readonly batch: number[]; readonly order: RowOrder } {
  const rng = createRng(order.rngState);
  let pending = order.pending;
  const batch: number[] = [];
  const size = Math.min(batchSize, rows);
  while (batch.length < size) {
    if (pending.length === 0) pending = shuffled([...Array(rows).keys()], rng);
    const taken = size - batch.length;
    batch.push(...pending.slice(0, taken));
    pending = pending.slice(taken);
  }
  return { batch, order: { rngState: rng.state(), pending } };
}

/** For all runs: fewer rows are a subset of more. */
const SUBSET_SEED = 1;

/**
 * The beginning of a seeded order in which every stretch keeps the shares of the labels, whose rows are spaced evenly.
 * @returns indices into `gold`; all, in their own order, when there are no more
 */
export function stratifiedSubset(gold: readonly number[], count: number | null): readonly number[] {
  const all = [...gold.keys()];
  if (count === null || count >= gold.length) return all;
  const place = new Map<number, number>();
  for (const label of new Set(gold)) {
    const own = shuffled(
      all.filter((i) => gold[i] === label),
      createRng(SUBSET_SEED + label),
    );
    own.forEach((i, rank) => void place.set(i, (rank + 0.5) / own.length));
  }
  return all.sort((a, b) => (place.get(a) ?? 0) - (place.get(b) ?? 0) || a - b).slice(0, count);
}

/** n / (labels x rows of it), so that every label counts the same; 1 for a label without rows. */
export function balancedWeights(gold: readonly number[], labels: number): readonly number[] {
  const counts = new Array<number>(labels).fill(0);
  for (const label of gold) counts[label] = (counts[label] ?? 0) + 1;
  return counts.map((n) => (n === 0 ? 1 : gold.length / (labels * n)));
}
