/** The page's engine worker without the page around it, for `against-peft`. */
import type { TrainRequest } from '../../../src/engine/types';
import type { ModelCard } from '../../../src/model/card';
import { createEngineClient } from '../../../src/worker/clients/engine-client';

const engine = createEngineClient();

/** A request with arrays of numbers in place of typed arrays, as it comes from outside the page. */
export interface PlainRequest extends Pick<TrainRequest, 'runId' | 'labels' | 'settings' | 'cacheKey'> {
  readonly rows: readonly { readonly rowId: string; readonly ids: readonly number[]; readonly label: number | null }[];
  readonly initIds: readonly number[];
}

export interface EngineBench {
  /** Loads the model at this address on WASM; resolves to the number of threads. */
  load(base: string, threads: number): Promise<number>;
  /** Seconds of a run, its pass over the texts included. */
  train(request: PlainRequest): Promise<{ seconds: number; cacheSeconds: number; losses: number[] }>;
}

const bench: EngineBench = {
  load: async (base, threads) => {
    const card: ModelCard = await (await fetch(`${base}/studio.json`)).json();
    const read = async (path: string) =>
      [path, new Uint8Array(await (await fetch(`${base}/${path}`)).arrayBuffer())] as const;
    const files = Object.fromEntries(await Promise.all(card.files.map(({ path }) => read(path))));
    const info = await engine.call('load', { id: card.id, files, backend: 'wasm', threads, sha256: card.sha256 });
    return info.threads;
  },
  train: async ({ rows, initIds, ...rest }) => {
    const request: TrainRequest = {
      ...rest,
      train: rows.map((row) => ({ ...row, ids: Int32Array.from(row.ids) })),
      validation: [],
      initTokenIds: Int32Array.from(initIds),
      resume: null,
    };
    const begin = performance.now();
    let cacheSeconds = 0;
    const losses: number[] = [];
    await engine.call('train', request, {
      onEvent: (event) => {
        if (event.kind === 'step') losses.push(event.point.loss);
        if (event.kind === 'done') cacheSeconds = event.cacheSeconds;
      },
    });
    return { seconds: (performance.now() - begin) / 1000, cacheSeconds, losses };
  },
};
Object.assign(globalThis, { bench });
