import { labelIndexer, rowsById, textOf } from '../dataset/labels';
import type { Dataset, Row } from '../dataset/types';
import { createRng, shuffled } from '../lib/rng';

/** Examples are taken from rows up to this length (characters) or the third quartile, whichever is longer. */
const SHORT_TEXT = 400;

function notTooLong(rows: readonly Row[], dataset: Dataset): readonly Row[] {
  const lengths = rows.map((row) => textOf(row, dataset.mapping).length).sort((a, b) => a - b);
  const limit = Math.max(SHORT_TEXT, lengths[Math.floor(0.75 * (lengths.length - 1))] ?? 0);
  return rows.filter((row) => textOf(row, dataset.mapping).length <= limit);
}

/**
 * `count` training rows, seeded and balanced: one of each label in turn, the labels in a new random order each round.
 * The longest quarter of the texts is passed over where it is long, since every example is paid for in every row.
 */
export function chooseShots(dataset: Dataset, count: number, seed: number): readonly Row[] {
  const byId = rowsById(dataset.table.rows);
  const indexOf = labelIndexer(dataset);
  const train = dataset.split.train.map((id) => byId.get(id)).filter((row) => row !== undefined);
  const rng = createRng(seed);
  const candidates = shuffled(notTooLong(train, dataset), rng);
  const queues = dataset.labels.map((_, i) => candidates.filter((row) => indexOf(row) === i));
  const chosen: Row[] = [];
  while (chosen.length < count && queues.some((queue) => queue.length > 0))
    for (const queue of shuffled(queues, rng)) {
      const row = chosen.length < count ? queue.shift() : undefined;
      if (row) chosen.push(row);
    }
  return chosen;
}
