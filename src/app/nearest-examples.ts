import { createStore, type StoreApi } from 'zustand/vanilla';
import type { Dataset } from '../dataset/types';
import type { HardPrompt } from '../task/types';
import type { Services } from './services';

/** The words of all rows are being read, so that it is known which rows are alike. */
export interface WordsRead {
  readonly done: number;
  readonly total: number;
  readonly secondsLeft: number | null;
  /** Whoever waits for them gets `cancelled`. */
  readonly stop: () => void;
}

interface WithPrompt {
  readonly dataset: Dataset;
  readonly prompt: HardPrompt;
}

/**
 * Prompts with the nearest examples need the model's token vectors in the data worker: whoever renders such a prompt gets
 * them fetched first, once for each model and version of the rows. The calls look the same as for any other prompt.
 */
export function withNearestExamples<S extends Pick<Services, 'engine' | 'data'>>({ engine, data, ...rest }: S) {
  /** Whose vectors: a counter, since another load may bring other weights under the same name. */
  let model = 0;
  /** One at a time; who asks for the same meanwhile waits for it too. */
  let fetching: { readonly key: string; readonly done: Promise<void> } | null = null;
  const wordsRead: StoreApi<WordsRead | null> = createStore(() => null);

  async function fetchVectors(dataset: Dataset): Promise<void> {
    const key = { dataset, model: String(model) };
    const { ids } = await data.call('neighbourTokens', key);
    if (ids === null) return;
    const aborter = new AbortController();
    const stop = () => aborter.abort();
    const show = (done: number, total: number, secondsLeft: number | null) =>
      wordsRead.setState({ done, total, secondsLeft, stop }, true);
    show(0, ids.length, null);
    try {
      const { vectors, hidden } = await engine.call(
        'tokenVectors',
        { ids },
        { signal: aborter.signal, onEvent: ({ done, total, secondsLeft }) => show(done, total, secondsLeft) },
      );
      await data.call('openNeighbours', { ...key, vectors, hidden }, { transfer: [vectors.buffer] });
    } finally {
      wordsRead.setState(null, true);
    }
  }

  function fetched(dataset: Dataset): Promise<void> {
    const key = `${model} ${dataset.fingerprint} ${dataset.splitHash}`;
    if (fetching?.key === key) return fetching.done;
    const before = fetching?.done.catch(() => undefined) ?? Promise.resolve();
    const mine = {
      key,
      done: before
        .then(() => fetchVectors(dataset))
        .finally(() => {
          if (fetching === mine) fetching = null;
        }),
    };
    fetching = mine;
    return mine.done;
  }

  const needsVectors = (method: string, params: unknown): params is WithPrompt =>
    (method === 'tokenRows' || method === 'render') &&
    (params as WithPrompt).prompt.selection === 'nearest' &&
    (params as WithPrompt).prompt.shots > 0;

  return {
    ...rest,
    wordsRead,
    engine: {
      ...bound(engine),
      call: (async (method, params, options) => {
        if (method === 'load') model += 1;
        return engine.call(method, params, options);
      }) satisfies Services['engine']['call'],
    },
    data: {
      ...bound(data),
      call: (async (method, params, options) => {
        if (needsVectors(method, params)) {
          const { dataset } = params;
          const stop = () => wordsRead.getState()?.stop();
          options?.signal?.addEventListener('abort', stop);
          await fetched(dataset).finally(() => options?.signal?.removeEventListener('abort', stop));
        }
        return data.call(method, params, options);
      }) satisfies Services['data']['call'],
    },
  };
}

/** The other methods of a client, which may be an instance of a class. */
const bound = (client: Services['engine'] | Services['data']) => ({
  control: (...args: Parameters<typeof client.control>) => client.control(...args),
  restart: () => client.restart(),
  dispose: () => client.dispose(),
});
