import type { Dataset } from '../dataset/types';
import type { HardPrompt } from '../task/types';
import type { Services } from './services';

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
  let fetching: Promise<void> = Promise.resolve();

  async function fetchVectors(dataset: Dataset): Promise<void> {
    const key = { dataset, model: String(model) };
    const { ids } = await data.call('neighbourTokens', key);
    if (ids === null) return;
    const { vectors, hidden } = await engine.call('tokenVectors', { ids });
    await data.call('openNeighbours', { ...key, vectors, hidden }, { transfer: [vectors.buffer] });
  }

  const needsVectors = (method: string, params: unknown): params is WithPrompt =>
    (method === 'tokenRows' || method === 'render') &&
    (params as WithPrompt).prompt.selection === 'nearest' &&
    (params as WithPrompt).prompt.shots > 0;

  return {
    ...rest,
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
          fetching = fetching.catch(() => undefined).then(() => fetchVectors(dataset));
          await fetching;
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
