/** Changing rows that are open: what their columns mean, how they are split, and their cells. */
import type { StoreApi } from 'zustand/vanilla';
import { completeMapping, remapped } from '../../../dataset/columns';
import { sharesFor, usedRows } from '../../../dataset/split';
import type { Change } from '../../../dataset/types';
import { currentVersion, mappingWords } from '../../../dataset/versions';
import { asStudioError } from '../../../lib/errors';
import { toastError, toastUndo } from '../../ui/toast';
import type { ProjectStore } from '../project-store';
import type { Services } from '../services';
import type { DataState, SplitChange } from './data-state';
import { now, type Preparing } from './preparing';
import type { Unsaved, UnsavedChange } from './unsaved';

export interface Changing extends Pick<DataState, 'map' | 'split' | 'change'> {
  /** Makes the changes again that the page before this one could not save. */
  readonly replay: (changes: readonly UnsavedChange[]) => Promise<void>;
}

export function changingRows(
  services: Services,
  { begin, prepare, keep, failed }: Preparing,
  unsaved: Unsaved,
  {
    project,
    set,
    get,
  }: {
    readonly project: ProjectStore;
    readonly set: StoreApi<DataState>['setState'];
    readonly get: () => DataState;
  },
): Changing {
  /** Changes of cells wait for each other: each is made on what the one before it left. */
  let changing: Promise<void> = Promise.resolve();

  /**
   * Notes the change until it is on the disk. `make` says whether it is kept; a change that an issue blocks stays noted, as
   * it stays on the screen.
   */
  async function noted(change: UnsavedChange, make: () => Promise<'kept' | 'blocked' | 'not made'>): Promise<void> {
    const setId = project.getState().set?.id;
    const at = setId === undefined ? null : unsaved.add(setId, change);
    const how = await make();
    if (setId === undefined || at === null) return;
    if (how === 'kept') unsaved.saved(setId, at);
    else if (how === 'not made') unsaved.drop(at);
  }

  async function makeMapping(change: Parameters<DataState['map']>[0]) {
    const draft = remapped(get().mapping, change);
    set({ mapping: draft });
    const { table } = get();
    const mapping = completeMapping(draft);
    if (!table || !mapping) return 'blocked';
    try {
      const before = get().prepared?.dataset.versions ?? [];
      const what = before.length === 0 ? `${table.format.fileName} opened` : mappingWords(mapping);
      const prepared = await prepare(table, mapping, { what, before });
      // what a later choice replaced is saved with that one
      if (!prepared) return 'blocked';
      return (await keep(prepared)) ? 'kept' : 'blocked';
    } catch (cause) {
      failed(table.format.fileName, cause);
      return 'not made';
    }
  }

  async function makeSplit({ testRows, seed, by }: SplitChange) {
    const { prepared, table } = get();
    if (!prepared || !table) return 'not made';
    const { dataset } = prepared;
    // a column that names the parts sets their sizes; otherwise the number of test rows stays, once it was chosen
    const wasByColumn = dataset.splitBy?.kind === 'column';
    const rows = testRows ?? (wasByColumn ? null : dataset.split.test.length);
    try {
      const next = await prepare(table, dataset.mapping, {
        ...(rows === null ? {} : { shares: sharesFor(rows / usedRows(dataset)) }),
        splitBy: by ?? dataset.splitBy ?? { kind: 'seed' },
        seed: seed ?? dataset.seed,
        labelOrder: dataset.labels,
        what: 'Split again',
        before: dataset.versions ?? [],
      });
      if (!next) return 'blocked';
      return (await keep(next)) ? 'kept' : 'blocked';
    } catch (cause) {
      set({ preparing: false });
      toastError('The split is unchanged', asStudioError(cause).message);
      return 'not made';
    }
  }

  async function makeChange(change: Change) {
    const { prepared } = get();
    if (!prepared) return 'not made';
    const signal = begin();
    set({ preparing: true, pending: change.kind === 'cell' ? change : null });
    try {
      const next = await services.workflow.call('edit', { dataset: prepared.dataset, change, now: now() });
      if (signal.aborted) return 'not made'; // another file was opened meanwhile
      // kept before it is shown: what the table shows is still there after a reload
      const isKept = await keep(next, { sameHeldBack: true });
      if (signal.aborted) return 'kept';
      set({ preparing: false, pending: null, prepared: next, table: next.dataset.table });
      const made = currentVersion(next.dataset);
      if (made) toastUndo(made.what, () => void get().change({ kind: 'go-back', version: made.number - 1 }));
      return isKept ? 'kept' : 'blocked';
    } catch (cause) {
      if (!signal.aborted) set({ preparing: false, pending: null });
      const { message, data } = asStudioError(cause);
      if (data?.kind !== 'nothing-changed') toastError('Nothing was changed', message);
      return 'not made';
    }
  }

  const actions: Pick<DataState, 'map' | 'split' | 'change'> = {
    map: (change) => noted({ kind: 'map', change }, () => makeMapping(change)),
    split: (change) => noted({ kind: 'split', change }, () => makeSplit(change)),
    change: (change) => {
      const before = changing;
      changing = noted({ kind: 'change', change }, () => before.then(() => makeChange(change)));
      return changing;
    },
  };

  return {
    ...actions,
    replay: async (changes) => {
      for (const { kind, change } of changes) await (actions[kind] as (change: unknown) => Promise<void>)(change);
    },
  };
}
