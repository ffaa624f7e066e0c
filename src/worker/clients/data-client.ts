import type { DataMethods } from '../protocol';
import { type PageEnd, RpcClient } from '../rpc-client';

const spawnWorker = (): PageEnd =>
  new Worker(new URL('../data.worker.ts', import.meta.url), { type: 'module', name: 'data' });

/** The page's end of the data worker: `call`, `restart`, `dispose`. Calls queue in the worker; each rejects with a StudioError. */
export type DataClient = RpcClient<DataMethods>;

export const createDataClient = (spawn: () => PageEnd = spawnWorker): DataClient => new RpcClient('data', spawn);
