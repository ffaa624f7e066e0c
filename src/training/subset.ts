import { createRng, shuffled } from '../lib/rng';

/** One order for all runs: a run on fewer rows sees a part of what a run on more rows sees. */
const SUBSET_SEED = 1;

/**
 * The first `count` rows of a seeded order in which every stretch holds the labels in their shares: rows of a label stand
 * at equal distances, (rank + 1/2) / number of rows of that label.
 * @param gold label of each row
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

/** Weight of each label's rows so that every label counts the same: n / (labels x rows of it); 1 where there is none. */
export function balancedWeights(gold: readonly number[], labels: number): readonly number[] {
  const counts = new Array<number>(labels).fill(0);
  for (const label of gold) counts[label] = (counts[label] ?? 0) + 1;
  return counts.map((n) => (n === 0 ? 1 : gold.length / (labels * n)));
}
