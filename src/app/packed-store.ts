import { fromStored, toStored } from '../dataset/by-reference';
import type { Store } from '../store/store';

/** A store that keeps long lists of data sets as blobs, which the page hands over without copying them. */
export function packedStore(store: Store): Store {
  return {
    ...store,
    datasets: {
      get: async (setId) => fromStored(await store.datasets.get(setId)),
      put: (value) => store.datasets.put(toStored(value)),
    },
  };
}
