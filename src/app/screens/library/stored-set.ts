/** A prompt set with everything that belongs to it, as this browser stores it. */
import type { CompleteSet } from '../../../interchange/set-files';
import type { Store } from '../../../store/store';

/** Null when the set is not here, or deleted. */
export async function readStored(disk: Store, setId: string): Promise<CompleteSet | null> {
  const set = await disk.sets.get(setId);
  if (!set || set.deletedAt !== null) return null;
  const [rows, checkpoints, evaluations, measurements] = await Promise.all([
    disk.datasets.get(setId),
    disk.checkpoints.ofSet(setId),
    disk.evaluations.ofSet(setId),
    disk.measurements.ofSet(setId),
  ]);
  return { set, dataset: rows?.dataset ?? null, checkpoints, evaluations, measurements };
}

/** Stores it. Measurements that only `before` had are removed; comparisons stay, because they say what was seen. */
export async function storeSet(disk: Store, complete: CompleteSet, before?: CompleteSet): Promise<void> {
  const { set, dataset, checkpoints, evaluations, measurements } = complete;
  await disk.sets.put(set);
  if (dataset) await disk.datasets.put({ setId: set.id, dataset });
  for (const checkpoint of checkpoints) await disk.checkpoints.put(checkpoint);
  for (const evaluation of evaluations) await disk.evaluations.put(evaluation);
  for (const measurement of measurements) await disk.measurements.put(measurement);
  const stays = new Set(measurements.map(({ id }) => id));
  for (const gone of before?.measurements ?? []) if (!stays.has(gone.id)) await disk.measurements.remove(gone);
}
