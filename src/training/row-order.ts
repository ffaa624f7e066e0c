import { createRng, shuffled } from '../lib/rng';

/** Where the walk through the training rows stands; part of a checkpoint. */
export interface RowOrder {
  readonly rngState: number;
  /** Rows of this epoch that are still to come, as indices. */
  readonly pending: readonly number[];
}

export const startOrder = (seed: number): RowOrder => ({ rngState: seed, pending: [] });

/** The next batch: every row once an epoch, in seeded random order; a batch may reach into the next epoch. */
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
