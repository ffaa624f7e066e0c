/** The workflow worker and the store as the page uses them: long lists of rows stay packed, and cross once. */
import { fromStored, isForgotten, PageLists, toStored } from '../dataset/by-reference';
import type { Store } from '../store/store';
import type { Services } from './state/services';

/**
 * The workflow worker keeps the rows that it has seen, and the page keeps them packed: between the two they cross once.
 * Callers see plain data sets.
 */
export function listsByReference(client: Services['workflow']): Services['workflow'] {
  const lists = new PageLists();
  const invoke = client.call as (method: string, params: unknown, options: unknown) => Promise<unknown>;
  const call = async (method: string, params: unknown, options: unknown): Promise<unknown> => {
    const sent = method === 'edit' ? params : withoutVersions(params);
    const exchange = async () => lists.receive(await invoke(method, lists.send(sent), options), sent);
    try {
      return await exchange();
    } catch (error) {
      if (!isForgotten(error)) throw error;
      lists.forgetAll();
      return exchange();
    }
  };
  return {
    call: call as Services['workflow']['call'],
    control: (id, control) => client.control(id, control),
    restart: () => client.restart(),
    dispose: () => client.dispose(),
  };
}

/** Only making a new version needs the changes of earlier ones; other calls travel without them. */
function withoutVersions(params: unknown): unknown {
  const { dataset } = params as { readonly dataset?: { readonly versions?: unknown } | null };
  return dataset?.versions === undefined ? params : { ...(params as object), dataset: { ...dataset, versions: [] } };
}

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
