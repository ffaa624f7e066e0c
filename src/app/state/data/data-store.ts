/** The rows of the open prompt set: opened, read again after a reload, changed. */
import { createStore } from 'zustand/vanilla';
import type { PromptSetsStore } from '../prompt-sets-store';
import type { Services } from '../services';
import { ChangingRows } from './changing';
import { type DataState, type DataStore, NOTHING } from './data-state';
import { OpeningRows } from './opening';
import { PreparingRows } from './preparing';

export function createDataStore(services: Services, promptSets: PromptSetsStore): DataStore {
  return createStore<DataState>((set, get, data) => {
    const rows = new PreparingRows(services, promptSets, data);
    const opening = new OpeningRows(services, promptSets, data, rows);
    const changing = new ChangingRows(services, promptSets, data, rows);

    // What is shown follows the open set: opened from the library, closed, or changed in another tab.
    promptSets.subscribe((next, before) => {
      const { set: open, dataset } = next;
      const isLeft = open === null && before.set !== null;
      const isAnother = next.status === 'opening' && before.status !== 'opening';
      if (isLeft || isAnother) {
        // a change that an issue blocks is given up with the screen that showed it
        if (before.set && !get().preparing) changing.forget(before.set.id);
        rows.stop();
        opening.forgetBytes();
        set({ ...NOTHING, failure: null });
      } else if (open && dataset && dataset !== before.dataset && !rows.isOwn(dataset)) {
        rows
          .adopt(dataset)
          .then((adopted) => adopted && changing.replay(open.id))
          .catch((cause: unknown) => rows.failed(dataset.table.format.fileName, cause));
      }
    });

    return {
      ...NOTHING,
      reading: null,
      readingShare: null,
      failure: null,
      openFile: (file) => void opening.openFile(file),
      replaceFile: (file) => void opening.replaceFile(file),
      openText: (text) => void opening.openText(text),
      stopReading: () => opening.stopReading(),
      reread: (override) => opening.reread(override),
      openSample: () => opening.openSample(),
      map: (change) => changing.make({ kind: 'map', change }),
      split: (change) => changing.make({ kind: 'split', change }),
      change: (change) => changing.make({ kind: 'change', change }),
      dismissFailure: () => set({ failure: null }),
    };
  });
}
