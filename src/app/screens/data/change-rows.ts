/** Changing rows that are open: what their columns mean, who is in which part, and their cells. */
import type { StoreApi } from 'zustand/vanilla';
import type { Change } from '../../../dataset/types';
import { currentVersion } from '../../../dataset/versions';
import { StudioError } from '../../../lib/errors';
import type { Services } from '../../state/services';
import { toastError, toastUndo } from '../../ui/toast';
import type { DataState, Shares } from './data-state';
import { complete, mappingWords, remapped } from './mapping';
import { now, type Preparing } from './prepare-rows';
import { usedRows } from './words';

const TRAIN_TO_VALIDATION = 0.5 / 0.65;

const sharesFor = (heldBack: number): Shares => ({
  train: (1 - heldBack) * TRAIN_TO_VALIDATION,
  validation: (1 - heldBack) * (1 - TRAIN_TO_VALIDATION),
  test: heldBack,
});

export function changingRows(
  services: Services,
  { prepare, keep, failed, nextTurn }: Preparing,
  { set, get }: { readonly set: StoreApi<DataState>['setState']; readonly get: () => DataState },
): Pick<DataState, 'map' | 'split' | 'change'> {
  /** Changes wait for each other: each is made on what the one before it left. */
  let changing: Promise<void> = Promise.resolve();

  async function makeChange(change: Change) {
    const { prepared } = get();
    if (!prepared) return;
    const mine = nextTurn();
    set({ preparing: true, pending: change.kind === 'cell' ? change : null });
    try {
      const next = await services.data.call('edit', { dataset: prepared.dataset, change, now: now() });
      if (mine.isOver()) return; // another file was opened meanwhile
      // kept before it is shown: what stands in the table is still there after a reload
      await keep(next, { sameHeldBack: true });
      if (mine.isOver()) return;
      set({ preparing: false, pending: null, prepared: next, table: next.dataset.table });
      const made = currentVersion(next.dataset);
      if (made) toastUndo(made.what, () => void get().change({ kind: 'go-back', version: made.number - 1 }));
    } catch (cause) {
      if (!mine.isOver()) set({ preparing: false, pending: null });
      const isNothing = cause instanceof StudioError && cause.data?.kind === 'nothing-changed';
      if (!isNothing) toastError('Nothing was changed', cause instanceof StudioError ? cause.message : String(cause));
    }
  }

  return {
    map: async (change) => {
      const mapping = remapped(get().mapping, change);
      set({ mapping });
      const { table } = get();
      const full = complete(mapping);
      if (!table || !full) return;
      try {
        const before = get().prepared?.dataset.versions ?? [];
        const what = before.length === 0 ? `${table.format.fileName} opened` : mappingWords(full);
        const prepared = await prepare(table, full, { what, before });
        if (prepared) await keep(prepared);
      } catch (cause) {
        failed(table.format.fileName, cause);
      }
    },

    split: async ({ heldBack, seed, by }) => {
      const { prepared, table } = get();
      if (!prepared || !table) return;
      const { dataset } = prepared;
      const n = usedRows(dataset);
      // what a column says has its own sizes; else those that were there stay, once they were chosen
      const wasByColumn = dataset.splitBy?.kind === 'column';
      const rows = heldBack ?? (wasByColumn ? null : dataset.split.test.length);
      try {
        const next = await prepare(table, dataset.mapping, {
          ...(rows === null ? {} : { shares: sharesFor(rows / n) }),
          splitBy: by ?? dataset.splitBy ?? { kind: 'seed' },
          seed: seed ?? dataset.seed,
          labelOrder: dataset.labels,
          what: 'Split anew',
          before: dataset.versions ?? [],
        });
        if (next) await keep(next);
      } catch (cause) {
        set({ preparing: false });
        toastError('The split stays as it was', cause instanceof StudioError ? cause.message : String(cause));
      }
    },

    change: (change) => {
      changing = changing.then(() => makeChange(change));
      return changing;
    },
  };
}
