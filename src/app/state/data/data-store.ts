/** The rows of the open prompt set: opened, read again after a reload, changed. */
import { createStore } from 'zustand/vanilla';
import type { ProjectStore } from '../project-store';
import type { Services } from '../services';
import { changingRows } from './changing';
import { type DataState, type DataStore, NOTHING } from './data-state';
import { openingRows } from './opening';
import { preparing } from './preparing';
import { createUnsaved, type TabStorage } from './unsaved';

const tabStorage = (): TabStorage | null => globalThis.sessionStorage ?? null;

export function createDataStore(
  services: Services,
  project: ProjectStore,
  storage: TabStorage | null = tabStorage(),
): DataStore {
  const unsaved = createUnsaved(storage);
  return createStore<DataState>((set, get) => {
    const store = { set, get };
    const rows = preparing(services, project, store);
    const { forgetBytes, ...opening } = openingRows(services, project, rows, store);
    const { replay, ...changing } = changingRows(services, rows, unsaved, { ...store, project });

    // What is shown follows the open set: opened from the library, closed, or changed in another tab.
    project.subscribe((next, before) => {
      const { dataset } = next;
      const isLeft = next.set === null && before.set !== null;
      const isAnother = next.status === 'opening' && before.status !== 'opening';
      if (isLeft || isAnother) {
        // a change that an issue blocks is given up with the screen that showed it
        if (before.set && !get().preparing) unsaved.forget(before.set.id);
        rows.begin();
        forgetBytes();
        set({ ...NOTHING, failure: null });
      } else if (next.set && dataset && dataset !== before.dataset && !rows.isOwn(dataset)) {
        const lost = unsaved.takeLost(next.set.id);
        rows
          .adopt(dataset)
          .then(() => replay(lost))
          .catch((cause: unknown) => rows.failed(dataset.table.format.fileName, cause));
      }
    });

    return {
      ...NOTHING,
      reading: null,
      readingShare: null,
      failure: null,
      ...opening,
      ...changing,
      dismissFailure: () => set({ failure: null }),
    };
  });
}
