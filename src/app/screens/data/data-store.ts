/** From a file to a prepared data set: what was read, what was guessed, what the user changed. */
import { createStore } from 'zustand/vanilla';
import type { RowQuery } from '../../../dataset/query';
import { writes } from '../../../dataset/writing';
import type { ProjectStore } from '../../state/project-store';
import type { Services } from '../../state/services';
import { changingRows } from './change-rows';
import { type DataState, type DataStore, NOTHING } from './data-state';
import { latestOnly } from './latest-only';
import { openingRows } from './open-rows';
import { preparing } from './prepare-rows';

export function createDataStore(services: Services, project: ProjectStore): DataStore {
  return createStore<DataState>((set, get) => {
    const store = { set, get };
    const rows = preparing(services, project, store);
    const { forgetBytes, ...opening } = openingRows(services, project, rows, store);

    // What is shown follows the open project: opened from the library, closed, or changed in another tab.
    project.subscribe((next, before) => {
      const { dataset } = next;
      const isLeft = next.set === null && before.set !== null;
      const isAnother = next.status === 'opening' && before.status !== 'opening';
      if (isLeft || isAnother) {
        rows.nextTurn();
        forgetBytes();
        set({ ...NOTHING, failure: null });
      } else if (next.set && dataset && dataset !== before.dataset && !rows.isOwn(dataset))
        rows.adopt(dataset).catch((cause: unknown) => rows.failed(dataset.table.format.fileName, cause));
    });

    return {
      ...NOTHING,
      reading: null,
      readingShare: null,
      failure: null,
      ...opening,
      ...changingRows(services, rows, store),
      order: latestOnly(async (query: RowQuery) => {
        const { table, prepared } = get();
        if (!table) return null;
        return services.data.call('query', { table, dataset: prepared?.dataset ?? null, query });
      }),
      countTokens: async () => {
        const dataset = get().prepared?.dataset;
        if (!dataset || get().lengths?.fingerprint === dataset.fingerprint) return;
        const [found, targets] = await Promise.all([
          services.data.call('textLengths', { dataset }).catch(() => null),
          writes(dataset.mapping) ? services.data.call('targetLengths', { dataset }).catch(() => null) : null,
        ]);
        if (found && get().prepared?.dataset.fingerprint === dataset.fingerprint)
          set({ lengths: { fingerprint: dataset.fingerprint, found, targets } });
      },
      dismissFailure: () => set({ failure: null }),
    };
  });
}
