import { labelIndexer, rowsById, textOf } from '../dataset/labels';
import type { Dataset, Row } from '../dataset/types';
import { createRng, shuffled } from '../lib/rng';
import { taskOf } from './tasks';
import type { HardPrompt } from './types';

/** Examples are taken from rows up to this length (characters) or the third quartile, whichever is longer. */
const SHORT_TEXT = 400;

function notTooLong(rows: readonly Row[], dataset: Dataset): readonly Row[] {
  const lengths = rows.map((row) => textOf(row, dataset.mapping).length).sort((a, b) => a - b);
  const limit = Math.max(SHORT_TEXT, lengths[Math.floor(0.75 * (lengths.length - 1))] ?? 0);
  return rows.filter((row) => textOf(row, dataset.mapping).length <= limit);
}

/** `count` training rows as they are drawn; long ones are passed over as in `chooseShots`. */
function drawShots(dataset: Dataset, count: number, seed: number): readonly Row[] {
  const byId = rowsById(dataset.table.rows);
  const train = dataset.split.train.map((id) => byId.get(id)).filter((row) => row !== undefined);
  return shuffled(notTooLong(train, dataset), createRng(seed)).slice(0, count);
}

/** The examples that all rows share; none where each row has its own. */
export function sharedShots(dataset: Dataset, { shots, shotSeed, selection }: HardPrompt): readonly Row[] {
  if (shots === 0 || selection === 'nearest') return [];
  return selection === 'random' || !taskOf(dataset.mapping).canBalance
    ? drawShots(dataset, shots, shotSeed)
    : chooseShots(dataset, shots, shotSeed);
}

/** The examples in `orders` orders: as they are, then shuffled by the seed; the same orders for every row. */
export function inOrders(
  shots: readonly Row[],
  { shotSeed, orders = 1 }: HardPrompt,
): readonly [readonly Row[], ...(readonly Row[])[]] {
  const rng = createRng(shotSeed + 1);
  return [shots, ...Array.from({ length: Math.max(0, orders - 1) }, () => shuffled(shots, rng))];
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
