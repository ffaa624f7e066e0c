/** A whole project as it is kept in this browser. */

import type { CompleteSet } from '../../../interchange/set-files';
import { kept, ofKind, withKind } from '../../../project/evaluations';
import type { Store } from '../../../store/store';

/** Null when the set is not here, or deleted. */
export async function readStored(disk: Store, setId: string): Promise<CompleteSet | null> {
  const set = await disk.sets.get(setId);
  if (!set || set.deletedAt !== null) return null;
  const [rows, checkpoints, compared, measurements] = await Promise.all([
    disk.datasets.get(setId),
    disk.checkpoints.ofSet(setId),
    disk.evaluations.ofSet(setId),
    disk.measurements.ofSet(setId),
  ]);
  const evaluations = ofKind(compared, 'classify').map(kept);
  const writings = ofKind(compared, 'generate').map(kept);
  return { set, dataset: rows?.dataset ?? null, checkpoints, evaluations, writings, measurements };
}

/** Writes it; measurements that `before` had and it has not go. Comparisons are kept: they say what was seen. */
export async function storeWhole(disk: Store, whole: CompleteSet, before?: CompleteSet): Promise<void> {
  const { set, dataset, checkpoints, evaluations, writings, measurements } = whole;
  await disk.sets.put(set);
  if (dataset) await disk.datasets.put({ setId: set.id, dataset });
  for (const checkpoint of checkpoints) await disk.checkpoints.put(checkpoint);
  for (const evaluation of evaluations) await disk.evaluations.put(withKind(evaluation, 'classify'));
  for (const writing of writings) await disk.evaluations.put(withKind(writing, 'generate'));
  for (const measurement of measurements) await disk.measurements.put(measurement);
  const stays = new Set(measurements.map(({ id }) => id));
  for (const gone of before?.measurements ?? []) if (!stays.has(gone.id)) await disk.measurements.remove(gone);
}
